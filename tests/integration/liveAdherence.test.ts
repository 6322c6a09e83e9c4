import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { barMask, runBacktest } from '../../src-main/backtest/engine.ts';
import { computeFeatures } from '../../src-main/features/pipeline.ts';
import {
  type AdherenceRun,
  adherenceOf,
  executionsOfFills,
  executionsOfTrades,
} from '../../src-main/live/adherence.ts';
import { type BarColumns, barCount } from '../../src-shared/market/bars.ts';
import { calendarOf } from '../../src-shared/market/calendars.ts';
import { type EntryMask, entryMask } from '../../src-shared/trading/entryMask.ts';
import type { Decision } from '../../src-shared/trading/types.ts';
import {
  FEATURES,
  openWorld,
  stubSignal,
  WARMUP_BARS,
  WINDOW_BARS,
  type World,
} from '../fixtures/liveWorld.ts';
import { deployment, genes, venue } from '../fixtures/records.ts';

/** The same bars through batch features, the same stand-in model and the backtester. */
function backtestOf(bars: BarColumns, mask?: EntryMask): AdherenceRun {
  const { values, atr, names } = computeFeatures(bars, venue.instrument, FEATURES);
  const count = barCount(bars);
  const signals = new Float64Array(count).fill(Number.NaN);
  for (let i = WINDOW_BARS - 1; i < count; i++) {
    const window = values.slice((i + 1 - WINDOW_BARS) * names.length, (i + 1) * names.length);
    if (!window.some(Number.isNaN)) signals[i] = stubSignal(window);
  }
  const decisions: Decision[] = [];
  const entries = barMask(mask, bars);
  const input = { bars, from: WARMUP_BARS, to: count, signals, atr, genes, venue, entries };
  const { trades } = runBacktest(input, { band: false, decisions: (d) => decisions.push(d) });
  return { decisions, executions: executionsOfTrades(trades) };
}

describe('adherence', () => {
  let home: string;
  let world: World;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-adherence-'));
    world = openWorld({ home, bars: 400 });
  });
  afterEach(async () => {
    await world.manager.close();
    world.close();
    rmSync(home, { recursive: true, force: true });
  });
  const recordedOf = (id: string): AdherenceRun => ({
    decisions: world.stores.journal.decisions(id),
    executions: executionsOfFills(world.stores.journal.fills(id)),
  });

  it('ADH-1: a paper session decides and fills exactly as the backtester on the same bars', async () => {
    const id = await world.manager.start(deployment.id, { speed: 0 });
    await world.manager.ended(id);
    const recorded = recordedOf(id);
    const adherence = await adherenceOf(recorded, () => backtestOf(world.bars));
    expect(recorded.executions.length).toBeGreaterThan(50);
    expect(adherence).toEqual({
      decisionsCompared: 400,
      decisionsEqual: 400,
      fillsCompared: recorded.executions.length,
      fillsEqual: recorded.executions.length,
      differences: [],
    });
    const explained = backtestOf(world.bars).decisions.map((d) => d.explanation);
    expect(recorded.decisions.map((d) => d.explanation)).toEqual(explained);
  });

  it('ORD-21: with news windows and repaired bars it still decides and fills as the backtester', async () => {
    const { timeMs } = world.bars;
    const windows = Array.from({ length: 40 }, (_, i) => ({
      fromMs: timeMs[WARMUP_BARS + 10 * i]! - 20 * 60_000,
      untilMs: timeMs[WARMUP_BARS + 10 * i]! + 100 * 60_000,
      reasons: [`USD Event ${i} (high impact)`],
    }));
    const repairedMs = timeMs.filter((_, i) => i % 13 === 5);
    const mask = entryMask({ timeframe: 'H1', calendar: calendarOf(venue.instrument), windows, repairedMs })!;
    const folder = mkdtempSync(join(tmpdir(), 'frontier-adherence-'));
    const masked = openWorld({ home: folder, bars: 400, entries: mask });
    try {
      const id = await masked.manager.start(deployment.id, { speed: 0 });
      expect(masked.manager.feedAgeMs(id)).toBeNull();
      await masked.manager.ended(id);
      const { journal } = masked.stores;
      const recorded = {
        decisions: journal.decisions(id),
        executions: executionsOfFills(journal.fills(id)),
      };
      const expected = backtestOf(masked.bars, mask);
      const adherence = await adherenceOf(recorded, () => expected);
      expect(adherence).toMatchObject({ decisionsEqual: 400, differences: [] });
      expect(adherence.fillsEqual).toBe(recorded.executions.length);
      const words = recorded.decisions.map((d) => d.explanation);
      expect(words).toEqual(expected.decisions.map((d) => d.explanation));
      expect(words.filter((w) => w.startsWith('No entry: news until')).length).toBeGreaterThan(5);
      expect(words.filter((w) => w.includes('was repaired')).length).toBeGreaterThan(3);
      expect(recorded.executions.length).toBeLessThan(backtestOf(masked.bars).executions.length);
    } finally {
      await masked.manager.close();
      masked.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('ADH-2: a decision or a fill that differs, is missing or is too many is named', async () => {
    const id = await world.manager.start(deployment.id, { speed: 0 });
    await world.manager.ended(id);
    const { decisions, executions } = recordedOf(id);
    const first = decisions.findIndex((d) => d.intent !== undefined);
    const altered: AdherenceRun = {
      decisions: decisions.map((d, i) => (i === first ? { ...d, intent: undefined } : d)),
      executions: executions.slice(1).map((e, i) => (i === 3 ? { ...e, price: e.price + 0.0001 } : e)),
    };
    const adherence = await adherenceOf(altered, () => backtestOf(world.bars));
    expect(adherence.decisionsEqual).toBe(399);
    expect(adherence.fillsEqual).toBe(executions.length - 2);
    expect(adherence.fillsCompared).toBe(executions.length);
    expect(adherence.differences).toHaveLength(3);
    expect(adherence.differences[0]).toMatch(/live nothing, signal .*; backtest open/);
    expect(adherence.differences.some((d) => d.includes('live nothing; backtest open'))).toBe(true);
  });

  it('ADH-3: the close that a person asked for by flatten is not held against the session', async () => {
    const id = await world.manager.start(deployment.id, { speed: 0 });
    await world.manager.ended(id);
    const fills = world.stores.journal.fills(id);
    const flat = { ...fills.at(-1)!, effect: 'close' as const, exitReason: 'flatten' as const };
    expect(executionsOfFills([...fills, flat])).toEqual(executionsOfFills(fills));
  });
});
