import type { FetchRunDto, FetchTaskInput } from '../../../src-shared/contract/fetch.ts';
import type { FrontierClient } from '../../../src-shared/contract/index.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';
import type { CommonOptions } from '../options.ts';
import { day, table } from '../output.ts';
import { instantOf } from './calendar.ts';
import { type CommandTools, timeframeOf, withEngine } from './common.ts';
import { readSecret } from './secretInput.ts';

export interface FetchOptions extends CommonOptions {
  readonly provider: string;
  readonly timeframe: Timeframe;
  readonly from: string;
  readonly to?: string | undefined;
  readonly side?: PriceSide | undefined;
}

type Task = FetchRunDto['tasks'][number];
const nameOf = (t: Task): string => `${t.symbol} ${t.timeframe} ${t.priceSide}`;

/** Downloads histories; Ctrl-C stops and keeps what came. */
export async function fetchCommand(symbols: readonly string[], options: FetchOptions): Promise<void> {
  await followed(options, async ({ client }) => {
    const priceSide = options.side ?? (await sideOf(client, options.provider));
    const { timeframe, from, to } = options;
    const task = (symbol: string): FetchTaskInput => ({
      symbol,
      timeframe,
      priceSide,
      fromMs: instantOf(from),
      ...(to === undefined ? {} : { toMs: instantOf(to) }),
    });
    const { fetchId } = await client.data.fetch.start({
      providerId: options.provider,
      tasks: symbols.map(task),
    });
    return [fetchId];
  });
}

/** Bid where the provider has it, else what it has. */
async function sideOf(client: FrontierClient, providerId: string): Promise<PriceSide> {
  const provider = (await client.data.fetch.providers()).find((p) => p.id === providerId);
  return provider?.priceSides.includes('bid') === false ? (provider.priceSides[0] ?? 'bid') : 'bid';
}

/** Asks the provider of a history, or of every history that has one, for what came since. */
export async function updateCommand(
  symbol: string | undefined,
  timeframe: string | undefined,
  options: CommonOptions & { readonly side?: PriceSide | undefined },
): Promise<void> {
  await followed(options, async ({ client }) => {
    const wanted = (await client.data.list()).filter(
      (d) =>
        (symbol === undefined ? d.providerId !== null : d.symbol === symbol.toUpperCase()) &&
        (timeframe === undefined || d.timeframe === timeframeOf(timeframe)) &&
        (options.side === undefined || d.priceSide === options.side),
    );
    if (wanted.length === 0) {
      const what =
        symbol === undefined ? 'history that came from a provider' : `${symbol} ${timeframe ?? ''} history`;
      throw new FrontierError(
        'NOT_FOUND',
        `There is no ${what.replace('  ', ' ')}.`,
        'Bring one with `frontier data fetch`.',
      );
    }
    const histories = wanted.map((d) => ({
      symbol: d.symbol,
      timeframe: d.timeframe,
      priceSide: d.priceSide,
    }));
    return (await client.data.fetch.update({ histories })).fetchIds;
  });
}

/** Starts downloads, follows them to their end and says what came, what is kept and what went wrong. */
async function followed(
  options: CommonOptions,
  begin: (tools: CommandTools) => Promise<readonly string[]>,
): Promise<void> {
  await withEngine(
    options,
    async (tools) => {
      const fetchIds = await begin(tools);
      const runs = await endOf(tools, fetchIds);
      process.exitCode = statusOf(runs);
      return runs;
    },
    summary,
    (runs) => ({ ...failureOf(runs), runs }),
  );
}

