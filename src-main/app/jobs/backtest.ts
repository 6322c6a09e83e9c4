import type { BacktestDto, EntryRules, EquityDto } from '../../../src-shared/contract/backtest.ts';
import type { SpanDto, SpanName } from '../../../src-shared/contract/common.ts';
import type { PointDto } from '../../../src-shared/contract/optimize.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { accountFor, costsFor } from '../../../src-shared/trading/costs.ts';
import { parameterHash } from '../../../src-shared/trading/parameters.ts';
import type { CostModel, StrategyGenes, VenueSpec } from '../../../src-shared/trading/types.ts';
import { type BacktestInput, type BarMask, barMask, runBacktest } from '../../backtest/engine.ts';
import type { ModelManifest } from '../../store/manifest.ts';
import { type AnomalyOnHistory, type AnomalySeal, anomalyOnHistory } from '../anomalyRule.ts';
import {
  hashedRules,
  intervalRule,
  maskFor,
  ruleFields,
  storedWindows,
  windowsOfStudy,
} from '../entryRules.ts';
import { loadModelOnHistory, type ModelOnHistory, type ModelRef } from '../signals.ts';

/** The venue every run of a model trades on: the same in backtest, study and paper. */
export function venueOf(
  manifest: Pick<ModelManifest, 'symbol' | 'priceSide' | 'referencePrice'>,
  costs?: CostModel,
): VenueSpec {
  const instrument = instrumentFor(manifest.symbol);
  return {
    instrument,
    priceSide: manifest.priceSide,
    costs: costs ?? costsFor(instrument, manifest.referencePrice),
    account: accountFor(instrument),
    intrabar: 'stop-first',
  };
}

/**
 * What proves that what trades is what was chosen: genes, model file, costs, and rules about entries.
 * @param anomaly of the anomaly model that the rules name
 */
export function deploymentHash(
  genes: StrategyGenes,
  modelSha256: string,
  costs: CostModel,
  rules: EntryRules = {},
  anomaly?: AnomalySeal,
): string {
  return parameterHash(genes, { model: modelSha256, costs, ...hashedRules(rules, anomaly) });
}

/**
 * The bars of a model's history after which the rules allow no entry: with the news as they were when the study
 * began, and without a study as they are stored now.
 */
export function entriesOf(
  home: string,
  model: ModelOnHistory,
  rules: EntryRules,
  venue: VenueSpec,
  anomaly: AnomalyOnHistory | undefined,
  studyId?: string | undefined,
): BarMask | undefined {
  const { manifest, bars, marks } = model;
  const { timeMs } = bars;
  const range = { fromMs: timeMs[0] ?? 0, toMs: timeMs.at(-1) ?? 0 };
  const stored = () => storedWindows(home, manifest.symbol, rules.blackout, range);
  const pinned = studyId !== undefined && rules.blackout !== undefined;
  const windows = pinned ? windowsOfStudy(home, studyId, stored) : stored();
  const asked = { interval: ruleOf(model, venue), anomaly: anomaly?.rule };
  return barMask(maskFor(manifest, { timeMs, marks }, rules, windows, asked), bars);
}

/** ORD-22 on a model's own history. */
export function ruleOf(model: ModelOnHistory, venue: VenueSpec): ReturnType<typeof intervalRule> {
  const { timeMs, close } = model.bars;
  return intervalRule({ ...model, timeMs, close }, model.manifest.horizonBars, venue);
}

export function spanOf(manifest: Pick<ModelManifest, 'spans'>, name: SpanName): SpanDto {
  const span = manifest.spans.find((s) => s.name === name);
  if (span) return span;
  throw new FrontierError('NOT_FOUND', `The model knows no ${name} span.`, 'Train it again.');
}

const MAX_POINTS = 2000;

/** At most 2,000 points of a curve: of each stretch its lowest and highest, so that no drawdown disappears. */
export function thinEquity(equity: {
  timeMs: Float64Array;
  equity: Float64Array;
  drawdownPct: Float64Array;
}): EquityDto {
  const n = equity.timeMs.length;
  const keep = new Set<number>([0, n - 1]);
  const stretch = Math.max(1, Math.ceil((2 * n) / (MAX_POINTS - 2)));
  for (let from = 0; from < n; from += stretch) {
    let low = from;
    let high = from;
    for (let i = from; i < Math.min(n, from + stretch); i++) {
      if (equity.equity[i]! < equity.equity[low]!) low = i;
      if (equity.equity[i]! > equity.equity[high]!) high = i;
    }
    keep.add(low).add(high);
  }
  const rows = [...keep].filter((i) => i >= 0).sort((a, b) => a - b);
  return {
    timeMs: rows.map((i) => equity.timeMs[i]!),
    equity: rows.map((i) => equity.equity[i]!),
    drawdownPct: rows.map((i) => equity.drawdownPct[i]!),
  };
}

