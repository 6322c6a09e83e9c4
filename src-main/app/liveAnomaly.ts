/** ORD-24 bar by bar: what an anomaly model says of the window that a live session has just closed. */
import { NAMING_CONTEXT_BARS, nameWindow } from '../../src-shared/indicators/patterns/windowName.ts';
import { allocateBars, type Bar, type BarColumns } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { anomalyBlock, type EntryBlock } from '../../src-shared/trading/entryMask.ts';
import { applyScaler, IncrementalFeatures } from '../features/index.ts';
import { FeatureWindow } from '../live/window.ts';
import type { Predictor } from '../models/predictor.ts';
import type { ModelManifest } from '../store/manifest.ts';
import { thresholdOf } from './anomalyRule.ts';

/** Takes closed bars and judges the newest window: with the same error, bit for bit, as a backtest of these bars. */
export class LiveAnomaly {
  readonly #manifest: ModelManifest;
  readonly #predictor: Predictor;
  readonly #threshold: number;
  readonly #features: IncrementalFeatures;
  readonly #window: FeatureWindow;
  /** As many of the newest bars as a figure is looked for in. */
  readonly #bars: Bar[] = [];
  /** Of the newest bar; NaN until it is judged. */
  #error = Number.NaN;

  /** @throws FrontierError CORRUPT for a model without a threshold */
  constructor(manifest: ModelManifest, predictor: Predictor) {
    this.#manifest = manifest;
    this.#predictor = predictor;
    this.#threshold = thresholdOf(manifest);
    this.#features = new IncrementalFeatures(instrumentFor(manifest.symbol), manifest.features);
    this.#window = new FeatureWindow(manifest.windowBars);
  }

  push(bar: Bar): void {
    this.#window.push(this.#features.push(bar).values);
    this.#bars.push(bar);
    if (this.#bars.length > this.#manifest.windowBars + NAMING_CONTEXT_BARS) this.#bars.shift();
    this.#error = Number.NaN;
  }

  /** Asks the model about the window that ends with the bar pushed last; nothing where it is not complete. */
  async judge(): Promise<void> {
    const window = this.#window.view();
    if (window === undefined) return;
    const { scaler, windowBars } = this.#manifest;
    const [error] = await this.#predictor.predict(applyScaler(scaler, window, windowBars), 1);
    this.#error = error!;
  }

  /** ORD-24 for the bar pushed and judged last; of any other it cannot say anything, which forbids the entry. */
  block(barTimeMs: number): EntryBlock | undefined {
    const error = this.#bars.at(-1)?.timeMs === barTimeMs ? this.#error : Number.NaN;
    const { windowBars } = this.#manifest;
    return anomalyBlock(error, this.#threshold, () => {
      const seen = columnsOf(this.#bars);
      return nameWindow(seen, seen.timeMs.length - 1, windowBars)?.name;
    });
  }

  /** Frees the model. */
  close(): Promise<void> {
    return this.#predictor.close();
  }
}

function columnsOf(bars: readonly Bar[]): BarColumns {
  const columns = allocateBars(bars.length);
  bars.forEach((bar, i) => {
    columns.timeMs[i] = bar.timeMs;
    columns.open[i] = bar.open;
    columns.high[i] = bar.high;
    columns.low[i] = bar.low;
    columns.close[i] = bar.close;
    columns.volume[i] = bar.volume;
  });
  return columns;
}
