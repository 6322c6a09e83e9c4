import type { ChartWindow } from '../../../src-shared/contract/chart.ts';
import type { PriceSide } from '../../../src-shared/market/bars.ts';
import { type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { type BarWindow, detailFor, trimmed, withNewer, withOlder } from './barWindow.ts';
import { BARS_AT_FIRST, type Place, type ShownBars, type Visible } from './timeView.ts';

/** What a chart shows the bars of. */
export interface FeedMarket {
  readonly symbol: string;
  /** The chosen timeframe; zoomed out, a longer one is shown. */
  readonly timeframe: AnyTimeframe;
  readonly priceSide?: PriceSide | undefined;
  readonly digits: number;
  /** Timeframes that can be made. */
  readonly available: readonly AnyTimeframe[];
  /** Changes with the stored bars. */
  readonly version: string;
}

export interface WindowQuestion {
  readonly symbol: string;
  readonly timeframe: AnyTimeframe;
  readonly priceSide?: PriceSide;
  readonly endMs?: number;
  readonly fromMs?: number;
  readonly count: number;
}

/** The part of a chart that a feed drives. */
export interface FeedView {
  setBars(shown: ShownBars, place: Place): void;
  look(place: Exclude<Place, { kind: 'keep' }>): void;
  visible(): Visible | undefined;
  readonly held: boolean;
}

export interface FeedState {
  readonly window: BarWindow | undefined;
  readonly busy: boolean;
  readonly error: unknown;
}

const FIRST_BARS = 2_000;
/** Bars held at most, unless more are visible. */
const MOST_BARS = 8_000;
const LARGEST_QUESTION = 20_000;
/** How many screens of bars are held on either side before more are asked for. */
const AHEAD_SCREENS = 1;
const LEAST_AHEAD_BARS = 250;

/** Where each market was looked at and what was held then, for as long as the window is open. */
const seen = new Map<string, { readonly window: BarWindow; readonly place: Place }>();
const MOST_SEEN = 6;

type Task =
  | {
      readonly kind: 'open';
      readonly frame: AnyTimeframe;
      readonly endMs?: number;
      readonly count: number;
      readonly place: Place;
    }
  | { readonly kind: 'older' | 'newer' };

/**
 * Loads the bars around what a chart shows, one question at a time, and decides which timeframe that is (CHART-7,
 * CHART-8). Drives the chart directly: nothing of it waits for a rendering.
 */
export class BarFeed {
  state: FeedState = { window: undefined, busy: false, error: undefined };
  private market: FeedMarket | undefined;
  private readonly view: FeedView;
  private readonly ask: (question: WindowQuestion) => Promise<ChartWindow>;
  private readonly changed: () => void;
  /** Counts markets and places: an answer to an earlier one is dropped. */
  private turn = 0;
  private running = false;
  private waiting: Task | undefined;
  /** The last task failed; moving the chart does not repeat it, `retry` does. */
  private failed: Task | undefined;
  private applying = false;
  private postponed: (() => void) | undefined;

  /** @param changed hears of every new state, after the chart has the bars */
  constructor(view: FeedView, ask: (question: WindowQuestion) => Promise<ChartWindow>, changed: () => void) {
    this.view = view;
    this.ask = ask;
    this.changed = changed;
  }

  private get key(): string {
    const { symbol, timeframe, priceSide, version } = this.market!;
    return `${symbol} ${timeframe} ${priceSide ?? ''} ${version}`;
  }

  /** Shows a market: where it was looked at before; the same symbol at the same instants; else its newest bars. */
  open(market: FeedMarket): void {
    const before = this.market;
    const visible = this.state.window && this.view.visible();
    const atEnd = visible && this.atNewest(visible);
    this.remember();
    this.market = market;
    this.turn += 1;
    this.waiting = undefined;
    this.postponed = undefined;
    const known = seen.get(this.key);
    if (known) {
      this.apply(known.window, known.place);
      return;
    }
    const same = before?.symbol === market.symbol;
    // Bars of one symbol never stand under the name of another.
    if (!same) this.set({ window: undefined, error: undefined });
    if (same && visible && !atEnd) this.around((visible.fromMs + visible.toMs) / 2, before, market, visible);
    else this.start({ kind: 'open', frame: market.timeframe, count: FIRST_BARS, place: { kind: 'latest' } });
  }

  /** The same symbol in another timeframe or of other content: what is in the middle stays there. */
  private around(ms: number, before: FeedMarket, market: FeedMarket, visible: Visible): void {
    const sameFrame = before.timeframe === market.timeframe;
    const frame = sameFrame ? (this.state.window?.timeframe ?? market.timeframe) : market.timeframe;
    const bars = sameFrame ? visible.to - visible.from : BARS_AT_FIRST;
    this.start(this.centred(frame, ms, bars));
  }

  private centred(frame: AnyTimeframe, ms: number, bars: number): Task {
    const count = Math.min(LARGEST_QUESTION, Math.max(FIRST_BARS, Math.ceil(3 * bars)));
    const endMs = ms + 0.5 * count * timeframeMs(frame);
    return { kind: 'open', frame, endMs, count, place: { kind: 'centre', ms, bars } };
  }

  private atNewest({ to }: Visible): boolean {
    const { window } = this.state;
    return window !== undefined && !window.after && to >= window.bars.timeMs.length - 1;
  }

  /** Goes to an instant; the number of visible bars stays. */
  goTo(ms: number): void {
    const visible = this.view.visible();
    const bars = visible && visible.to - visible.from < 1000 ? visible.to - visible.from : BARS_AT_FIRST;
    const { window } = this.state;
    const times = window?.bars.timeMs;
    const inside = times && times.length > 0 && ms >= times[0]! && ms <= times.at(-1)!;
    if (inside && window?.timeframe === this.market?.timeframe) this.view.look({ kind: 'centre', ms, bars });
    else if (this.market) this.start(this.centred(this.market.timeframe, ms, bars));
  }

  /** Goes to the newest bar of the chosen timeframe. */
  latest(): void {
    const { window } = this.state;
    if (!this.market || !window) return;
    if (!window.after && window.timeframe === this.market.timeframe) this.view.look({ kind: 'latest' });
    else {
      const frame = this.market.timeframe;
      this.start({ kind: 'open', frame, count: FIRST_BARS, place: { kind: 'latest' } });
    }
  }

  /** Shows the whole history. */
  fit(): void {
    const { window } = this.state;
    const widthPx = this.view.visible()?.widthPx ?? 0;
    if (!this.market || !window || window.firstMs === null || window.lastMs === null) return;
    const { timeframe, available } = this.market;
    const frame = detailFor(timeframe, window.timeframe, window.total, widthPx, available);
    const pad = 0.02 * (window.lastMs - window.firstMs) + timeframeMs(frame);
    const place: Place = { kind: 'span', fromMs: window.firstMs - pad, toMs: window.lastMs + pad };
    if (frame === window.timeframe && !window.before && !window.after) this.view.look(place);
    else this.start({ kind: 'open', frame, count: LARGEST_QUESTION, place });
  }

  /** The picture has moved: loads what it will soon show. */
  moved(visible: Visible): void {
    if (this.applying || !this.market || !this.state.window || this.failed) return;
    const task = this.wanted(visible);
    if (task) this.start(task);
  }

  private wanted(visible: Visible): Task | undefined {
    const { window } = this.state;
    const { market } = this;
    if (!window || !market) return undefined;
    const bars = visible.to - visible.from;
    const frame = detailFor(market.timeframe, window.timeframe, bars, visible.widthPx, market.available);
    if (frame !== window.timeframe) {
      const inFrame = (bars * timeframeMs(window.timeframe)) / timeframeMs(frame);
      const count = Math.min(LARGEST_QUESTION, Math.max(1000, Math.ceil(3.5 * inFrame)));
      const endMs = visible.toMs + 1.2 * (visible.toMs - visible.fromMs);
      return { kind: 'open', frame, endMs, count, place: { kind: 'keep' } };
    }
    const ahead = Math.max(LEAST_AHEAD_BARS, AHEAD_SCREENS * bars);
    if (window.before && visible.from < ahead) return { kind: 'older' };
    if (window.after && window.bars.timeMs.length - visible.to < ahead) return { kind: 'newer' };
    return undefined;
  }

  /** The pointer was let go: what had to wait for that is done. */
  released(): void {
    const apply = this.postponed;
    this.postponed = undefined;
    apply?.();
    const visible = this.view.visible();
    if (visible) this.moved(visible);
  }

  /** The chart goes away: answers that are on their way change nothing. */
  end(): void {
    this.turn += 1;
    this.market = undefined;
    this.waiting = undefined;
  }

  retry(): void {
    const task = this.failed;
    this.failed = undefined;
    if (task) this.start(task);
  }

  /** Keeps where the market was looked at. */
  remember(): void {
    const { window } = this.state;
    const visible = this.view.visible();
    if (!this.market || !window || !visible) return;
    seen.delete(this.key);
    const { fromMs, toMs } = visible;
    const place: Place = this.atNewest(visible)
      ? { kind: 'latest', bars: Math.max(20, Math.round((visible.to - visible.from) / 1.1)) }
      : { kind: 'span', fromMs, toMs };
    seen.set(this.key, { window, place });
    const oldest = seen.keys().next();
    if (seen.size > MOST_SEEN && !oldest.done) seen.delete(oldest.value);
  }

  private set(state: Partial<FeedState>): void {
    this.state = { ...this.state, ...state };
    this.changed();
  }

  /** One question at a time: what is wanted meanwhile waits, a new place before more of the old one. */
  private start(task: Task): void {
    if (this.running || this.postponed) {
      if (task.kind === 'open' && task.place.kind !== 'keep') this.waiting = task;
      return;
    }
    void this.run(task);
  }

  private async run(task: Task): Promise<void> {
    const { market, turn } = this;
    if (!market) return;
    this.running = true;
    this.failed = undefined;
    this.set({ busy: true, error: undefined });
    try {
      const answer = await this.ask(this.question(task, market));
      if (turn === this.turn && !this.waiting) this.arrived(task, answer);
      else if (turn === this.turn) this.set({ busy: false });
    } catch (error) {
      if (turn === this.turn) {
        this.failed = task;
        const isNew = task.kind === 'open' && task.place.kind !== 'keep';
        this.set({ busy: false, error, ...(isNew ? { window: undefined } : {}) });
      }
    } finally {
      this.running = false;
    }
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) this.start(waiting);
    else if (turn === this.turn) {
      const visible = this.view.visible();
      if (visible) this.moved(visible);
    }
  }

  private question(task: Task, { symbol, priceSide }: FeedMarket): WindowQuestion {
    const side = priceSide === undefined ? {} : { priceSide };
    if (task.kind === 'open') {
      const end = task.endMs === undefined ? {} : { endMs: task.endMs };
      return { symbol, timeframe: task.frame, count: task.count, ...side, ...end };
    }
    const { bars, timeframe } = this.state.window!;
    const visible = this.view.visible();
    const count = Math.min(
      6000,
      Math.max(FIRST_BARS, Math.ceil(2 * ((visible?.to ?? 0) - (visible?.from ?? 0)))),
    );
    return task.kind === 'older'
      ? { symbol, timeframe, count, endMs: bars.timeMs[0]!, ...side }
      : { symbol, timeframe, count, fromMs: bars.timeMs.at(-1)! + 1, ...side };
  }

  private arrived(task: Task, answer: ChartWindow): void {
    if (task.kind === 'open') {
      this.whenFree(() => this.apply(answer, task.place));
      return;
    }
    const held = this.state.window;
    if (!held) return;
    const isOlder = task.kind === 'older';
    const joined = isOlder ? withOlder(held, answer) : withNewer(held, answer);
    // Bars before the first move nothing. The other end is what the chart library counts a drag from.
    if (isOlder && this.view.held) this.apply(joined, { kind: 'keep' });
    else
      this.whenFree(() =>
        this.apply(this.bounded(joined, joined.bars.timeMs.length - held.bars.timeMs.length, isOlder), {
          kind: 'keep',
        }),
      );
  }

  private whenFree(apply: () => void): void {
    if (!this.view.held) apply();
    else {
      const { turn } = this;
      this.postponed = () => turn === this.turn && apply();
      this.set({ busy: false });
    }
  }

  /** Drops what is far from the picture. `added` rows lie before or after those that the picture counts. */
  private bounded(joined: BarWindow, added: number, before: boolean): BarWindow {
    const visible = this.view.visible();
    const count = joined.bars.timeMs.length;
    if (!visible || count <= MOST_BARS) return joined;
    const shift = before ? added : 0;
    const room = Math.max((MOST_BARS - (visible.to - visible.from)) / 2, 2 * (visible.to - visible.from));
    return trimmed(joined, visible.from + shift - room, visible.to + shift + room);
  }

  private apply(window: BarWindow, place: Place): void {
    const { market } = this;
    if (!market) return;
    this.applying = true;
    const shown = {
      bars: window.bars,
      frameMs: timeframeMs(window.timeframe),
      digits: market.digits,
      lastPartial: window.lastPartial,
      endsNow: !window.after,
    };
    try {
      this.view.setBars(shown, place);
    } finally {
      this.applying = false;
    }
    this.set({ window, busy: false, error: undefined });
  }
}
