import type { RepairAction, RepairPreview, RepairStep } from '../../../src-shared/contract/repairs.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { CommonOptions } from '../options.ts';
import { num } from '../output.ts';
import { timeframeOf, withEngine } from './common.ts';

export interface RepairOptions extends CommonOptions {
  /** Kinds of issue by action. */
  readonly drop?: readonly string[] | undefined;
  readonly clip?: readonly string[] | undefined;
  readonly fill?: readonly string[] | undefined;
  readonly refetch?: readonly string[] | undefined;
  /** Only the issue, or the bar, that starts at this time. */
  readonly at?: string | undefined;
  readonly side?: PriceSide | undefined;
  readonly apply?: boolean | undefined;
}

/** Times without an offset are UTC. @throws FrontierError BAD_INPUT */
function timeOf(text: string): number {
  const stated = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text);
  const timeMs = Date.parse(stated || !text.includes('T') ? text : `${text}Z`);
  if (Number.isFinite(timeMs)) return timeMs;
  throw new FrontierError(
    'BAD_INPUT',
    `"${text}" is not a time.`,
    'Write it as 2016-05-03T18:22:00Z, as the report shows it.',
  );
}

function stepsOf(options: RepairOptions): RepairStep[] {
  const time = options.at === undefined ? {} : { timeMs: timeOf(options.at) };
  const actions: RepairAction[] = ['drop', 'clip', 'fill', 'refetch'];
  const steps = actions.flatMap((action) =>
    (options[action] ?? []).map((kind) => ({ action, kind, ...time })),
  );
  if (steps.length > 0) return steps;
  throw new FrontierError(
    'BAD_INPUT',
    'What is to be repaired?',
    'Name an action and a kind of issue, for example --clip bad_tick_spike; `frontier data quality` lists the kinds.',
  );
}

interface Repaired {
  readonly preview: RepairPreview;
  readonly applied: { readonly changeId: string; readonly score: number; readonly markedBars: number } | null;
}

/** Shows what a repair would do, and does it with `--apply`. */
export async function repairCommand(
  symbol: string,
  timeframe: string,
  options: RepairOptions,
): Promise<void> {
  const steps = stepsOf(options);
  const input = { symbol, timeframe: timeframeOf(timeframe), priceSide: options.side, steps };
  await withEngine(
    options,
    async ({ client, signal }): Promise<Repaired> => {
      const preview = await client.data.repairs.preview(input, { signal });
      if (!options.apply) return { preview, applied: null };
      const { changeId, dataset } = await client.data.repairs.apply(input, { signal });
      return {
        preview,
        applied: { changeId, score: dataset.qualityScore, markedBars: dataset.markedBars },
      };
    },
    textOf,
  );
}

const MOST_LINES = 20;

function barText(bar: RepairPreview['changes'][number]['before']): string {
  return bar ? [bar.open, bar.high, bar.low, bar.close].join(' ') : '-';
}

function textOf({ preview, applied }: Repaired): string {
  const { dropped, clipped, filled, refetched, changes, notes } = preview;
  const lines = changes.slice(0, MOST_LINES).map(({ before, after }) => {
    const timeMs = (before ?? after)!.timeMs;
    return `  ${new Date(timeMs).toISOString().slice(0, 16)}Z  ${barText(before)}  ->  ${barText(after)}`;
  });
  const changed = dropped + clipped + filled + refetched;
  if (changed > lines.length) lines.push(`  and ${changed - lines.length} more`);
  const done = applied
    ? `Applied; ${applied.markedBars} bars carry a mark now. \`frontier data undo ${applied.changeId}\` takes it back.`
    : 'Nothing is stored yet: repeat the command with --apply.';
  return [
    `${dropped} bars dropped, ${clipped} clipped, ${filled} filled, ${refetched} fetched again`,
    `quality ${num(preview.scoreBefore, 1)} -> ${num(preview.scoreAfter, 1)}`,
    ...lines,
    ...notes,
    done,
  ].join('\n');
}
