import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { IMPACTS, type Impact } from '../../../src-shared/contract/news.ts';
import { pick, recall, remember } from '../../state/remember.ts';
import { type AgendaSpan, SPANS } from './agenda.ts';

/** What is kept from one start to the next. */
export interface NewsFields {
  readonly span: AgendaSpan;
  readonly currencies: readonly string[];
  readonly impacts: readonly Impact[];
  readonly beforeMin: number;
  readonly afterMin: number;
  readonly impact: 'medium' | 'high';
}

export interface NewsState extends NewsFields {
  /** An instant in the shown stretch; undefined follows the present. */
  readonly anchorMs: number | undefined;
  readonly text: string;
  readonly search: string;
  readonly headlineId: string | undefined;
  /** Whether headlines are limited to the workspace's symbol. */
  readonly symbolOnly: boolean;
}

const FIELDS: NewsFields = {
  span: 'week',
  currencies: [],
  impacts: [],
  beforeMin: 30,
  afterMin: 30,
  impact: 'high',
};

const isMinutes = (v: unknown) => typeof v === 'number' && Number.isInteger(v) && v >= 0 && v <= 1440;

/** The view that storage gives; whatever is not understood falls back. */
export function restoreNews(raw: unknown): NewsFields {
  return pick(raw, FIELDS, {
    span: (v) => (SPANS as readonly unknown[]).includes(v),
    currencies: (v) => Array.isArray(v) && v.every((c) => typeof c === 'string' && c.length <= 8),
    impacts: (v) => Array.isArray(v) && v.every((i) => (IMPACTS as readonly unknown[]).includes(i)),
    beforeMin: isMinutes,
    afterMin: isMinutes,
    impact: (v) => v === 'medium' || v === 'high',
  });
}

export const newsStore = createStore<NewsState>(() => ({
  ...restoreNews(recall('news')),
  anchorMs: undefined,
  text: '',
  search: '',
  headlineId: undefined,
  symbolOnly: false,
}));

newsStore.subscribe(({ span, currencies, impacts, beforeMin, afterMin, impact }) =>
  remember('news', { span, currencies, impacts, beforeMin, afterMin, impact }),
);

/** The view of both tabs, or a part of it. */
export function useNews<T>(select: (state: NewsState) => T): T {
  return useStore(newsStore, select);
}

export const setNews = (change: Partial<NewsState>): void => newsStore.setState(change);
