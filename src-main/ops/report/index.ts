import type { BacktestDto } from '../../../src-shared/contract/backtest.ts';
import type { DatasetDto, QualityDto } from '../../../src-shared/contract/data.ts';
import type { AdherenceDto, SessionDto } from '../../../src-shared/contract/live.ts';
import {
  OBJECTIVES,
  type ObjectiveName,
  type PointDto,
  type StudyDto,
} from '../../../src-shared/contract/optimize.ts';
import type { ModelDto, TrainingRunDto } from '../../../src-shared/contract/training.ts';
import type { Metrics } from '../../../src-shared/metrics/types.ts';
import { STYLE } from './style.ts';
import { type Dot, lineChart, scatterChart } from './svg.ts';

const OBJECTIVE_LABELS: Readonly<Record<ObjectiveName, string>> = {
  netReturnPct: 'Return %',
  maxDrawdownPct: 'Drawdown %',
  sharpe: 'Sharpe',
  winRatePct: 'Win %',
};

/** Everything a report may hold; what is absent is left out and said so. */
export interface ReportInput {
  readonly createdMs: number;
  readonly dataset: DatasetDto | undefined;
  readonly quality: QualityDto | undefined;
  readonly run: TrainingRunDto | undefined;
  readonly model: ModelDto;
  readonly backtest: BacktestDto | undefined;
  readonly study: StudyDto | undefined;
  /** The deployed point. */
  readonly point: PointDto | undefined;
  readonly session: SessionDto | undefined;
  readonly adherence: AdherenceDto | undefined;
}

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const unknown = '–';
const isKnown = (v: number | null | undefined): v is number =>
  v !== undefined && v !== null && Number.isFinite(v);
const grouped = (v: number, digits: number): string =>
  v.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const num = (v: number | null | undefined, digits = 2): string => (isKnown(v) ? grouped(v, digits) : unknown);
const signed = (v: number | null | undefined, digits = 2): string =>
  isKnown(v) ? `${v >= 0 ? '+' : ''}${grouped(v, digits)}` : unknown;
const pct = (v: number | null | undefined, digits = 2): string =>
  isKnown(v) ? `${num(v, digits)} %` : unknown;
const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

type Cell = string | number;

const isFigure = (cell: Cell): boolean => typeof cell === 'number' || /^([+-]?[\d,]+(\.\d+)?|–)$/.test(cell);

/** Columns of figures stand on the right, text on the left. */
function table(head: readonly Cell[], rows: readonly (readonly Cell[])[]): string {
  const figures = head.map((_, c) => rows.every((row) => isFigure(row[c] ?? unknown)));
  const cellOf = (tag: string, cell: Cell, c: number): string => {
    const text = typeof cell === 'number' ? grouped(cell, 0) : cell;
    return `<${tag}${figures[c] ? ' class="figure"' : ''}>${escapeXml(text)}</${tag}>`;
  };
  const row = (tag: string, cells: readonly Cell[]): string =>
    `<tr>${cells.map((cell, c) => cellOf(tag, cell, c)).join('')}</tr>`;
  return `<table><thead>${row('th', head)}</thead><tbody>${rows.map((r) => row('td', r)).join('')}</tbody></table>`;
}

const section = (title: string, body: string): string =>
  body ? `<section><h2>${escapeXml(title)}</h2>${body}</section>` : '';
const facts = (rows: readonly (readonly [string, string])[]): string =>
  `<dl>${rows.map(([k, v]) => `<dt>${escapeXml(k)}</dt><dd>${escapeXml(v)}</dd>`).join('')}</dl>`;

function historySection({ dataset: d, quality: q }: ReportInput): string {
  if (!d || !q) return '';
  const issues = q.issues.slice(0, 20).map((i) => [i.severity, time(i.timeMs), i.message]);
  return section(
    'History',
    facts([
      ['Bars', `${grouped(d.bars, 0)}, ${time(d.fromMs)} to ${time(d.toMs)}`],
      ['Source', `${d.source} (${d.format}, ${d.zone}, ${d.priceSide} prices)`],
      [
        'Quality',
        `${num(q.score, 0)} of 100; ${q.missingBars} bars missing (${pct(q.missingPct)}); mean range ${num(q.meanRangePips, 1)} pips, p99 ${num(q.p99RangePips, 1)}`,
      ],
      ['Data hash', d.dataHash],
    ]) + (issues.length > 0 ? table(['Severity', 'When', 'Finding'], issues) : ''),
  );
}

