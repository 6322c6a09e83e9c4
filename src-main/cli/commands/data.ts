import { FrontierError } from '../../../src-shared/errors.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import { resolveUserPath } from '../home.ts';
import type { CommonOptions } from '../main.ts';
import { day, num, table } from '../output.ts';
import { timeframeOf, withEngine } from './common.ts';

export interface ImportOptions extends CommonOptions {
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
  readonly zone?: string | undefined;
  readonly side?: 'bid' | 'ask' | 'mid' | undefined;
}

export async function importCommand(file: string, options: ImportOptions): Promise<void> {
  const isDemo = file === 'demo';
  const symbol = options.symbol ?? (isDemo ? 'SYNFX' : undefined);
  if (!symbol)
    throw new FrontierError(
      'BAD_INPUT',
      `Which symbol is ${file}?`,
      'Add --symbol, for example --symbol EURUSD.',
    );
  const source = isDemo ? { kind: 'demo' as const } : { kind: 'path' as const, path: resolveUserPath(file) };
  const { timeframe, zone, side } = options;
  await withEngine(
    options,
    async ({ client, progress, signal }) => {
      for await (const event of await client.data.import(
        { source, symbol, timeframe, zone, priceSide: side },
        { signal },
      )) {
        if (event.type === 'progress')
          progress.update('import', event.fraction * 0.99, `${event.stage} ${event.rows} bars`);
        else
          return {
            dataset: event.dataset,
            quality: { score: event.quality.score, issues: event.quality.issues },
            notes: event.notes,
          };
      }
      throw new FrontierError('IMPORT_FAILED', 'The import ended without a result.');
    },
    ({ dataset: d, quality, notes }) =>
      [
        `${d.symbol} ${d.timeframe}${d.synthetic ? ' [SYNTHETIC]' : ''}: ${d.bars} bars, ${day(d.fromMs)} to ${day(d.toMs)} UTC (${d.format}, ${d.zone})`,
        `quality ${num(quality.score, 0)}/100, ${quality.issues.length} findings`,
        ...quality.issues.slice(0, 10).map((i) => `  ${i.severity.padEnd(8)} ${day(i.timeMs)}  ${i.message}`),
        ...notes,
      ].join('\n'),
  );
}

export async function dataList(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => ({ datasets: await client.data.list() }),
    ({ datasets }) =>
      datasets.length === 0
        ? 'No history yet. Bring some with `frontier import FILE --symbol S`, or `frontier import demo`.'
        : table(
            datasets.map((d) => [
              d.symbol,
              d.timeframe,
              d.bars,
              day(d.fromMs),
              day(d.toMs),
              d.priceSide,
              `quality ${num(d.qualityScore, 0)}`,
              d.synthetic ? 'SYNTHETIC' : '',
            ]),
          ),
  );
}

export async function dataQuality(symbol: string, timeframe: string, options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    ({ client }) => client.data.quality({ symbol, timeframe: timeframeOf(timeframe) }),
    (q) =>
      [
        `score ${num(q.score, 0)}/100, ${q.bars} bars, ${q.missingBars} missing (${num(q.missingPct)} %), mean range ${num(q.meanRangePips, 1)} pips, p99 ${num(q.p99RangePips, 1)}`,
        ...q.issues.map((i) => `  ${i.severity.padEnd(8)} ${day(i.timeMs)}  ${i.message}`),
      ].join('\n'),
  );
}

export async function dataRemove(symbol: string, timeframe: string, options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      await client.data.remove({ symbol, timeframe: timeframeOf(timeframe) });
      return { removed: { symbol: symbol.toUpperCase(), timeframe: timeframeOf(timeframe) } };
    },
    ({ removed }) => `Removed ${removed.symbol} ${removed.timeframe}.`,
  );
}
