import type { BarColumnsDto, DatasetDto, DatasetRef, QualityDto } from '../../src-shared/contract/data.ts';
import type { RepairPreview, RepairStep } from '../../src-shared/contract/repairs.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import { timeframeMs } from '../../src-shared/market/timeframes.ts';
import type { AskedStretch } from '../data/repair/plan.ts';
import type { DatasetRecord } from '../store/datasets.ts';
import { type EngineContext, runJob } from './context.ts';
import { fetchSpan } from './fetching.ts';
import { historyOf, recordChange, withHistoryLock } from './histories.ts';
import type { RepairChoices, RepairCounts, RepairPayload, RepairResult } from './jobs/repair.ts';

/** Stretches so close are asked for in one request. */
const TOGETHER_BARS = 500;
const MOST_REQUESTS = 50;
const MOST_BARS = 100_000;
/** Answers of providers that are kept from a preview until it is applied. */
const KEPT_ANSWERS = 4;

export type RepairInput = DatasetRef & { readonly steps: readonly RepairStep[] };

/** What providers answered, by history and stretch: what is applied must be what was shown. */
const answersOf = new WeakMap<EngineContext, Map<string, BarColumnsDto>>();

function payloadOf(
  context: EngineContext,
  { dataset }: DatasetRecord,
  task: RepairPayload['task'],
  steps: readonly RepairStep[] = [],
): RepairPayload {
  const { symbol, timeframe, priceSide, dataHash } = dataset;
  return { home: context.home, key: { symbol, timeframe, priceSide }, dataHash, task, steps };
}

async function run<T extends RepairPayload['task']>(
  context: EngineContext,
  payload: RepairPayload & { readonly task: T },
  signal: AbortSignal | undefined,
): Promise<Extract<RepairResult, { task: T }>> {
  const { symbol, timeframe } = payload.key;
  const verb = payload.task === 'apply' ? 'Repair' : 'Look at repairs of';
  return runJob(context, 'repair', `${verb} ${symbol} ${timeframe}`, payload, signal);
}

/** The actions that make sense for each kind of issue of a history. @throws FrontierError NOT_FOUND */
export async function repairChoices(
  context: EngineContext,
  ref: DatasetRef,
  signal: AbortSignal | undefined,
): Promise<RepairChoices> {
  const record = historyOf(context, ref.symbol, ref.timeframe, ref.priceSide);
  const { choices } = await run(
    context,
    { ...payloadOf(context, record, 'choices'), task: 'choices' },
    signal,
  );
  // A file cannot be asked again.
  if (record.dataset.providerId !== null) return choices;
  return choices.map((c) => ({ ...c, actions: c.actions.filter((action) => action !== 'refetch') }));
}

/** What a repair would do. Nothing is stored. @throws FrontierError as `repairJob` and the provider */
export async function previewRepair(
  context: EngineContext,
  input: RepairInput,
  signal: AbortSignal | undefined,
): Promise<RepairPreview> {
  const record = historyOf(context, input.symbol, input.timeframe, input.priceSide);
  const answers = await askedAgain(context, record, input.steps, signal);
  const payload = { ...payloadOf(context, record, 'preview', input.steps), answers };
  return (await run(context, { ...payload, task: 'preview' }, signal)).preview;
}

/**
 * Repairs a history as `previewRepair` shows; `data.undo` takes it back.
 * @throws FrontierError as `repairJob` and the provider
 */