function modelSection({ model: m, run }: ReportInput): string {
  const curve = run?.curve ?? [];
  const validation = curve.filter((p) => p.validation !== undefined);
  const chart = lineChart(
    'Loss by step',
    [
      { name: 'training loss', color: '#4c8dff', x: curve.map((p) => p.step), y: curve.map((p) => p.train) },
      {
        name: 'validation loss',
        color: '#e69f00',
        x: validation.map((p) => p.step),
        y: validation.map((p) => p.validation!),
      },
    ],
    (v) => v.toFixed(0),
    (v) => v.toPrecision(3),
  );
  const c = m.conformal;
  return section(
    'Model',
    facts([
      [
        'Network',
        `${m.family.toUpperCase()}, ${grouped(m.parameters, 0)} parameters, window ${m.windowBars} bars, horizon ${m.horizonBars} bars`,
      ],
      [
        'Trained',
        run
          ? `${run.step} steps in ${num(run.seconds, 1)} s on ${m.engine}, seed ${m.seed}`
          : `on ${m.engine}, seed ${m.seed}`,
      ],
      [
        'Out of sample',
        `R² ${pct(m.testR2 === null ? null : 100 * m.testR2)}, rank correlation ${num(m.testRankCorrelation, 3)}`,
      ],
      [
        'Intervals',
        c === null
          ? 'none: the model predicts no number'
          : `aimed at ${pct(100 * c.target, 0)}, achieved ${pct(100 * c.achieved, 1)} on ${grouped(c.n, 0)} unseen bars (95 % band ${pct(100 * c.low, 1)} to ${pct(100 * c.high, 1)})`,
      ],
      ['Model file', `version ${m.version}, SHA-256 ${m.sha256}`],
    ]) +
      chart +
      table(
        ['Span', 'From', 'To', 'Bars'],
        m.spans.map((s) => [s.name, time(s.fromMs), time(s.toMs), s.to - s.from]),
      ),
  );
}

function metricRows(named: readonly (readonly [string, Metrics])[]): string {
  const rows = named.map(([name, m]) => [
    name,
    signed(m.netReturnPct),
    num(m.sharpe),
    num(m.maxDrawdownPct),
    m.trades,
    num(m.winRatePct, 1),
    num(m.profitFactor),
    num(m.sqn),
    num(m.totalCost),
  ]);
  return table(
    ['', 'Return %', 'Sharpe', 'Drawdown %', 'Trades', 'Win %', 'Profit factor', 'SQN', 'Cost'],
    rows,
  );
}

function backtestSection({ backtest: b }: ReportInput): string {
  if (!b) return '';
  const chart = lineChart(
    'Equity',
    [{ name: `equity, ${b.currency}`, color: '#4c8dff', x: b.equity.timeMs, y: b.equity.equity }],
    date,
    (v) => v.toFixed(0),
  );
  const { genes: g, costs: c } = b;
  const band = `${signed(b.band.stopFirst.netReturnPct)} % if every ambiguous bar hit the stop first, ${signed(b.band.targetFirst.netReturnPct)} % if the target; ${b.band.ambiguousTrades} such trades`;
  return section(
    `Backtest on the ${b.span} span`,
    `<p>${escapeXml(b.honesty)}</p>${metricRows([[b.id, b.metrics]])}${chart}` +
      facts([
        [
          'Genes',
          `threshold ${num(g.entryThreshold)}, stop ${num(g.stopAtr)} ATR, target ${num(g.targetAtr)} ATR, risk ${pct(100 * g.riskFraction)}, holding ${g.maxHoldingBars} bars`,
        ],
        [
          'Costs',
          `spread ${num(c.spreadPips)} pips, commission ${num(c.commissionPerLot)} per lot and side${c.commissionRate ? `, ${pct(100 * c.commissionRate, 3)} of the notional` : ''}, slippage ${num(c.slippagePips)} pips; paid ${num(b.metrics.totalCost)} ${b.currency}`,
        ],
        ['Assumption band', band],
        ['Parameters', b.parameterHash],
      ]),
  );
}

