import type { FrontierClient } from '../../../src-shared/contract/index.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { CommonOptions } from '../options.ts';
import { day, pct, table, timesHundred } from '../output.ts';
import { withEngine } from './common.ts';

type Row = readonly (string | number)[];

interface Listing {
  readonly items: readonly unknown[];
  readonly rows: readonly Row[];
}

/** What can be listed: the items as machines get them, and a row of text for each. */
const LISTS: Readonly<Record<string, (client: FrontierClient) => Promise<Listing>>> = {
  runs: async (client) => {
    const items = (await client.training.list()).map(({ curve: _, ...run }) => run);
    const rows = items.map((r) => [
      r.id,
      r.input.symbol,
      r.input.timeframe,
      r.input.family,
      r.state,
      r.modelId ?? '',
    ]);
    return { items, rows };
  },
  models: async (client) => {
    const items = await client.training.models();
    const rows = items.map((m) => [
      m.id,
      m.symbol,
      m.timeframe,
      `version ${m.version}`,
      m.family,
      `R² ${pct(timesHundred(m.testR2))}`,
      day(m.createdMs),
    ]);
    return { items, rows };
  },
  backtests: async (client) => {
    const items = await client.backtest.list();
    const rows = items.map((b) => [
      b.id,
      b.symbol,
      b.timeframe,
      b.span,
      pct(b.metrics.netReturnPct),
      `${b.metrics.trades} trades`,
    ]);
    return { items, rows };
  },
  studies: async (client) => {
    const items = await client.optimize.list();
    const rows = items.map((s) => [
      s.id,
      s.symbol,
      s.timeframe,
      s.state,
      `${s.evaluations} evaluations`,
      `front ${s.frontSize}`,
    ]);
    return { items, rows };
  },
  deployments: async (client) => {
    const items = await client.live.deployments();
    const rows = items.map((d) => [
      d.id,
      d.symbol,
      d.timeframe,
      d.broker,
      d.parameterHash.slice(0, 12),
      day(d.createdMs),
    ]);
    return { items, rows };
  },
  reports: async (client) => {
    const items = await client.report.list();
    return { items, rows: items.map((r) => [r.reportId, r.title, r.path, day(r.createdMs)]) };
  },
};

export async function listCommand(name: string, options: CommonOptions): Promise<void> {
  const what = name.toLowerCase();
  const list = Object.hasOwn(LISTS, what) ? LISTS[what] : undefined;
  if (!list) {
    const known = Object.keys(LISTS).join(', ');
    throw new FrontierError('BAD_INPUT', `"${name}" cannot be listed.`, `Use one of ${known}.`);
  }
  let rows: readonly Row[] = [];
  await withEngine(
    options,
    async ({ client }) => {
      const listing = await list(client);
      rows = listing.rows;
      return { [what]: listing.items };
    },
    () => (rows.length === 0 ? `No ${what} yet.` : table(rows)),
  );
}
