import type { FrontierClient } from '../../../src-shared/contract/index.ts';
import {
  type FamilyInfo,
  type ListedModel,
  type TrainInput,
  type TrainingRunDto,
  trainInputSchema,
} from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { num, pct, timesHundred } from '../output.ts';
import type { TrainOptions } from '../trainCommands.ts';
import { type CommandTools, timeframeOf, withEngine } from './common.ts';
import { importForTraining } from './import.ts';

type Settings = Record<string, unknown>;

/** What a run learns from and what it makes are said by arguments, not by settings. */
const NAMED_BY_ARGUMENTS: readonly string[] = ['symbol', 'timeframe', 'family', 'model'];
const RUN_SETTINGS = Object.keys(trainInputSchema.shape).filter((key) => !NAMED_BY_ARGUMENTS.includes(key));

/** `3`, `true`, `[16,8]` and `{"a":1}` are read as JSON, anything else is text. */
function settingValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Sorts `key=value` into settings of the family and of the run. Where both have a setting of that name it is the
 * family's; `run.key` is the run's.
 * @throws FrontierError BAD_INPUT naming the known keys
 */
export function settingsOf(words: readonly string[], family: FamilyInfo): { run: Settings; model: Settings } {
  const run: Settings = {};
  const model: Settings = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, Math.max(0, at));
    const value = settingValue(word.slice(at + 1));
    const ofRun = key.startsWith('run.') ? key.slice('run.'.length) : key;
    if (Object.hasOwn(family.defaults, key)) model[key] = value;
    else if (RUN_SETTINGS.includes(ofRun)) run[ofRun] = value;
    else {
      throw new FrontierError(
        'BAD_INPUT',
        at < 1 ? `"${word}" is no setting: write key=value.` : `There is no setting ${key}.`,
        `Settings of ${family.name}: ${Object.keys(family.defaults).join(', ') || 'none'}; of the run: ${RUN_SETTINGS.join(', ')}.`,
      );
    }
  }
  return { run, model };
}