function studySection({ study: s, point }: ReportInput): string {
  if (!s) return '';
  const dots = s.trials.flatMap((t): Dot[] => {
    const [x, y] = [t.objectives[0], t.objectives[1]];
    if (!isKnown(x) || !isKnown(y) || !t.feasible) return [];
    return [{ x, y, kind: t.id === point?.trial.id ? 'chosen' : t.onFront ? 'front' : 'dominated' }];
  });
  const front = s.trials.filter((t) => t.onFront);
  const chart = scatterChart(
    'Return against drawdown',
    dots,
    (v) => `${v.toFixed(1)} %`,
    (v) => `${v.toFixed(1)} %`,
  );
  const comparison = point
    ? metricRows([
        ['in-sample (optimisation span)', point.optimisation.metrics],
        ...(point.test ? [['out-of-sample (test span)', point.test.metrics] as const] : []),
      ])
    : '';
  return section(
    'Study',
    facts([
      [
        'Search',
        `NSGA-II, ${s.evaluations} evaluations in ${num(s.seconds, 1)} s, seed ${s.input.seed}, at least ${s.input.minTrades} trades`,
      ],
      [
        'Front',
        `${front.length} points; ${s.evaluations} trials were tried, so the best in-sample figures flatter`,
      ],
    ]) +
      `<p>Return (across) against drawdown (up), both in-sample. The ringed point was deployed.</p>${chart}${comparison}` +
      table(
        ['Trial', ...OBJECTIVES.map((name) => OBJECTIVE_LABELS[name]), 'Trades'],
        front.slice(0, 30).map((t) => [t.number, ...t.objectives.map((o) => num(o)), t.trades]),
      ),
  );
}

function sessionSection({ session: s, adherence: a }: ReportInput): string {
  if (!s) return '';
  const chart = lineChart(
    'Equity of the session',
    [{ name: `equity, ${s.currency}`, color: '#4c8dff', x: s.equityCurve.timeMs, y: s.equityCurve.equity }],
    date,
    (v) => v.toFixed(0),
  );
  const trades = s.trades
    .slice(0, 50)
    .map((t) => [
      t.direction,
      time(t.entryTimeMs),
      num(t.entryPrice, s.digits),
      time(t.exitTimeMs),
      num(t.exitPrice, s.digits),
      t.exitReason,
      signed(t.netProfit),
      signed(t.netPips, 1),
    ]);
  const compared = a
    ? `decisions ${a.decisionsEqual} of ${a.decisionsCompared}, fills ${a.fillsEqual} of ${a.fillsCompared}`
    : 'not compared';
  return section(
    `${s.badge} session`,
    facts([
      ['Feed', s.feed],
      [
        'Result',
        `${s.decisions} decisions, ${s.orders.length} orders, ${s.fills.length} fills; balance ${num(s.balance)} ${s.currency} after ${num(s.initialBalance)}`,
      ],
      ['Same as the backtester', compared],
      ['Parameters', s.parameterHash],
      ['Unreconciled', s.unreconciled.length === 0 ? 'nothing' : s.unreconciled.join('; ')],
    ]) +
      chart +
      (trades.length > 0
        ? table(['', 'Entry', 'Price', 'Exit', 'Price', 'Reason', `Net ${s.currency}`, 'Pips'], trades)
        : '<p>No trade was closed.</p>'),
  );
}

/** A report as one HTML file without scripts and without anything fetched from elsewhere. */
export function renderReport(input: ReportInput): string {
  const { model } = input;
  const badge = model.synthetic
    ? '<strong class="synthetic">SYNTHETIC: generated data, no real market</strong>'
    : '';
  const body = [historySection, modelSection, backtestSection, studySection, sessionSection]
    .map((part) => part(input))
    .join('');
  const title = `${model.symbol} ${model.timeframe}`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Frontier report: ${escapeXml(title)}</title><style>${STYLE}</style></head><body>
<header><h1>${escapeXml(title)}</h1>${badge}<p>Frontier report of ${time(input.createdMs)}. Past results, simulated ones above all, do not tell the future.</p></header>
${body}</body></html>`;
}