const HONESTY: Readonly<Record<SpanName, string>> = {
  train: 'In-sample: the network was fitted on this very span. These figures say nothing about the future.',
  validation: 'In-sample: training was stopped by the loss on this span, so the network was chosen on it.',
  calibration: 'Nearly out-of-sample: the network never saw this span, but the signal was scaled on it.',
  optimisation: 'In-sample for the genes where a study chose them here; the network never saw this span.',
  test: 'Out-of-sample: neither the network, the calibration nor any study saw this span.',
  replay: 'Out-of-sample: the last days, kept for the paper session. Nothing was fitted on them.',
};

export interface BacktestPayload extends ModelRef, EntryRules {
  readonly span: SpanName;
  readonly genes: StrategyGenes;
  readonly costs?: CostModel | undefined;
}

export type BacktestJobResult = Omit<BacktestDto, 'id' | 'createdMs'>;

function inputOf(
  model: ModelOnHistory,
  span: SpanName,
  genes: StrategyGenes,
  costs: CostModel | undefined,
  entries: BarMask | undefined,
): BacktestInput {
  const { from, to } = spanOf(model.manifest, span);
  return {
    bars: model.bars,
    from,
    to,
    signals: model.signals,
    atr: model.atr,
    genes,
    venue: venueOf(model.manifest, costs),
    entries,
  };
}

export async function backtestJob(payload: BacktestPayload): Promise<BacktestJobResult> {
  const model = await loadModelOnHistory(payload);
  const anomaly = await anomalyOnHistory(payload.home, payload.avoidAnomalies, model);
  const venue = venueOf(model.manifest, payload.costs);
  const entries = entriesOf(payload.home, model, payload, venue, anomaly);
  const input = inputOf(model, payload.span, payload.genes, payload.costs, entries);
  const start = performance.now();
  const result = runBacktest(input);
  const seconds = (performance.now() - start) / 1000;
  const { manifest } = model;
  return {
    modelId: manifest.modelId,
    symbol: manifest.symbol,
    timeframe: manifest.timeframe,
    synthetic: manifest.synthetic,
    span: payload.span,
    fromMs: model.bars.timeMs[input.from]!,
    toMs: model.bars.timeMs[input.to - 1]!,
    genes: payload.genes,
    costs: input.venue.costs,
    currency: input.venue.account.currency,
    initialBalance: input.venue.account.initialBalance,
    parameterHash: deploymentHash(
      payload.genes,
      model.artifact.sha256,
      input.venue.costs,
      payload,
      anomaly?.seal,
    ),
    ...ruleFields(payload),
    ...(entries === undefined ? {} : { blockedEntries: result.blockedEntries }),
    metrics: result.metrics,
    band: result.band,
    equity: thinEquity(result.equity),
    trades: result.trades,
    seconds,
    honesty: HONESTY[payload.span],
  };
}

export interface PointPayload extends ModelRef, EntryRules {
  readonly studyId: string;
  readonly genes: StrategyGenes;
  /** Out-of-sample figures are computed for members of the front only. */
  readonly withTest: boolean;
}

export type PointJobResult = Omit<PointDto, 'trial'>;

/** One point of a study in full: in-sample, and for front members out-of-sample. */
export async function pointJob(payload: PointPayload): Promise<PointJobResult> {
  const model = await loadModelOnHistory(payload);
  const { home, studyId, genes } = payload;
  const anomaly = await anomalyOnHistory(home, payload.avoidAnomalies, model);
  const entries = entriesOf(home, model, payload, venueOf(model.manifest), anomaly, studyId);
  const input = (span: SpanName) => inputOf(model, span, genes, undefined, entries);
  const run = (span: SpanName): PointDto['optimisation'] => {
    const result = runBacktest(input(span), { band: false });
    return { metrics: result.metrics, equity: thinEquity(result.equity) };
  };
  const { venue } = input('optimisation');
  return {
    parameterHash: deploymentHash(genes, model.artifact.sha256, venue.costs, payload, anomaly?.seal),
    currency: venue.account.currency,
    optimisation: run('optimisation'),
    ...(payload.withTest ? { test: run('test') } : {}),
  };
}

/** Asks the model about its history and keeps the answer, where that was lost. */
export async function signalsJob(ref: ModelRef): Promise<void> {
  await loadModelOnHistory(ref);
}