function inputOf(symbol: string, timeframe: string, o: TrainOptions, family: FamilyInfo): TrainInput {
  const { run, model } = settingsOf(o.set ?? [], family);
  const named = {
    horizonBars: o.horizon,
    windowBars: o.window,
    epochs: o.epochs,
    seed: o.seed,
    engine: o.engine,
    device: o.device,
    ...(o.includeRepaired ? { excludeRepaired: false } : {}),
  };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  const parsed = trainInputSchema.safeParse({
    ...family.runDefaults,
    ...run,
    ...given,
    model,
    symbol,
    timeframe: timeframeOf(timeframe),
    family: family.name,
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new FrontierError('BAD_INPUT', `${issue.path.join('.')}: ${issue.message}`, 'Correct the setting.');
}

async function familyOf(client: FrontierClient, name: string): Promise<FamilyInfo> {
  const families = await client.training.families();
  const found = families.find((f) => f.name === name);
  if (found) return found;
  throw new FrontierError(
    'BAD_INPUT',
    `unknown model family "${name}"`,
    `Known families: ${families.map((f) => f.name).join(', ')}.`,
  );
}

/** Which history to learn from: one named, or the file, imported first. */
async function marketOf(
  tools: CommandTools,
  symbol: string | undefined,
  timeframe: string | undefined,
  o: TrainOptions,
): Promise<{ symbol: string; timeframe: string }> {
  if (o.data !== undefined) return importForTraining(tools, o.data, o);
  const market = { symbol: symbol ?? o.symbol, timeframe: timeframe ?? o.timeframe };
  if (market.symbol !== undefined && market.timeframe !== undefined)
    return { symbol: market.symbol, timeframe: market.timeframe };
  throw new FrontierError(
    'BAD_INPUT',
    `missing required argument '${market.symbol === undefined ? 'symbol' : 'timeframe'}'`,
    'Write frontier train EURUSD H1, or frontier train --data FILE.',
  );
}

async function begin(
  tools: CommandTools,
  symbol: string | undefined,
  timeframe: string | undefined,
  o: TrainOptions & { readonly family?: string },
): Promise<string> {
  const { client } = tools;
  if (o.resume) {
    await client.training.resume({ runId: o.resume });
    return o.resume;
  }
  const family = await familyOf(client, o.family ?? o.model);
  const market = await marketOf(tools, symbol, timeframe, o);
  const { runId } = await client.training.start(inputOf(market.symbol, market.timeframe, o, family));
  return runId;
}

async function follow({ client, progress, signal }: CommandTools, runId: string): Promise<TrainingRunDto> {
  signal.addEventListener('abort', () => void client.training.stop({ runId }));
  for await (const run of await client.training.watch({ runId })) {
    const loss = run.curve.at(-1)?.train;
    progress.update(
      'train',
      run.totalSteps > 0 ? (0.99 * run.step) / run.totalSteps : 0,
      loss === undefined ? 'starting' : `step ${run.step}, loss ${loss.toFixed(4)}`,
    );
    if (run.state === 'done') return run;
    if (run.state === 'failed' || run.state === 'stopped') {
      const { error } = run;
      const code =
        run.state === 'stopped' ? 'CANCELLED' : ((error?.code ?? 'ENGINE_FAILED') as 'ENGINE_FAILED');
      // The same settings on the same data would be refused again.
      const refused = error?.code === 'BAD_INPUT' || error?.code === 'REFUSED';
      const again = refused ? undefined : `Go on with --resume ${run.id}.`;
      const hint = [error?.hint, again].filter(Boolean).join(' ');
      throw new FrontierError(code, error?.message ?? 'Training did not finish.', hint);
    }
  }
  throw new FrontierError('ENGINE_FAILED', 'Training did not finish.', `Go on with --resume ${runId}.`);
}

/** The figures of a run for machines. */
function figuresOf(run: TrainingRunDto, model: ListedModel) {
  const figures = Object.fromEntries(model.figures.map(({ name, value }) => [name, value]));
  return {
    modelId: model.id,
    version: model.version,
    family: model.family,
    engine: model.engine,
    device: run.device ?? model.device ?? model.engine,
    steps: run.step,
    seconds: run.seconds,
    metrics: {
      finalLoss: run.finalLoss ?? null,
      bestValidationLoss: run.bestValidation ?? null,
      testR2: model.testR2,
      testRankCorrelation: model.testRankCorrelation,
      ...figures,
    },
    conformal: model.conformal,
    run: {
      id: run.id,
      steps: run.step,
      seconds: run.seconds,
      finalLoss: run.finalLoss,
      engine: run.engine,
      engineNote: run.engineNote,
      restarts: run.restarts,
    },
    model,
  };
}

type Trained = ReturnType<typeof figuresOf>;

function textOf({ run, model }: Trained): string {
  const { conformal: c } = model;
  const interval = c
    ? `; intervals aimed at ${num(100 * c.target, 0)} %, achieved ${num(100 * c.achieved, 1)} %`
    : '';
  return [
    `${model.id}: ${model.family.toUpperCase()} version ${model.version}, ${run.steps} steps in ${num(run.seconds, 1)} s on ${model.engine}`,
    // That Frontier chose the only engine there is need not be explained each time; `doctor` says why.
    ...(run.engineNote && model.settings.engine !== 'auto' ? [run.engineNote] : []),
    ...(model.samplesLeftOut
      ? [`${model.samplesLeftOut} samples touch repaired bars and were left out`]
      : []),
    ...(model.role === 'regressor' || model.role === 'diffusion'
      ? [
          `out of sample: R² ${pct(timesHundred(model.testR2))}, rank correlation ${num(model.testRankCorrelation, 3)}${interval}`,
        ]
      : []),
    ...model.figures.map(({ label, value, unit }) => `${label}: ${num(value, 4)}${unit ? ` ${unit}` : ''}`),
  ].join('\n');
}

export async function trainCommand(
  symbol: string | undefined,
  timeframe: string | undefined,
  options: TrainOptions,
): Promise<void> {
  await withEngine(
    options,
    async (tools) => {
      const run = await follow(tools, await begin(tools, symbol, timeframe, options));
      return figuresOf(run, await tools.client.training.model({ modelId: run.modelId! }));
    },
    textOf,
  );
}
