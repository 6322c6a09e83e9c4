import { describe, expect, it } from 'vitest';
import { trainInputSchema } from '../../../src-shared/contract/training.ts';
import { bestPoint, lossAxis, niceTicks, pointAt, thin } from './curve.ts';
import { checkDraft, defaultDraft, errorsIn, FIELDS } from './fields.ts';
import { spanPieces } from './spans.ts';

describe('training form', () => {
  it('has a field for everything a run takes', () => {
    const known = [...FIELDS.map((f) => f.name), 'symbol', 'timeframe'].sort();
    expect(known).toEqual(Object.keys(trainInputSchema.shape).sort());
  });

  it('starts from the documented defaults, which pass', () => {
    const checked = checkDraft(defaultDraft(), 'EURUSD', 'H1');
    expect(checked).toEqual({
      ok: true,
      input: trainInputSchema.parse({ symbol: 'EURUSD', timeframe: 'H1' }),
    });
  });

  it('names the field that is wrong', () => {
    const checked = checkDraft({ ...defaultDraft(), epochs: '', batch: 1 }, 'EURUSD', 'H1');
    expect(checked.ok ? 0 : errorsIn('learning', checked.errors)).toBe(2);
    expect(checked.ok ? 0 : errorsIn('hardware', checked.errors)).toBe(0);
    expect(checked.ok).toBe(false);
    expect(checked.ok ? [] : Object.keys(checked.errors).sort()).toEqual(['batch', 'epochs']);
  });

  it('asks for the quantile loss where the interval is learnt', () => {
    const draft = { ...defaultDraft(), conformal: 'cqr' };
    const refused = checkDraft(draft, 'EURUSD', 'H1');
    expect(refused.ok ? {} : Object.keys(refused.errors)).toEqual(['conformal']);
    expect(checkDraft({ ...draft, loss: 'quantile' }, 'EURUSD', 'H1').ok).toBe(true);
  });

  it('leaves the device out until one is chosen', () => {
    const device = (chosen: string) => {
      const checked = checkDraft({ ...defaultDraft(), device: chosen }, 'EURUSD', 'H1');
      return checked.ok ? checked.input.device : 'refused';
    };
    expect(device('')).toBeUndefined();
    expect(device('cuda:1')).toBe('cuda:1');
  });

  it('has choices that the contract accepts, and all of them', () => {
    for (const field of FIELDS) {
      if (field.kind !== 'choice') continue;
      // An interval of its own needs its own loss.
      const base = { ...defaultDraft(), loss: 'quantile' };
      for (const { value } of field.options)
        expect(checkDraft({ ...base, [field.name]: value }, 'EURUSD', 'H1').ok, value).toBe(true);
      const schema = trainInputSchema.shape[field.name].unwrap();
      expect(field.options.map((o) => o.value).sort()).toEqual([...schema.options].sort());
    }
  });

  it('has bounds that the contract accepts', () => {
    for (const field of FIELDS) {
      if (field.kind !== 'number') continue;
      for (const edge of [field.min, field.max]) {
        expect(checkDraft({ ...defaultDraft(), [field.name]: edge }, 'EURUSD', 'H1').ok, field.name).toBe(
          true,
        );
      }
    }
  });
});

describe('loss chart', () => {
  it('ticks at round values inside the axis', () => {
    expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(0.0012, 0.0031, 4)).toEqual([0.0015, 0.002, 0.0025, 0.003]);
    expect(niceTicks(3, 3, 4)).toEqual([3]);
  });

  it('places values on linear and logarithmic axes', () => {
    const linear = lossAxis([1, 3], false);
    expect(linear.place(linear.low)).toBeCloseTo(0);
    expect(linear.place(linear.high)).toBeCloseTo(1);
    const log = lossAxis([0.01, 1], true);
    expect(log.place(Math.sqrt(log.low * log.high))).toBeCloseTo(0.5);
    expect(lossAxis([Number.NaN, -1], true).ticks).toEqual([0, 1]);
  });

  it('finds the point under the pointer and the best one', () => {
    const curve = [
      { step: 10, train: 3, validation: 2 },
      { step: 20, train: 2 },
      { step: 30, train: 1, validation: 2.5 },
    ];
    expect(pointAt(curve, 25)?.step).toBe(20);
    expect(pointAt(curve, 0)?.step).toBe(10);
    expect(pointAt([], 5)).toBeUndefined();
    expect(bestPoint(curve)?.step).toBe(10);
  });

  it('thins a long curve without losing its extremes or any validation', () => {
    const curve = Array.from({ length: 5000 }, (_, i) => ({
      step: i,
      train: i === 1234 ? 99 : 1,
      ...(i % 1000 === 7 ? { validation: 1 } : {}),
    }));
    const few = thin(curve, 200);
    expect(few.length).toBeLessThan(250);
    expect(few.some((p) => p.train === 99)).toBe(true);
    expect(few.filter((p) => 'validation' in p)).toHaveLength(5);
  });
});

it('shows spans in time order with the embargo between them', () => {
  const pieces = spanPieces([
    { name: 'test', from: 130, to: 200, fromMs: 1300, toMs: 2000 },
    { name: 'train', from: 0, to: 100, fromMs: 0, toMs: 1000 },
  ]);
  expect(pieces.map((p) => [p.kind, p.name, p.share])).toEqual([
    ['span', 'train', 0.5],
    ['gap', 'embargo', 0.15],
    ['span', 'test', 0.35],
  ]);
  expect(spanPieces([])).toEqual([]);
});
