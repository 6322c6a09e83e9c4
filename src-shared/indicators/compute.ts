import type { Bar } from '../market/bars.ts';
import { checkedValues, paramReader } from './params.ts';
import type { BarSeries, IndicatorContext, IndicatorDef, IndicatorStream, ParamValues } from './types.ts';

/** One output of an indicator over bars. */
export interface ComputedOutput {
  readonly key: string;
  /** One value per bar, NaN where it is not known. */
  readonly values: Float64Array;
  /** Bars by which it is drawn later (positive) or earlier than its bar. */
  readonly shift: number;
  /** 1 for bars at which the line begins anew; absent where it runs on. */
  readonly begins?: Uint8Array;
}

/** A bar with a price that is no number is left out: the indicator goes on as if it were not there. */
function usable(bar: Bar): boolean {
  // One test for four prices: a sum is finite only where every part is.
  return Number.isFinite(bar.open + bar.high + bar.low + bar.close);
}

/**
 * The guard before every indicator: bars that are none give NaN and leave no trace, a volume that is none counts 0.
 */
class Guarded implements IndicatorStream {
  readonly #inner: IndicatorStream;
  readonly #sane = { timeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };

  constructor(inner: IndicatorStream) {
    this.#inner = inner;
  }

  next(bar: Bar, out: Float64Array): void {
    if (!usable(bar)) {
      out.fill(Number.NaN);
      return;
    }
    if (bar.volume >= 0 && bar.volume < Number.POSITIVE_INFINITY) this.#inner.next(bar, out);
    else this.#inner.next(Object.assign(this.#sane, bar, { volume: 0 }), out);
  }
}

/**
 * An indicator that takes bars one at a time, as a live chart does.
 * @throws FrontierError BAD_INPUT for parameters that the definition does not have or that are out of range
 */
export function openIndicator(
  definition: IndicatorDef,
  given: ParamValues,
  context: IndicatorContext,
): IndicatorStream {
  const values = checkedValues(definition, given);
  return new Guarded(definition.create(paramReader(definition, values), context));
}

/**
 * An indicator over many bars: the same stream, in a loop. Only these bars are looked at.
 * @returns one entry per output, in the order of the definition
 * @throws FrontierError BAD_INPUT as `openIndicator`
 */
export function computeIndicator(
  definition: IndicatorDef,
  given: ParamValues,
  bars: BarSeries,
  context: IndicatorContext,
): ComputedOutput[] {
  const values = checkedValues(definition, given);
  const reader = paramReader(definition, values);
  const stream = new Guarded(definition.create(reader, context));
  const count = bars.timeMs.length;
  const columns = definition.outputs.map(() => new Float64Array(count));
  const out = new Float64Array(columns.length);
  const bar = { timeMs: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 };
  for (let i = 0; i < count; i++) {
    bar.timeMs = bars.timeMs[i]!;
    bar.open = bars.open[i]!;
    bar.high = bars.high[i]!;
    bar.low = bars.low[i]!;
    bar.close = bars.close[i]!;
    bar.volume = bars.volume[i]!;
    stream.next(bar, out);
    for (let k = 0; k < columns.length; k++) columns[k]![i] = out[k]!;
  }
  const isFirst = definition.begins?.(reader, context);
  const begins = isFirst && Uint8Array.from(bars.timeMs, (timeMs) => Number(isFirst(timeMs)));
  return definition.outputs.map((output, k) => ({
    key: output.key,
    values: columns[k]!,
    shift: output.shift?.(reader) ?? 0,
    ...(begins ? { begins } : {}),
  }));
}
