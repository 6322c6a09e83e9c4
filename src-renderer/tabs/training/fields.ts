import { type TrainInput, trainInputSchema } from '../../../src-shared/contract/training.ts';
import type { Timeframe } from '../../../src-shared/market/timeframes.ts';

type NumberField =
  | 'horizonBars'
  | 'windowBars'
  | 'epochs'
  | 'batch'
  | 'learningRate'
  | 'weightDecay'
  | 'patience'
  | 'seed'
  | 'confidence';
type ChoiceField = 'family' | 'loss' | 'engine';
type SwitchField = 'excludeRepaired';

interface FieldBase {
  readonly label: string;
  /** One or two sentences: what it does, and what changing it costs. */
  readonly help: string;
  readonly group: 'forecast' | 'network' | 'advanced';
}
export type FieldSpec = FieldBase &
  (
    | {
        readonly name: NumberField;
        readonly kind: 'number';
        readonly min: number;
        readonly max: number;
        readonly step: number;
        readonly decimals: number;
        readonly suffix?: string;
      }
    | {
        readonly name: ChoiceField;
        readonly kind: 'choice';
        readonly options: ReadonlyArray<{ readonly value: string; readonly label: string }>;
      }
    | { readonly name: SwitchField; readonly kind: 'switch' }
  );

/** Every field of `trainInputSchema` but symbol and timeframe, which the top bar chooses. Bounds repeat the schema's. */
export const FIELDS: readonly FieldSpec[] = [
  {
    name: 'horizonBars',
    kind: 'number',
    group: 'forecast',
    label: 'Horizon',
    suffix: ' bars',
    help: 'How many bars ahead the return is predicted. Longer horizons have larger moves to catch and fewer independent examples.',
    min: 1,
    max: 240,
    step: 1,
    decimals: 0,
  },
  {
    name: 'windowBars',
    kind: 'number',
    group: 'forecast',
    label: 'Window',
    suffix: ' bars',
    help: 'How many bars of features the network sees for one forecast.',
    min: 1,
    max: 512,
    step: 1,
    decimals: 0,
  },
  {
    name: 'confidence',
    kind: 'number',
    group: 'forecast',
    label: 'Coverage',
    help: 'Share of outcomes that should fall inside the forecast band, 0.90 for nine in ten. Calibrated on data the network has not seen, then judged on a later test span.',
    min: 0.5,
    max: 0.995,
    step: 0.01,
    decimals: 3,
  },
  {
    name: 'family',
    kind: 'choice',
    group: 'network',
    label: 'Network',
    help: 'MLP: dense layers over the whole window, fast. TCN: causal convolutions over time, slower, follows order within the window.',
    options: [
      { value: 'mlp', label: 'MLP, dense layers' },
      { value: 'tcn', label: 'TCN, causal convolutions' },
    ],
  },
  {
    name: 'epochs',
    kind: 'number',
    group: 'network',
    label: 'Epochs',
    help: 'Passes over the training span, at most. Early stopping may end the run before.',
    min: 1,
    max: 1000,
    step: 1,
    decimals: 0,
  },
  {
    name: 'engine',
    kind: 'choice',
    group: 'network',
    label: 'Engine',
    help: 'Where the graph runs. Automatic takes the GPU where one is usable, else the CPU, and says why.',
    options: [
      { value: 'auto', label: 'Automatic' },
      { value: 'cpu', label: 'CPU' },
      { value: 'webgpu', label: 'GPU (WebGPU)' },
    ],
  },
  {
    name: 'batch',
    kind: 'number',
    group: 'advanced',
    label: 'Batch size',
    help: 'Examples per step. Larger batches make steadier but fewer steps.',
    min: 8,
    max: 4096,
    step: 8,
    decimals: 0,
  },
  {
    name: 'learningRate',
    kind: 'number',
    group: 'advanced',
    label: 'Learning rate',
    help: 'Step length of Adam. Too large and the loss jumps, too small and it crawls.',
    min: 0.000001,
    max: 1,
    step: 0.0001,
    decimals: 6,
  },
  {
    name: 'weightDecay',
    kind: 'number',
    group: 'advanced',
    label: 'Weight decay',
    help: 'Pull of the weights towards zero at each step, against overfitting.',
    min: 0,
    max: 1,
    step: 0.01,
    decimals: 6,
  },
  {
    name: 'loss',
    kind: 'choice',
    group: 'advanced',
    label: 'Loss',
    help: 'Huber counts large errors less than squared error does: single wild bars do not rule the fit.',
    options: [
      { value: 'huber', label: 'Huber' },
      { value: 'mse', label: 'Squared error' },
    ],
  },
  {
    name: 'patience',
    kind: 'number',
    group: 'advanced',
    label: 'Patience',
    suffix: ' epochs',
    help: 'The run stops after this many epochs without a better validation loss; the best weights are kept. 0 never stops early.',
    min: 0,
    max: 1000,
    step: 1,
    decimals: 0,
  },
  {
    name: 'seed',
    kind: 'number',
    group: 'advanced',
    label: 'Seed',
    help: 'Starts the random numbers. The same seed, data and engine give the same model.',
    min: 0,
    max: 0xffffffff,
    step: 1,
    decimals: 0,
  },
  {
    name: 'excludeRepaired',
    kind: 'switch',
    group: 'advanced',
    label: 'Leave out repaired bars',
    help: 'Examples whose window or horizon touches a bar that was clipped, filled, moved or fetched again are not learned from. The run says how many there were.',
  },
];

/** What the form holds: numbers, or the text of a field that is not a number yet. */
export type Draft = Readonly<Record<NumberField | ChoiceField, number | string>> &
  Readonly<Record<SwitchField, boolean>>;

/** The documented defaults. */
export function defaultDraft(): Draft {
  const {
    symbol: _symbol,
    timeframe: _timeframe,
    ...rest
  } = trainInputSchema.parse({
    symbol: 'DEFAULTS',
    timeframe: 'H1',
  });
  return rest;
}

export type Checked =
  | { readonly ok: true; readonly input: TrainInput }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> };

/** Checks a form against the contract, field by field. */
export function checkDraft(draft: Draft, symbol: string, timeframe: Timeframe): Checked {
  const result = trainInputSchema.safeParse({ ...draft, symbol, timeframe });
  if (result.success) return { ok: true, input: result.data };
  const errors: Record<string, string> = {};
  for (const issue of result.error.issues) {
    const name = String(issue.path[0] ?? '');
    errors[name] ??= draft[name as keyof Draft] === '' ? 'A number is needed.' : issue.message;
  }
  return { ok: false, errors };
}
