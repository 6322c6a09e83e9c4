import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';
import { pick, recall, remember } from './remember.ts';

export const TABS = [
  'chart',
  'data',
  'training',
  'backtest',
  'optimise',
  'live',
  'calendar',
  'news',
  'settings',
] as const;
export type TabName = (typeof TABS)[number];

/** What the trader is looking at; every tab shares it. */
export interface WorkspaceFields {
  readonly tab: TabName;
  readonly symbol: string | undefined;
  readonly timeframe: Timeframe | undefined;
  readonly modelId: string | undefined;
  readonly studyId: string | undefined;
  readonly backtestId: string | undefined;
  readonly sessionId: string | undefined;
}

export interface Workspace extends WorkspaceFields {
  readonly setTab: (tab: TabName) => void;
  /** Symbol and timeframe change together: they name one stored history. */
  readonly setMarket: (symbol: string | undefined, timeframe: Timeframe | undefined) => void;
  readonly setSymbol: (symbol: string | undefined) => void;
  readonly setTimeframe: (timeframe: Timeframe | undefined) => void;
  readonly setModelId: (modelId: string | undefined) => void;
  readonly setStudyId: (studyId: string | undefined) => void;
  readonly setBacktestId: (backtestId: string | undefined) => void;
  readonly setSessionId: (sessionId: string | undefined) => void;
}

const EMPTY: WorkspaceFields = {
  tab: 'chart',
  symbol: undefined,
  timeframe: undefined,
  modelId: undefined,
  studyId: undefined,
  backtestId: undefined,
  sessionId: undefined,
};
const isText = (value: unknown) => typeof value === 'string';

/** The workspace that storage gives; whatever is not understood falls back. */
export function restoreWorkspace(raw: unknown): WorkspaceFields {
  return pick(raw, EMPTY, {
    tab: (v) => (TABS as readonly unknown[]).includes(v),
    symbol: isText,
    timeframe: (v) => (TIMEFRAMES as readonly unknown[]).includes(v),
    modelId: isText,
    studyId: isText,
    backtestId: isText,
    sessionId: isText,
  });
}

/** The part of the store that is kept. */
export function workspaceFields(s: WorkspaceFields): WorkspaceFields {
  const { tab, symbol, timeframe, modelId, studyId, backtestId, sessionId } = s;
  return { tab, symbol, timeframe, modelId, studyId, backtestId, sessionId };
}

export const workspace = createStore<Workspace>((set) => ({
  ...restoreWorkspace(recall('workspace')),
  setTab: (tab) => set({ tab }),
  setMarket: (symbol, timeframe) => set({ symbol, timeframe }),
  setSymbol: (symbol) => set({ symbol }),
  setTimeframe: (timeframe) => set({ timeframe }),
  setModelId: (modelId) => set({ modelId }),
  setStudyId: (studyId) => set({ studyId }),
  setBacktestId: (backtestId) => set({ backtestId }),
  setSessionId: (sessionId) => set({ sessionId }),
}));

workspace.subscribe((state) => remember('workspace', workspaceFields(state)));

/** The shared workspace, or a part of it. */
export function useWorkspace<T>(select: (state: Workspace) => T): T {
  return useStore(workspace, select);
}
