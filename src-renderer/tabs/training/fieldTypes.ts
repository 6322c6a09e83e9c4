import type { TrainInput } from '../../../src-shared/contract/training.ts';

export type NumberField =
  | 'horizonBars'
  | 'windowBars'
  | 'epochs'
  | 'batch'
  | 'accumulation'
  | 'learningRate'
  | 'warmupSteps'
  | 'weightDecay'
  | 'momentum'
  | 'clipNorm'
  | 'averageDecay'
  | 'patience'
  | 'keepCheckpoints'
  | 'seed'
  | 'threads'
  | 'devices'
  | 'averageEvery'
  | 'augmentNoise'
  | 'augmentTimeWarp'
  | 'augmentSpread'
  | 'confidence';
export type ChoiceField =
  | 'loss'
  | 'optimizer'
  | 'schedule'
  | 'conformal'
  | 'engine'
  | 'precision'
  | 'graphOptimization'
  | 'attention'
  | 'layout';
export type SwitchField = 'excludeRepaired' | 'checkpointing' | 'tf32';
/** Fields with a control of their own. */
export type OwnField = 'symbols' | 'features' | 'family' | 'model' | 'device';

export type SectionName = 'market' | 'forecast' | 'model' | 'learning' | 'hardware' | 'augmentation';
export const SECTIONS: ReadonlyArray<{ readonly name: SectionName; readonly label: string }> = [
  { name: 'market', label: 'Market and features' },
  { name: 'forecast', label: 'Forecast' },
  { name: 'model', label: 'Model' },
  { name: 'learning', label: 'Learning' },
  { name: 'hardware', label: 'Hardware' },
  { name: 'augmentation', label: 'Augmentation, repairs' },
];

interface FieldBase {
  readonly label: string;
  /** One or two sentences: what it does, and what changing it costs. */
  readonly help: string;
  readonly section: SectionName;
}
export interface NumberSpec extends FieldBase {
  readonly name: NumberField;
  readonly kind: 'number';
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly decimals: number;
  readonly suffix?: string;
}
export interface ChoiceSpec extends FieldBase {
  readonly name: ChoiceField;
  readonly kind: 'choice';
  readonly options: ReadonlyArray<{ readonly value: string; readonly label: string }>;
}
export interface SwitchSpec extends FieldBase {
  readonly name: SwitchField;
  readonly kind: 'switch';
}
export interface OwnSpec extends FieldBase {
  readonly name: OwnField;
  readonly kind: 'own';
}
export type FieldSpec = NumberSpec | ChoiceSpec | SwitchSpec | OwnSpec;

/** What the form holds: numbers, or the text of a field that is not a number yet. */
export type Draft = Readonly<Record<NumberField, number | string>> &
  Readonly<Record<ChoiceField, string>> &
  Readonly<Record<SwitchField, boolean>> & {
    readonly symbols: readonly string[];
    readonly features: readonly string[];
    readonly family: TrainInput['family'];
    /** Settings of the family that differ from its defaults, as edited. */
    readonly model: Readonly<Record<string, unknown>>;
    /** Empty takes the first device of the engine. */
    readonly device: string;
  };
