/**
 * Instants beyond the bars of a chart. Between bars the axis interpolates; before the first and after the last one it
 * would count steps of the timeframe, nights and weekends included, and a line that begins before the loaded bars would
 * change its slope with every stretch that is loaded. Here bars are counted where the market was open.
 */
import type { MarketCalendar, Session } from '../../../../src-shared/market/calendars.ts';
import type { Projection } from './geometry.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
/** Sessions are asked for in stretches of this length. */
const STRETCH_MS = 4 * WEEK_MS;
/** A calendar that stays closed for longer is none to count with. */
const MOST_STRETCHES = 400;

/** Bars that a whole session has: the last one may be cut off by the close. */
function barsOf(session: Session, frameMs: number): number {
  return Math.ceil((session.closeMs - session.openMs) / frameMs);
}

/** Bars (with fractions) that a market makes from one instant to a later one. */
export function barsBetween(calendar: MarketCalendar, fromMs: number, toMs: number, frameMs: number): number {
  let bars = 0;
  for (const session of calendar.sessions(fromMs, toMs)) {
    const open = Math.min(session.closeMs, toMs) - Math.max(session.openMs, fromMs);
    bars += (barsOf(session, frameMs) * open) / (session.closeMs - session.openMs);
  }
  return bars;
}

/** Sessions from an instant on, forwards or backwards in time, each clipped at it. */
function* sessionsFrom(calendar: MarketCalendar, ms: number, forwards: boolean): Generator<Session> {
  let edge = ms;
  for (let i = 0; i < MOST_STRETCHES; i++) {
    const [from, to] = forwards ? [edge, edge + STRETCH_MS] : [edge - STRETCH_MS, edge];
    const found = calendar.sessions(from, to);
    // A session over the end of the stretch is met whole; the next stretch begins behind it.
    yield* forwards ? found : [...found].reverse();
    const last = forwards ? found.at(-1) : found[0];
    edge = forwards ? Math.max(to, last?.closeMs ?? to) : Math.min(from, last?.openMs ?? from);
  }
}

/** The instant that lies `bars` bars after another one; before it where `bars` is negative. */
export function barsFrom(calendar: MarketCalendar, ms: number, bars: number, frameMs: number): number {
  let left = Math.abs(bars);
  if (left === 0) return ms;
  const forwards = bars > 0;
  for (const session of sessionsFrom(calendar, ms, forwards)) {
    const from = forwards ? Math.max(ms, session.openMs) : session.openMs;
    const to = forwards ? session.closeMs : Math.min(ms, session.closeMs);
    const perMs = barsOf(session, frameMs) / (session.closeMs - session.openMs);
    const here = (to - from) * perMs;
    if (here >= left) return forwards ? from + left / perMs : to - left / perMs;
    left -= here;
  }
  return ms + bars * frameMs;
}

interface View extends Projection {
  xToTime(x: number): number | null;
  yToPrice(y: number): number | null;
  readonly bars: { readonly timeMs: readonly number[] } | undefined;
}

/** How the axis of a chart goes on beyond its bars. */
export interface AxisRule {
  /** Undefined where bars follow each other without a pause, or are weeks and months. */
  readonly calendar: MarketCalendar | undefined;
  readonly frameMs: number;
}

/** Places of instants and prices on a chart, also far beyond its bars. */
export class TradingAxis implements Projection {
  rule: AxisRule = { calendar: undefined, frameMs: 60_000 };
  private readonly view: View;
  /** Bars between the ends of the chart and instants beyond them: asked for with every frame, so kept. */
  private kept = new Map<number, number>();
  private keptFor = '';

  constructor(view: View) {
    this.view = view;
  }

  private ends(): { firstMs: number; lastMs: number; dx: number } | undefined {
    const times = this.view.bars?.timeMs;
    const [firstMs, lastMs] = [times?.[0], times?.at(-1)];
    if (firstMs === undefined || lastMs === undefined || !this.rule.calendar) return undefined;
    const x = this.view.timeToX(firstMs);
    const before = this.view.timeToX(firstMs - this.rule.frameMs);
    return x === null || before === null || x <= before ? undefined : { firstMs, lastMs, dx: x - before };
  }

  /** Bars from one instant to another, remembered until the ends of the chart or the rule change. */
  private count(ends: { firstMs: number; lastMs: number }, ms: number): number {
    const { calendar, frameMs } = this.rule;
    const key = `${ends.firstMs} ${ends.lastMs} ${frameMs} ${calendar?.name}`;
    if (key !== this.keptFor) [this.kept, this.keptFor] = [new Map(), key];
    let bars = this.kept.get(ms);
    if (bars === undefined && calendar) {
      bars =
        ms < ends.firstMs
          ? -barsBetween(calendar, ms, ends.firstMs, frameMs)
          : barsBetween(calendar, ends.lastMs, ms, frameMs);
      this.kept.set(ms, bars);
    }
    return bars ?? 0;
  }

  timeToX(ms: number): number | null {
    const ends = this.ends();
    if (!ends || (ms >= ends.firstMs && ms <= ends.lastMs)) return this.view.timeToX(ms);
    const x = this.view.timeToX(ms < ends.firstMs ? ends.firstMs : ends.lastMs);
    return x === null ? null : x + this.count(ends, ms) * ends.dx;
  }

  xToTime(x: number): number | null {
    const ends = this.ends();
    const { calendar, frameMs } = this.rule;
    const first = ends && this.view.timeToX(ends.firstMs);
    const last = ends && this.view.timeToX(ends.lastMs);
    if (!ends || !calendar || first == null || last == null) return this.view.xToTime(x);
    if (x < first) return barsFrom(calendar, ends.firstMs, (x - first) / ends.dx, frameMs);
    if (x > last) return barsFrom(calendar, ends.lastMs, (x - last) / ends.dx, frameMs);
    return this.view.xToTime(x);
  }

  priceToY(price: number): number | null {
    return this.view.priceToY(price);
  }

  yToPrice(y: number): number | null {
    return this.view.yToPrice(y);
  }
}
