/** The commands about models: train, predict, and their files. */
import { type Command, Option } from 'commander';
import { ENGINES, FAMILIES } from '../../src-shared/contract/training.ts';
import { type CommonOptions, command, timeframeOption, whole } from './options.ts';

export interface TrainOptions extends CommonOptions {
  readonly data?: string | undefined;
  readonly symbol?: string | undefined;
  readonly timeframe?: string | undefined;
  readonly zone?: string | undefined;
  readonly model: string;
  readonly horizon?: number | undefined;
  readonly window?: number | undefined;
  readonly epochs?: number | undefined;
  readonly seed?: number | undefined;
  readonly engine?: string | undefined;
  readonly device?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly resume?: string | undefined;
  readonly includeRepaired?: boolean | undefined;
}

export interface PredictOptions extends CommonOptions {
  readonly model: string;
  readonly data?: string | undefined;
  readonly out?: string | undefined;
  readonly overwrite?: boolean | undefined;
}

export interface AdoptOptions extends CommonOptions {
  readonly symbol: string;
  readonly timeframe: string;
  readonly features: string;
  readonly horizon: number;
  readonly unscaled?: boolean | undefined;
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Adds `train`, `predict` and `model`. */
export function addTrainCommands(program: Command): void {
  command<Omit<TrainOptions, keyof CommonOptions>>(
    program,
    'train [symbol] [timeframe]',
    'train a model on a stored history or on a file, calibrate it and store it',
    async ([symbol, timeframe], o) =>
      (await import('./commands/train.ts')).trainCommand(symbol, timeframe, o),
  )
    .option('--data <file>', 'a file of bars, imported first')
    .option('--symbol <symbol>', 'symbol of that file')
    .addOption(timeframeOption())
    .option('--zone <zone>', 'time zone of that file when its times carry none')
    .addOption(
      new Option('-m, --model <family>', 'kind of model')
        .choices(FAMILIES.filter((f) => f !== 'imported'))
        .default('mlp'),
    )
    .addOption(new Option('--family <family>', 'the same as --model').choices([...FAMILIES]).hideHelp())
    .option('--set <key=value>', 'a setting of the run or of the family; may be repeated', collect)
    .option('--horizon <bars>', 'bars ahead whose return is predicted (12)', whole(1, 10_080))
    .option('--window <bars>', 'bars the model sees (1, or what suits the family)', whole(1, 2048))
    .option('--epochs <n>', 'passes over the training span (30)', whole(1, 10_000))
    .option('--seed <n>', 'seed (7)', whole(0, 0xffffffff))
    .addOption(new Option('--engine <engine>', 'where it runs (auto)').choices(['auto', ...ENGINES]))
    .option('--device <id>', 'device of the engine, as `frontier doctor` names it')
    .option('--include-repaired', 'learn from samples that touch repaired bars too')
    .option('--resume <run>', 'go on with a run that was stopped or lost');

  command<Omit<PredictOptions, keyof CommonOptions>>(
    program,
    'predict',
    'what a model predicts over its history or over a file: timestamp,prediction,lower,upper',
    async (_, o) => (await import('./commands/predict.ts')).predictCommand(o),
  )
    .requiredOption('-m, --model <id>', 'model, as `frontier list models` names it')
    .option('--data <file>', "a file of bars of the model's timeframe")
    .option('--out <file>', 'write a CSV file')
    .option('--overwrite', 'write over a file that exists');

  const model = program.command('model').description('files of trained models');
  command(
    model,
    'verify <model>',
    'read the files of a model again and prove that it says what it said',
    async ([id], o) => (await import('./commands/model.ts')).verifyCommand(id!, o),
  );
  command(model, 'pin <model>', 'never prune a model', async ([id], o) =>
    (await import('./commands/model.ts')).pinCommand(id!, true, o),
  );
  command(model, 'unpin <model>', 'let a model be pruned again', async ([id], o) =>
    (await import('./commands/model.ts')).pinCommand(id!, false, o),
  );
  command<{ overwrite?: boolean }>(
    model,
    'export <model> <file>',
    'write a model as one .onnx file that takes raw features',
    async ([id, file], o) => (await import('./commands/model.ts')).exportCommand(id!, file!, o),
  ).option('--overwrite', 'write over a file that exists');
  command<Omit<AdoptOptions, keyof CommonOptions>>(
    model,
    'import <file>',
    'register an .onnx file made elsewhere as a signal',
    async ([file], o) => (await import('./commands/model.ts')).importCommand(file!, o),
  )
    .requiredOption('--symbol <symbol>', 'symbol it predicts')
    .requiredOption('--timeframe <timeframe>', 'bar length it was made for')
    .requiredOption('--features <names>', 'its features in order, with commas')
    .option('--horizon <bars>', 'bars ahead whose return it predicts', whole(1, 10_080), 12)
    .option('--unscaled', 'it takes the features as they are');
}