async function endOf(
  { client, progress, signal }: CommandTools,
  fetchIds: readonly string[],
): Promise<FetchRunDto[]> {
  const stop = (): void => {
    for (const fetchId of fetchIds) void client.data.fetch.stop({ fetchId });
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  for await (const all of await client.data.fetch.watch()) {
    const runs = all.filter((run) => fetchIds.includes(run.id));
    for (const task of runs.flatMap((run) => run.tasks)) {
      const isOver = task.state === 'done' || task.state === 'failed' || task.state === 'stopped';
      const text =
        task.message ?? (task.error ? 'failed' : `${task.bars} bars, up to ${day(task.coveredToMs)}`);
      progress.update(nameOf(task), isOver ? 1 : 0.99 * task.fraction, text);
    }
    if (runs.every((run) => run.endedMs !== null)) return runs;
  }
  throw new FrontierError('ENGINE_FAILED', 'The downloads were not followed to their end.');
}

function statusOf(runs: readonly FetchRunDto[]): number {
  const tasks = runs.flatMap((run) => run.tasks);
  if (tasks.some((t) => t.state === 'failed')) return 1;
  return tasks.some((t) => t.state === 'stopped') ? 130 : 0;
}

/** The first failure in the shape that every command prints one in. */
function failureOf(runs: readonly FetchRunDto[]): object {
  const tasks = runs.flatMap((run) => run.tasks);
  const failed = tasks.find((t) => t.error !== null);
  if (failed?.error) {
    const { message, hint } = failed.error;
    return { error: { code: 'UNAVAILABLE', message, ...(hint === null ? {} : { hint }) } };
  }
  if (!tasks.some((t) => t.state === 'stopped')) return {};
  const hint = 'What came is kept; the same command goes on from there.';
  return { error: { code: 'CANCELLED', message: 'The download was stopped.', hint } };
}

function summary(runs: readonly FetchRunDto[]): string {
  const tasks = runs.flatMap((run) => run.tasks);
  const lines = [
    table(tasks.map((t) => [nameOf(t), t.state, t.bars, 'new bars', `up to ${day(t.coveredToMs)} UTC`])),
  ];
  for (const { error, ...task } of tasks) {
    if (error)
      lines.push(
        `${nameOf({ ...task, error })}: ${error.message}`,
        ...(error.hint ? [`  ${error.hint}`] : []),
      );
  }
  if (tasks.some((t) => t.state === 'stopped')) {
    lines.push('Stopped. What came is kept; the same command goes on from there.');
  }
  return lines.join('\n');
}

/** Providers of histories, what they have and whether their keys are stored. */
export async function providersCommand(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => ({ providers: await client.data.fetch.providers() }),
    ({ providers }) =>
      providers
        .map((p) => {
          const missing = p.keys.filter((k) => !k.stored).map((k) => k.secret);
          const state = p.ready ? 'ready' : `needs ${missing.join(', ')}`;
          return [
            `${p.id}: ${p.name}, ${state}`,
            `  ${p.about}`,
            `  ${p.timeframes.join(' ')}; ${p.priceSides.join(', ')}`,
          ].join('\n');
        })
        .join('\n'),
  );
}

/** Keeps a key in the secret store. The value comes from standard input or a prompt that shows nothing. */
export async function keySet(secret: string, options: CommonOptions): Promise<void> {
  const value = await readSecret(`Value of ${secret}: `);
  await withEngine(
    options,
    async ({ client }) => {
      await client.data.fetch.setKey({ secret, value });
      return { stored: secret };
    },
    ({ stored }) => `Stored ${stored}.`,
  );
}

export async function keyRemove(secret: string, options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      await client.data.fetch.removeKey({ secret });
      return { removed: secret };
    },
    ({ removed }) => `Removed ${removed}.`,
  );
}

/** Names of the keys that providers ask for, and whether they are stored; never a value. */
export async function keyList(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      const [histories, news] = await Promise.all([client.data.fetch.providers(), client.news.providers()]);
      const all = [...histories, ...news].flatMap((p) => p.keys);
      return { keys: [...new Map(all.map((k) => [k.secret, k])).values()] };
    },
    ({ keys }) => table(keys.map((k) => [k.secret, k.stored ? 'stored' : '-', k.label])),
  );
}
