import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { symbolSchema } from '../../../src-shared/contract/common.ts';
import type { FetchTaskInput, ProviderDto } from '../../../src-shared/contract/fetch.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { dayEnd, dayStart } from './days.ts';

/** What is to be downloaded, as the form has it. It outlives the tab. */
export interface DownloadDraft {
  readonly providerId: string | undefined;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly priceSide: PriceSide;
  /** Days, UTC; `to` empty: until now. */
  readonly from: string;
  readonly to: string;
}

export const downloadDraft = createStore<DownloadDraft>(() => ({
  providerId: undefined,
  symbols: [],
  timeframe: 'H1',
  priceSide: 'bid',
  from: '2020-01-01',
  to: '',
}));

export function useDownloadDraft(): DownloadDraft {
  return useStore(downloadDraft);
}

/** The draft as a provider can serve it: timeframe and side are ones that it has. */
export function fitTo(draft: DownloadDraft, provider: ProviderDto): DownloadDraft {
  const { timeframes, priceSides } = provider;
  return {
    ...draft,
    providerId: provider.id,
    timeframe: timeframes.includes(draft.timeframe)
      ? draft.timeframe
      : (timeframes.find((t) => t === 'H1') ?? timeframes[0] ?? draft.timeframe),
    priceSide: priceSides.includes(draft.priceSide) ? draft.priceSide : (priceSides[0] ?? draft.priceSide),
  };
}

/** Symbols as they are stored: capitals, each once, separators of pasted lists gone. */
export function symbolsOf(typed: readonly string[]): string[] {
  return [
    ...new Set(
      typed
        .flatMap((t) => t.split(/[\s,;]+/))
        .map((s) => s.trim().toUpperCase())
        .filter(Boolean),
    ),
  ];
}

/** What keeps the download from starting, in words; empty when nothing does. */
export function downloadBlockers(
  draft: DownloadDraft,
  provider: ProviderDto | undefined,
  nowMs: number,
): string[] {
  const blockers: string[] = [];
  if (!provider) blockers.push('Choose a provider.');
  else if (!provider.ready) blockers.push(`${provider.name} needs its keys first.`);
  if (draft.symbols.length === 0) blockers.push('Name at least one symbol.');
  const bad = draft.symbols.filter((s) => !symbolSchema.safeParse(s).success);
  if (bad.length > 0) blockers.push(`No symbol: ${bad.join(', ')}.`);
  const fromMs = dayStart(draft.from);
  const toMs = draft.to === '' ? nowMs : dayEnd(draft.to);
  if (fromMs === undefined) blockers.push('Choose the first day.');
  else if (fromMs > nowMs) blockers.push('The first day has not come yet.');
  if (toMs === undefined) blockers.push('The last day is no date.');
  else if (fromMs !== undefined && fromMs > toMs) blockers.push('The first day is after the last.');
  return blockers;
}

/** The draft as the engine takes it, one task for each symbol. */
export function tasksOf(draft: DownloadDraft): FetchTaskInput[] {
  const fromMs = dayStart(draft.from);
  const toMs = draft.to === '' ? undefined : dayEnd(draft.to);
  if (fromMs === undefined) throw new RangeError('The first day is no date.');
  return draft.symbols.map((symbol) => ({
    symbol,
    timeframe: draft.timeframe,
    priceSide: draft.priceSide,
    fromMs,
    ...(toMs === undefined ? {} : { toMs }),
  }));
}
