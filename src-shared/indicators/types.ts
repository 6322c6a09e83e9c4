import type { Bar } from '../market/bars.ts';
import type { Instrument } from '../market/instruments.ts';
import type { AnyTimeframe } from '../market/timeframes.ts';

/** Bars as columns of any array kind: typed arrays in the engine, plain arrays as they travel to the renderer. */
export interface BarSeries {
  readonly timeMs: ArrayLike<number>;
  readonly open: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly close: ArrayLike<number>;
  readonly volume: ArrayLike<number>;
}

/** What an indicator must know of its market: the calendar says where trading days begin. */
export interface IndicatorContext {
  readonly calendar: Instrument['calendar'];
  readonly timeframe: AnyTimeframe;
}

interface ParamBase {
  readonly key: string;
  readonly label: string;
}
/** A parameter that is a number; `int` allows whole numbers only. */
export interface NumberParam extends ParamBase {
  readonly type: 'int' | 'number';
  readonly min: number;
  readonly max: number;
  /** Step of the field that edits it. */
  readonly step: number;
  readonly default: number;
}
/** A parameter that is one of a few names. */
export interface ChoiceParam extends ParamBase {
  readonly type: 'choice';
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly default: string;
}
export type ParamDef = NumberParam | ChoiceParam;

/** Values of parameters by key. */
export type ParamValues = Readonly<Record<string, number | string>>;

/** Reads values of known parameters. @throws Error for a key that the definition does not have: a bug, not bad input */
export interface ParamReader {
  number(key: string): number;
  choice(key: string): string;
}

/**
 * How an output is drawn. `bars` is a histogram from 0, `dots` one mark per bar. The colour is an index into the
 * palette of lines, or follows the sign (`signed`) or the direction of the bar (`bar`).
 */
export interface OutputDef {
  readonly key: string;
  readonly name: string;
  readonly style: 'line' | 'bars' | 'dots';
  readonly tone: number | 'up' | 'down' | 'signed' | 'bar' | 'faint';
  readonly dashed?: boolean;
  /** A level that holds for a while: drawn flat, without the stroke from one level to the next. */
  readonly steps?: boolean;
  /** Known in some states only (one side of a trend); NaN in the others. */
  readonly partTime?: boolean;
  /** Bars by which the output is drawn later (positive) or earlier than the bar whose close made it known. */
  readonly shift?: (p: ParamReader) => number;
}

/** An area between two outputs of the same shift. `signed`: coloured by which of the two is above. */
export interface FillDef {
  readonly upper: string;
  readonly lower: string;
  readonly tone: number | 'signed';
}

/**
 * One indicator at work: takes bars one by one, in order.
 * `next` writes every output (in the order of the definition) into `out`; NaN where it is not known.
 */
export interface IndicatorStream {
  next(bar: Bar, out: Float64Array): void;
}

/** Everything the workstation knows of an indicator. The formula and its source are told beside `create`. */
export interface IndicatorDef {
  /** Stable: layouts remember it. */
  readonly id: string;
  readonly name: string;
  /** As traders abbreviate it; the legend shows it with the parameters. */
  readonly short: string;
  /** Drawn over the candles, or in a pane of its own. */
  readonly group: 'overlay' | 'pane';
  /** One sentence: what it tells. */
  readonly about: string;
  readonly params: readonly ParamDef[];
  readonly outputs: readonly OutputDef[];
  readonly fills?: readonly FillDef[];
  /** Levels that are drawn across the pane. */
  readonly levels?: readonly number[];
  /** False where its levels may lie far from the price: the scale of the candles does not follow it then. */
  readonly scales?: boolean;
  /** Fixed scale of the pane, e.g. 0 to 100. */
  readonly scale?: readonly [number, number];
  /** In what its values are: `price` follows the instrument's digits. */
  readonly unit: 'price' | 'percent' | 'volume' | 'number';
  /**
   * Bars at the start of gap-free bars on which not every output is known yet. For indicators that are anchored to
   * a calendar period the count holds from the beginning of the first whole period.
   */
  readonly warmup: (p: ParamReader) => number;
  readonly create: (p: ParamReader, context: IndicatorContext) => IndicatorStream;
  /**
   * For lines that begin anew with every period: tells, bar by bar, whether an instant is the first of one. A stroke
   * from the last value of a period to the first of the next would show prices that never were.
   */
  readonly begins?: (p: ParamReader, context: IndicatorContext) => (timeMs: number) => boolean;
}
