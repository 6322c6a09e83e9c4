/** A pointer on the price pane. */
export interface PricePointer {
  readonly type: 'down' | 'move' | 'up' | 'leave';
  /** Pixels from the top left of the price pane. */
  readonly x: number;
  readonly y: number;
  /** The instant, also between bars and beyond the ends. */
  readonly timeMs: number;
  readonly price: number;
  /** The browser's event; `preventDefault` and `stopPropagation` keep it from the chart. */
  readonly event: PointerEvent;
}

interface Scales {
  readonly chart: { panes(): Array<{ getHTMLElement(): HTMLElement | null }> };
  xToTime(x: number): number | null;
  yToPrice(y: number): number | null;
}

const TYPES = { pointerdown: 'down', pointermove: 'move', pointerup: 'up', pointercancel: 'up' } as const;

/** Hears the pointer over the price pane before the chart library does, and until a held button is let go anywhere. */
export class PointerWatch {
  /** A button is held that was pressed on the chart. */
  held = false;
  private readonly box: HTMLElement;
  private readonly scales: Scales;
  private readonly listeners = new Set<(pointer: PricePointer) => void>();
  private readonly abort = new AbortController();

  constructor(box: HTMLElement, scales: Scales) {
    this.box = box;
    this.scales = scales;
    const options = { capture: true, signal: this.abort.signal };
    for (const name of ['pointerdown', 'pointermove'] as const)
      box.addEventListener(name, (event) => this.hear(event), options);
    for (const name of ['pointerup', 'pointercancel'] as const)
      window.addEventListener(name, (event) => this.held && this.hear(event), options);
    box.addEventListener('pointerleave', (event) => this.hear(event), options);
  }

  listen(listener: (pointer: PricePointer) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private hear(event: PointerEvent): void {
    if (event.type === 'pointerdown') this.held = true;
    if (event.type === 'pointerup' || event.type === 'pointercancel') this.held = false;
    if (this.listeners.size === 0) return;
    const type = event.type === 'pointerleave' ? 'leave' : TYPES[event.type as keyof typeof TYPES];
    const canvas = this.scales.chart.panes()[0]?.getHTMLElement()?.querySelector('canvas');
    if (!canvas || !type) return;
    const pane = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - pane.left, event.clientY - pane.top];
    // A drag goes on outside the pane; everything else begins inside.
    const inside = x >= 0 && y >= 0 && x <= pane.width && y <= pane.height;
    if (!inside && !this.held && type !== 'leave' && type !== 'up') return;
    if (!inside && type === 'down') return;
    const timeMs = this.scales.xToTime(x);
    const price = this.scales.yToPrice(y);
    if (timeMs === null || price === null) return;
    for (const listener of this.listeners) listener({ type, x, y, timeMs, price, event });
  }

  dispose(): void {
    this.abort.abort();
    this.listeners.clear();
    void this.box;
  }
}
