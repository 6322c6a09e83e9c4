import { describe, expect, it } from 'vitest';
import type { ChartWindow } from '../../../src-shared/contract/chart.ts';
import { ALL_TIMEFRAMES, type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { BarFeed, type FeedMarket, type WindowQuestion } from './barFeed.ts';
import { detailFor, trimmed } from './barWindow.ts';
import type { Place, ShownBars, Visible } from './priceView.ts';
import { logicalOf, timeAt } from './timeAxis.ts';

const MINUTES = 1_000_000;
const WIDTH_PX = 1200;

/** A market of minutes without gaps from 0 on, in any timeframe. */
function answer({ timeframe, endMs, fromMs, count }: WindowQuestion): ChartWindow {
  const step = timeframeMs(timeframe);
  const total = Math.ceil((MINUTES * 60_000) / step);
  const end = Math.min(total, endMs === undefined ? total : Math.max(0, Math.ceil(endMs / step)));
  const from = fromMs === undefined ? Math.max(0, end - count) : Math.ceil(fromMs / step);
  const to = fromMs === undefined ? end : Math.min(total, from + count);
  const timeMs = Array.from({ length: Math.max(0, to - from) }, (_, i) => (from + i) * step);
  const column = timeMs.map(() => 1);
  return {
    bars: { timeMs, open: column, high: column, low: column, close: column, volume: column },
    timeframe,
    madeFrom: 'M1',
    priceSide: 'bid',
    firstMs: 0,
    lastMs: (total - 1) * step,
    total,
    before: from > 0,
    after: to < total,
    marked: timeMs.filter((ms) => ms % (step * 1000) === 0),
    lastPartial: to === total,
  };
}

/** A chart without a screen: what it would show, moved as a trader moves it. */
class FakeView {
  held = false;
  shown: ShownBars | undefined;
  range = { from: 0, to: 160 };

  setBars(shown: ShownBars, place: Place): void {
    const before = this.visible();
    this.shown = shown;
    if (place.kind !== 'keep') this.look(place);
    else if (before) this.look({ kind: 'span', fromMs: before.fromMs, toMs: before.toMs });
  }

  look(place: Exclude<Place, { kind: 'keep' }>): void {
    const { bars, frameMs } = this.shown!;
    const at = (ms: number) => logicalOf(bars.timeMs, ms, frameMs);
    const last = bars.timeMs.length;
    if (place.kind === 'latest') this.range = { from: last - (place.bars ?? 160), to: last + 16 };
    else if (place.kind === 'span') this.range = { from: at(place.fromMs), to: at(place.toMs) };
    else this.range = { from: at(place.ms) - place.bars / 2, to: at(place.ms) + place.bars / 2 };
  }

  visible(): Visible | undefined {
    if (!this.shown || this.shown.bars.timeMs.length === 0) return undefined;
    const { bars, frameMs } = this.shown;
    const { from, to } = this.range;
    return {
      from,
      to,
      fromMs: timeAt(bars.timeMs, from, frameMs),
      toMs: timeAt(bars.timeMs, to, frameMs),
      widthPx: WIDTH_PX,
    };
  }
}

function chart(options: { readonly fail?: (question: WindowQuestion) => boolean } = {}) {
  const view = new FakeView();
  const questions: WindowQuestion[] = [];
  const feed = new BarFeed(
    view,
    async (question) => {
      questions.push(question);
      if (options.fail?.(question)) throw new Error('no answer');
      return answer(question);
    },
    () => undefined,
  );
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
  const move = async (from: number, to: number) => {
    view.range = { from, to };
    feed.moved(view.visible()!);
    await settle();
  };
  return { view, feed, questions, settle, move };
}

let serial = 0;
/** Every test looks at a market of its own: charts remember where they were. */
const market = (timeframe: AnyTimeframe = 'M1', symbol = `TEST${serial++}`): FeedMarket => ({
  symbol,
  timeframe,
  digits: 5,
  available: ALL_TIMEFRAMES,
  version: 'v1',
});

describe('the bars of a chart', () => {
  it('CHART-7: opens at the newest bars with one question', async () => {
    const { view, feed, questions, settle } = chart();
    feed.open(market());
    await settle();
    expect(questions).toHaveLength(1);
    expect(view.shown?.bars.timeMs.at(-1)).toBe((MINUTES - 1) * 60_000);
    expect(view.shown?.lastPartial).toBe(true);
  });

  it('CHART-7: walks far back and forth again without ever running out of bars or holding too many', async () => {
    const { view, feed, move, settle } = chart();
    feed.open(market());
    await settle();
    for (const by of [-120, 120]) {
      for (let i = 0; i < 150; i++) {
        const { from, to } = view.range;
        const visible = view.visible()!;
        await move(from + by, to + by);
        const now = view.visible()!;
        // The picture moved by as many bars as asked, whatever was loaded and dropped.
        expect(Math.round((now.fromMs - visible.fromMs) / 60_000)).toBe(by);
        const count = view.shown!.bars.timeMs.length;
        expect(count).toBeLessThanOrEqual(10_100);
        expect(view.range.from).toBeGreaterThan(0);
        if (by < 0 || i < 140) expect(view.range.to).toBeLessThan(count + 20);
        const { timeMs } = view.shown!.bars;
        expect(timeMs.at(-1)! - timeMs[0]!).toBe((count - 1) * 60_000);
      }
    }
  });

  it('CHART-8: shows longer bars when zoomed out and goes back when zoomed in, the edges staying', async () => {
    const { view, feed, move, settle } = chart();
    feed.open(market());
    await settle();
    const { to } = view.range;
    await move(to - 1900, to);
    expect(feed.state.window?.timeframe).toBe('M5');
    const wide = view.visible()!;
    expect(wide.toMs - wide.fromMs).toBeCloseTo(1900 * 60_000, -3);
    await move(view.range.to - 20_000, view.range.to);
    expect(feed.state.window?.timeframe).toBe('H4');
    // Two hours of minutes.
    await move(view.range.to - 0.5, view.range.to);
    expect(feed.state.window?.timeframe).toBe('M1');
    expect(view.range.to - view.range.from).toBeCloseTo(120, 6);
  });

  it('CHART-8: fits the whole history, and goes to a date and to the newest bar in the chosen timeframe', async () => {
    const { view, feed, settle } = chart();
    feed.open(market());
    await settle();
    feed.fit();
    await settle();
    expect(feed.state.window?.timeframe).toBe('D1');
    expect(view.range.from).toBeLessThan(0);
    expect(view.range.to).toBeGreaterThan(view.shown!.bars.timeMs.length - 1);
    const ms = 123_456 * 60_000;
    feed.goTo(ms);
    await settle();
    expect(feed.state.window?.timeframe).toBe('M1');
    const { fromMs, toMs } = view.visible()!;
    expect((fromMs + toMs) / 2).toBeCloseTo(ms, -3);
    feed.latest();
    await settle();
    expect(view.shown?.bars.timeMs.at(-1)).toBe((MINUTES - 1) * 60_000);
  });

  it('keeps the instants when the timeframe changes, and where each market was looked at', async () => {
    const { view, feed, settle } = chart();
    const minutes = market();
    feed.open(minutes);
    await settle();
    feed.goTo(500_000 * 60_000);
    await settle();
    const { symbol } = minutes;
    feed.open(market('H1', symbol));
    await settle();
    const hours = view.visible()!;
    expect((hours.fromMs + hours.toMs) / 2).toBeCloseTo(500_000 * 60_000, -3);
    feed.open(market());
    await settle();
    feed.open(minutes);
    await settle();
    const back = view.visible()!;
    expect((back.fromMs + back.toMs) / 2).toBeCloseTo(500_000 * 60_000, -3);
  });

  it('leaves the right end alone while the pointer is held, and catches up when it is let go', async () => {
    const { view, feed, move, settle } = chart();
    feed.open(market());
    await settle();
    feed.goTo(500_000 * 60_000);
    await settle();
    const lastMs = () => view.shown!.bars.timeMs.at(-1)!;
    view.held = true;
    const held = lastMs();
    const count = view.shown!.bars.timeMs.length;
    await move(count - 200, count - 40);
    expect(lastMs()).toBe(held);
    const before = view.visible()!;
    view.held = false;
    feed.released();
    await settle();
    expect(lastMs()).toBeGreaterThan(held);
    expect(view.visible()!.fromMs).toBeCloseTo(before.fromMs, -2);
  });

  it('says what failed, asks for it again only when told to, and drops answers to earlier questions', async () => {
    let down = true;
    const { view, feed, questions, move, settle } = chart({ fail: (q) => down && q.endMs !== undefined });
    feed.open(market());
    await settle();
    await move(-10, 150);
    expect(feed.state.error).toBeInstanceOf(Error);
    expect(feed.state.window).toBeDefined();
    const { length } = questions;
    await move(-20, 140);
    expect(questions).toHaveLength(length);
    down = false;
    feed.retry();
    await settle();
    expect(feed.state.error).toBeUndefined();
    expect(view.range.from).toBeGreaterThan(0);
    feed.open(market('H1'));
    const last = market('H4');
    feed.open(last);
    await settle();
    expect(feed.state.window?.timeframe).toBe('H4');
  });
});

describe('which bars are shown', () => {
  const all = ALL_TIMEFRAMES;

  it('CHART-8: are the shortest that can be told apart, from the chosen timeframe up', () => {
    // 1200 px: at most 1500 bars.
    expect(detailFor('M1', 'M1', 1500, 1200, all)).toBe('M1');
    expect(detailFor('M1', 'M1', 1501, 1200, all)).toBe('M5');
    expect(detailFor('M1', 'M1', 100_000, 1200, all)).toBe('H4');
    expect(detailFor('H4', 'H4', 1501, 1200, all)).toBe('D1');
    expect(detailFor('M1', 'M1', 1e9, 1200, ['M1', 'M5', 'H1'])).toBe('H1');
  });

  it('CHART-8: change back later than they changed', () => {
    // 280 bars of M5 are 1400 of M1: few enough to stay, too many to go back.
    expect(detailFor('M1', 'M5', 280, 1200, all)).toBe('M5');
    expect(detailFor('M1', 'M5', 200, 1200, all)).toBe('M1');
  });

  it('CHART-7: drops rows with their marks and knows that there are more', () => {
    const held = answer({ symbol: 'X', timeframe: 'M1', count: 3000 });
    const cut = trimmed(held, 1500, 2500);
    expect(cut.bars.timeMs).toEqual(held.bars.timeMs.slice(1500, 2500));
    expect([cut.before, cut.after, cut.lastPartial]).toEqual([true, true, false]);
    expect(cut.marked.every((ms) => cut.bars.timeMs.includes(ms))).toBe(true);
    expect(cut.marked.length).toBe(1);
    expect(trimmed(held, -5, 9999)).toBe(held);
  });
});
