import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importFile } from '../../src-main/data/importer.ts';
import { checkQuality } from '../../src-main/data/quality.ts';
import { RepairPlanner } from '../../src-main/data/repair/plan.ts';
import type { BarColumns } from '../../src-shared/market/bars.ts';
import type { Instrument } from '../../src-shared/market/instruments.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';
import { parseZone } from '../../src-shared/market/zones.ts';
import { noSharedData, sharedFile, withReason } from '../support/sharedData.ts';

const HOUR_MS = 3_600_000;
const HOURLY = ['GBPJPY', 'EURJPY', 'USDJPY', 'AUDJPY', 'GBPUSD', 'AUDUSD', 'EURGBP', 'USDCHF'].map(
  (symbol) => `${symbol}_H1_2015_2020.csv.gz`,
);
const MINUTES = ['GBPJPY_M1_2016-04-22_2016-05-27.csv.gz', 'GBPUSD_M1_2012-02_bid.csv.gz'];
const athens = parseZone('Europe/Athens');
const newYork = parseZone('America/New_York');

interface History {
  readonly bars: BarColumns;
  readonly instrument: Instrument;
  readonly timeframe: Timeframe;
}

const read = (file: string): Promise<History> => importFile(sharedFile(file), { symbol: file.slice(0, 6) });

/** The same bars with other times. */
function moved({ bars, ...rest }: History, timeOf: (utcMs: number) => number): History {
  return { ...rest, bars: { ...bars, timeMs: bars.timeMs.map(timeOf) } };
}

/** What a clock of one zone shows, read as if it were of another. */
const written = (offsetOf: (utcMs: number) => number, read: (localMs: number) => number) => (utcMs: number) =>
  read(utcMs + offsetOf(utcMs));
const asZone = (zone: typeof athens) => (localMs: number) =>
  zone.utcCandidates(localMs)[0] ?? localMs - zone.offsetMsAt(localMs);

const zoneIssue = ({ bars, instrument, timeframe }: History) =>
  checkQuality(bars, instrument, timeframe).issues.find((i) => i.kind === 'wrong_zone');

/** Only the rows at which the week is in full swing, so that its closes tell nothing. */
function withoutCloses(history: History): History {
  const { timeMs } = history.bars;
  const rows = [...timeMs.keys()].filter((i) => {
    const time = new Date(timeMs[i]!);
    return time.getUTCDay() > 0 && !(time.getUTCDay() === 5 && time.getUTCHours() > 12);
  });
  const bars = Object.fromEntries(
    Object.entries(history.bars).map(([name, column]: [string, Float64Array]) => [
      name,
      Float64Array.from(rows, (i) => column[i]!),
    ]),
  ) as unknown as BarColumns;
  return { ...history, bars };
}

