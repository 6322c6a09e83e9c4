import { FrontierError } from '../errors.ts';
import type { Bar } from '../market/bars.ts';
import type { ChoiceParam, IndicatorDef, NumberParam, ParamDef, ParamReader, ParamValues } from './types.ts';

/** A whole number of bars. Windows that are summed at every bar stay below 500, so that no indicator is slow. */
export function bars(
  key: string,
  label: string,
  byDefault: number,
  range: readonly [number, number] = [1, 500],
): NumberParam {
  return { key, label, type: 'int', min: range[0], max: range[1], step: 1, default: byDefault };
}

/** A multiple of something. */
export function factor(
  key: string,
  label: string,
  byDefault: number,
  range: readonly [number, number] = [0.1, 20],
): NumberParam {
  return { key, label, type: 'number', min: range[0], max: range[1], step: 0.1, default: byDefault };
}

const SOURCES: Readonly<Record<string, { readonly label: string; readonly of: (bar: Bar) => number }>> = {
  close: { label: 'Close', of: (b) => b.close },
  open: { label: 'Open', of: (b) => b.open },
  high: { label: 'High', of: (b) => b.high },
  low: { label: 'Low', of: (b) => b.low },
  hl2: { label: '(H + L) / 2', of: (b) => (b.high + b.low) / 2 },
  hlc3: { label: '(H + L + C) / 3', of: typical },
  ohlc4: { label: '(O + H + L + C) / 4', of: (b) => (b.open + b.high + b.low + b.close) / 4 },
};

/** The typical price of a bar. */
export function typical(bar: Bar): number {
  return (bar.high + bar.low + bar.close) / 3;
}

/** Which price of the bar an indicator is fed with. */
export const SOURCE: ChoiceParam = {
  key: 'source',
  label: 'Price',
  type: 'choice',
  options: Object.entries(SOURCES).map(([value, { label }]) => ({ value, label })),
  default: 'close',
};

/** The price that the parameter `source` names. */
export function sourceOf(p: ParamReader): (bar: Bar) => number {
  const name = p.choice('source');
  const source = SOURCES[name];
  if (!source) throw new Error(`no price is called ${name}`);
  return source.of;
}

/** The calendar period that an indicator starts anew with. */
export const PERIOD: ChoiceParam = {
  key: 'period',
  label: 'Period',
  type: 'choice',
  options: [
    { value: 'D1', label: 'Day' },
    { value: 'W1', label: 'Week' },
    { value: 'MN1', label: 'Month' },
  ],
  default: 'D1',
};

/** The values that a definition starts with. */
export function defaultValues(definition: IndicatorDef): ParamValues {
  return Object.fromEntries(definition.params.map((p) => [p.key, p.default]));
}

/** Why a value is not one of the parameter's; undefined when it is. */
export function paramProblem(param: ParamDef, value: unknown): string | undefined {
  if (param.type === 'choice') {
    if (param.options.some((o) => o.value === value)) return undefined;
    return `${param.label} is one of ${param.options.map((o) => o.value).join(', ')}.`;
  }
  const kind = param.type === 'int' ? 'a whole number' : 'a number';
  const fits = typeof value === 'number' && value >= param.min && value <= param.max;
  if (fits && (param.type === 'number' || Number.isInteger(value))) return undefined;
  return `${param.label} is ${kind} from ${param.min} to ${param.max}.`;
}

/**
 * Values for every parameter of a definition: those given, and the defaults of those left out.
 * @throws FrontierError BAD_INPUT for an unknown parameter, a value outside its range, or values that do not go together
 */
export function checkedValues(
  definition: IndicatorDef,
  given: Readonly<Record<string, unknown>>,
): ParamValues {
  const values: Record<string, number | string> = {};
  const unknown = Object.keys(given).find((key) => definition.params.every((p) => p.key !== key));
  if (unknown !== undefined) {
    const known = definition.params.map((p) => p.key).join(', ');
    throw new FrontierError(
      'BAD_INPUT',
      `${definition.name} has no parameter ${unknown}.`,
      `It has: ${known || 'none'}.`,
    );
  }
  for (const param of definition.params) {
    const value = given[param.key] ?? param.default;
    const problem = paramProblem(param, value);
    if (problem !== undefined) {
      throw new FrontierError(
        'BAD_INPUT',
        `${definition.name}: ${problem}`,
        'Correct the value, or reset the indicator to its defaults.',
      );
    }
    values[param.key] = value as number | string;
  }
  return values;
}

/** Reads checked values. */
export function paramReader(definition: IndicatorDef, values: ParamValues): ParamReader {
  const read = (key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`${definition.id} has no value for ${key}`);
    return value;
  };
  return { number: (key) => Number(read(key)), choice: (key) => String(read(key)) };
}

/** The abbreviation with the values that tell two of a kind apart: `EMA 20`, `MACD 12 26 9`. */
export function indicatorTitle(definition: IndicatorDef, values: ParamValues): string {
  const parts = definition.params.flatMap((param) => {
    const value = values[param.key];
    if (param.type !== 'choice') return [String(value)];
    // The usual price goes without saying.
    if (value === param.default) return [];
    return [param.options.find((o) => o.value === value)?.label ?? ''];
  });
  return [definition.short, ...parts].join(' ');
}
