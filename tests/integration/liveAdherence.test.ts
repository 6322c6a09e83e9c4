import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runBacktest } from '../../src-main/backtest/engine.ts';
import { computeFeatures } from '../../src-main/features/pipeline.ts';
import {
  type AdherenceRun,
  adherenceOf,
  executionsOfFills,
  executionsOfTrades,
} from '../../src-main/live/adherence.ts';
import { type BarColumns, barCount } from '../../src-shared/market/bars.ts';
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
function backtestOf(bars: BarColumns): AdherenceRun {
  const { values, atr, names } = computeFeatures(bars, venue.instrument, FEATURES);
  const count = barCount(bars);
  const signals = new Float64Array(count).fill(Number.NaN);
  for (let i = WINDOW_BARS - 1; i < count; i++) {
    const window = values.slice((i + 1 - WINDOW_BARS) * names.length, (i + 1) * names.length);
    if (!window.some(Number.isNaN)) signals[i] = stubSignal(window);
  }
  const decisions: Decision[] = [];
  const input = { bars, from: WARMUP_BARS, to: count, signals, atr, genes, venue };
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