export async function applyRepair(
  context: EngineContext,
  input: RepairInput,
  signal: AbortSignal | undefined,
): Promise<{ dataset: DatasetDto; quality: QualityDto; changeId: string }> {
  return withHistoryLock(context, input.symbol, async () => {
    const record = historyOf(context, input.symbol, input.timeframe, input.priceSide);
    const answers = await askedAgain(context, record, input.steps, signal);
    const payload = { ...payloadOf(context, record, 'apply', input.steps), answers };
    const done = await run(context, { ...payload, task: 'apply' }, signal);
    const { source, format, zone } = record.dataset;
    const { counts, changes, changesLeftOut, notes, stored, quality } = done;
    const { dataset, changeId } = recordChange(context, {
      kind: 'repair',
      summary: summaryOf(record.dataset, counts, input.steps),
      detail: { steps: input.steps, ...counts, changes, changesLeftOut, notes },
      stored,
      quality,
      notes: record.notes,
      source,
      format,
      zone,
    });
    return { dataset, quality, changeId };
  });
}

function summaryOf(
  { symbol, timeframe, priceSide }: DatasetDto,
  counts: RepairCounts,
  steps: readonly RepairStep[],
): string {
  const done = (['dropped', 'clipped', 'filled', 'refetched'] as const)
    .filter((what) => counts[what] > 0)
    .map((what) => `${counts[what]} ${what}`);
  const kinds = [...new Set(steps.map((step) => step.kind))].join(', ');
  return `Repaired ${symbol} ${timeframe} ${priceSide}: bars ${done.join(', ')} (${kinds}).`;
}

/** The provider's bars of the stretches that steps ask for again; undefined where none does. */
async function askedAgain(
  context: EngineContext,
  record: DatasetRecord,
  steps: readonly RepairStep[],
  signal: AbortSignal | undefined,
): Promise<BarColumnsDto | undefined> {
  const again = steps.filter((step) => step.action === 'refetch');
  if (again.length === 0) return undefined;
  const { dataset } = record;
  const { symbol, timeframe, priceSide, providerId } = dataset;
  if (providerId === null) {
    throw new FrontierError(
      'REFUSED',
      `${symbol} ${timeframe} ${priceSide} came from a file (${dataset.source}): there is nobody to ask again.`,
      'Drop, clip or fill the bars, or fetch the history from a provider.',
    );
  }
  const { stretches } = await run(
    context,
    { ...payloadOf(context, record, 'asks', again), task: 'asks' },
    signal,
  );
  const requests = joinStretches(stretches, timeframeMs(timeframe));
  const key = JSON.stringify([symbol, timeframe, priceSide, dataset.dataHash, providerId, requests]);
  const kept = answersOf.get(context) ?? new Map<string, BarColumnsDto>();
  answersOf.set(context, kept);
  const known = kept.get(key);
  if (known) return known;
  const parts: BarColumns[] = [];
  for (const { fromMs, toMs } of requests) {
    parts.push(await fetchSpan(context, providerId, { symbol, timeframe, priceSide, fromMs, toMs }, signal));
  }
  const answers = columnsDto(parts);
  kept.set(key, answers);
  for (const oldest of kept.keys()) if (kept.size > KEPT_ANSWERS) kept.delete(oldest);
  return answers;
}

/**
 * Requests that cover all stretches, in order of time.
 * @throws FrontierError REFUSED for more than a repair is meant for
 */
export function joinStretches(stretches: readonly AskedStretch[], stepMs: number): AskedStretch[] {
  const joined: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of stretches.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last && fromMs - last.toMs <= TOGETHER_BARS * stepMs) last.toMs = Math.max(last.toMs, toMs);
    else joined.push({ fromMs, toMs });
  }
  const bars = joined.reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs) / stepMs, 0);
  if (joined.length <= MOST_REQUESTS && bars <= MOST_BARS) return joined;
  throw new FrontierError(
    'REFUSED',
    `This asks for ${joined.length} stretches of ${Math.round(bars)} bars in all; a repair asks for at most ${MOST_REQUESTS} and ${MOST_BARS}.`,
    'Repair issues one by one, or fetch the whole history again.',
  );
}

function columnsDto(parts: readonly BarColumns[]): BarColumnsDto {
  const column = (name: keyof BarColumns) => parts.flatMap((part) => Array.from(part[name]));
  return {
    timeMs: column('timeMs'),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
  };
}