describe.skipIf(noSharedData !== undefined)(withReason('QUAL-4: the wrong zone on real history'), () => {
  it.each([...HOURLY, ...MINUTES])('%s is right as it is, and seen when it is shifted', async (file) => {
    const history = await read(file);
    expect(zoneIssue(history)).toBeUndefined();
    for (const hours of [1, 2, 3, -5, 5.5]) {
      const issue = zoneIssue(moved(history, (utcMs) => utcMs + hours * HOUR_MS));
      expect(issue).toMatchObject({ severity: 'error', count: history.bars.timeMs.length });
      expect(issue?.message).toContain(`${Math.abs(hours)} h ${hours > 0 ? 'late' : 'early'}`);
    }
  });

  it.each(HOURLY)('%s: daylight saving read the wrong way is seen, and named', async (file) => {
    const history = await read(file);
    const readAs = (timeOf: (utcMs: number) => number) => zoneIssue(moved(history, timeOf))?.message;
    const ofAthens = (utcMs: number) => athens.offsetMsAt(utcMs);
    expect(readAs(written(ofAthens, (ms) => ms))).toContain('Europe/Athens');
    expect(readAs(written(ofAthens, (ms) => ms - 2 * HOUR_MS))).toContain('fixed winter offset');
    expect(readAs(written(ofAthens, (ms) => ms - 3 * HOUR_MS))).toContain('fixed summer offset');
    const est = written(() => -5 * HOUR_MS, asZone(newYork));
    expect(readAs(est)).toContain('A fixed offset was probably read as a zone with daylight saving');
    expect(
      readAs(
        written(
          () => -5 * HOUR_MS,
          (ms) => ms,
        ),
      ),
    ).toContain('-05:00');
    // The right ways.
    expect(readAs(written(ofAthens, asZone(athens)))).toBeUndefined();
    expect(
      readAs(
        written(
          () => -5 * HOUR_MS,
          (ms) => ms + 5 * HOUR_MS,
        ),
      ),
    ).toBeUndefined();
  });

  it.each(HOURLY)('%s: the hours of activity alone tell daylight saving', async (file) => {
    const history = withoutCloses(await read(file));
    expect(zoneIssue(history)).toBeUndefined();
    const still = moved(history, (utcMs) => utcMs + athens.offsetMsAt(utcMs) - 2 * HOUR_MS);
    expect(zoneIssue(still)).toMatchObject({
      severity: 'warning',
      message: expect.stringContaining('by 0 h'),
    });
    const twice = moved(
      history,
      written(() => -5 * HOUR_MS, asZone(newYork)),
    );
    expect(zoneIssue(twice)?.message).toContain('by 2 h');
    // Ranges tell it too where there is no volume, but those of the Australian dollar follow Asia.
    const silent = (of: History) => ({ ...of, bars: { ...of.bars, volume: still.bars.volume.map(() => 0) } });
    expect(zoneIssue(silent(history))).toBeUndefined();
    const byRange = zoneIssue(silent(still))?.message;
    if (file.startsWith('AUD')) expect(byRange).toBeUndefined();
    else expect(byRange).toContain('mean range');
  });

  it('says nothing of the zone where one weekend is all there is', async () => {
    const history = await read('EURUSD_M1_2015-02-01_2015-02-13.csv.gz');
    expect(zoneIssue(history)).toBeUndefined();
    const shifted = moved(history, (utcMs) => utcMs + 3 * HOUR_MS);
    const found = checkQuality(shifted.bars, shifted.instrument, shifted.timeframe);
    expect(found.issues.filter((i) => i.severity === 'error').map((i) => i.kind)).toEqual(['weekend_bar']);
  });
});

const PLANTED = [
  'duplicate_exact',
  'duplicate_conflict',
  'bad_tick_spike',
  'out_of_order',
  'nan_cell',
  'zero_price_row',
  'high_below_low',
  'stale_run',
  'wrong_zone',
  'unrealistic_range',
];

const LOST: Readonly<Record<string, number[]>> = {
  'GBPJPY_H1_2015_2020.csv.gz': [Date.UTC(2017, 7, 13, 23)],
  'USDCHF_H1_2015_2020.csv.gz': [Date.UTC(2015, 0, 15, 19)],
};

describe.skipIf(noSharedData !== undefined)(withReason('every clean file'), () => {
  const files =
    noSharedData === undefined ? readdirSync(sharedFile('.')).filter((f) => f.endsWith('.csv.gz')) : [];
  it.each(files)('%s: raises no false alarm, and filling closes every gap', async (file) => {
    const [name, market] = file.split('_');
    const { bars, instrument, timeframe } = await importFile(sharedFile(file), {
      symbol: market === 'NSE' ? `${name}.NSE` : name!,
    });
    const report = checkQuality(bars, instrument, timeframe);
    expect(report.issues.filter((i) => PLANTED.includes(i.kind) || i.severity === 'error')).toEqual([]);
    // What the exporter of the files lost: half a day of August, and the days after the franc was let go.
    const blocks = report.issues.filter((i) => i.kind === 'missing_block').map((i) => i.timeMs);
    expect(blocks).toEqual(LOST[file] ?? []);
    if (timeframe === 'D1' || report.missingBars === 0) return;
    const marks = new Uint8Array(bars.timeMs.length);
    const planner = new RepairPlanner({ bars, marks, instrument, timeframe });
    const fills = planner.choices().filter(({ actions }) => actions.includes('fill'));
    const plan = planner.plan(fills.map(({ kind }) => ({ action: 'fill', kind })));
    expect(plan.filled).toBe(report.missingBars);
    const after = checkQuality(plan.bars, instrument, timeframe, { marks: plan.marks });
    expect(after).toMatchObject({ missingBars: plan.filled, score: report.score });
    expect(after.issues.filter((i) => i.kind.startsWith('missing') || PLANTED.includes(i.kind))).toEqual([]);
  });
});
