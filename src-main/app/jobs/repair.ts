import type { BarColumnsDto, QualityDto } from '../../../src-shared/contract/data.ts';
import type {
  BarChangeDto,
  RepairAction,
  RepairPreview,
  RepairStep,
} from '../../../src-shared/contract/repairs.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { checkQuality } from '../../data/quality.ts';
import { type AskedStretch, type RepairPlan, RepairPlanner } from '../../data/repair/plan.ts';
import type { JobContext } from '../../jobs/port.ts';
import { BarStore, type DatasetKey, type SavedDataset } from '../../store/bars.ts';
import { homePaths } from '../context.ts';

/** Changed bars that a preview shows. */
const PREVIEW_CHANGES = 500;
/** Changed bars that are kept with the change of the history. */
const STORED_CHANGES = 10_000;

export interface RepairPayload {
  readonly home: string;
  readonly key: DatasetKey;
  /** The history that the user looked at; another one is not repaired. */
  readonly dataHash: string;
  readonly task: 'choices' | 'asks' | 'preview' | 'apply';
  readonly steps: readonly RepairStep[];
  /** What a provider gave for the stretches that `asks` named. */
  readonly answers?: BarColumnsDto | undefined;
}

export type RepairChoices = { kind: string; count: number; actions: RepairAction[] }[];

/** How many bars a repair changed. */
export type RepairCounts = Pick<RepairPlan, 'dropped' | 'clipped' | 'filled' | 'refetched'>;

export interface AppliedRepair {
  readonly stored: SavedDataset;
  readonly quality: QualityDto;
  readonly counts: RepairCounts;
  readonly changes: readonly BarChangeDto[];
  readonly changesLeftOut: number;
  readonly notes: readonly string[];
}

export type RepairResult =
  | { readonly task: 'choices'; readonly choices: RepairChoices }
  | { readonly task: 'asks'; readonly stretches: readonly AskedStretch[] }
  | { readonly task: 'preview'; readonly preview: RepairPreview }
  | ({ readonly task: 'apply' } & AppliedRepair);

function columnsOf(dto: BarColumnsDto): BarColumns {
  return {
    timeMs: Float64Array.from(dto.timeMs),
    open: Float64Array.from(dto.open),
    high: Float64Array.from(dto.high),
    low: Float64Array.from(dto.low),
    close: Float64Array.from(dto.close),
    volume: Float64Array.from(dto.volume),
  };
}

function countsOf({ dropped, clipped, filled, refetched }: RepairPlan): RepairCounts {
  return { dropped, clipped, filled, refetched };
}

/** A repair that changes nothing, or leaves nothing, is a mistake of whoever asks for it. */
function assertUseful(plan: RepairPlan): void {
  if (plan.bars.timeMs.length === 0) {
    throw new FrontierError('REFUSED', 'This would leave no bar.', 'Remove the history instead.');
  }
  if (plan.changes.length > 0) return;
  const why = plan.notes.length > 0 ? ` ${plan.notes.join(' ')}` : '';
  throw new FrontierError('REFUSED', `This repair changes nothing.${why}`, 'Choose another action.');
}

/**
 * Looks for repairs of a stored history, shows one, or applies it. All tasks plan with the same code from the same
 * bars, so what is applied is what was shown.
 * @throws FrontierError CONFLICT when the history is not the one that was looked at, BAD_INPUT for a step that fits
 *   no issue, REFUSED when nothing would change or nothing would be left
 */
export async function repairJob(payload: RepairPayload, context: JobContext): Promise<RepairResult> {
  const { key, steps, task } = payload;
  const { symbol, timeframe, priceSide } = key;
  const store = new BarStore(homePaths.bars(payload.home));
  try {
    const known = await store.find(symbol, timeframe, priceSide);
    if (known && known.dataHash !== payload.dataHash) {
      throw new FrontierError('CONFLICT', 'The history has changed meanwhile.', 'Look at the report again.');
    }
    const instrument = instrumentFor(symbol);
    const { bars, marks } = await store.loadMarked(symbol, timeframe, {}, priceSide);
    context.report({ fraction: 0.3 });
    const planner = new RepairPlanner({ bars, marks, instrument, timeframe });
    if (task === 'choices') return { task, choices: planner.choices() };
    if (task === 'asks') return { task, stretches: planner.asks(steps) };
    const plan = planner.plan(steps, payload.answers && columnsOf(payload.answers));
    const quality = checkQuality(plan.bars, instrument, timeframe, { marks: plan.marks });
    context.report({ fraction: 0.6 });
    if (task === 'preview') {
      const before = checkQuality(bars, instrument, timeframe, { marks });
      const changes = plan.changes.slice(0, PREVIEW_CHANGES);
      const scores = { scoreBefore: before.score, scoreAfter: quality.score };
      return { task, preview: { ...countsOf(plan), changes, ...scores, notes: [...plan.notes] } };
    }
    assertUseful(plan);
    context.signal.throwIfAborted();
    const spans = known?.spans ?? [];
    const stored = await store.save(key, plan.bars, { marks: plan.marks, spans });
    return {
      task,
      stored,
      quality,
      counts: countsOf(plan),
      changes: plan.changes.slice(0, STORED_CHANGES),
      changesLeftOut: Math.max(0, plan.changes.length - STORED_CHANGES),
      notes: plan.notes,
    };
  } finally {
    await store.close();
  }
}
