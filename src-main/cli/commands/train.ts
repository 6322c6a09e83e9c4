import type { FrontierClient } from '../../../src-shared/contract/index.ts';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { CommonOptions } from '../options.ts';
import { num, pct, timesHundred } from '../output.ts';
import { type CommandTools, timeframeOf, withEngine } from './common.ts';

export interface TrainOptions extends CommonOptions {
  readonly family: 'mlp' | 'tcn';
  readonly horizon: number;
  readonly window: number;
  readonly epochs: number;
  readonly seed: number;
  readonly engine: 'auto' | 'cpu' | 'webgpu';
  readonly resume?: string | undefined;
  readonly includeRepaired?: boolean | undefined;
}

async function begin(
  client: FrontierClient,
  symbol: string,
  timeframe: string,
  o: TrainOptions,
): Promise<string> {
  if (o.resume) {
    await client.training.resume({ runId: o.resume });
    return o.resume;
  }
  const { runId } = await client.training.start({
    symbol,
    timeframe: timeframeOf(timeframe),
    family: o.family,
    horizonBars: o.horizon,
    windowBars: o.window,
    epochs: o.epochs,
    seed: o.seed,
    engine: o.engine,
    excludeRepaired: o.includeRepaired !== true,
  });
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
    if (run.state === 'failed' || run.state === 'stopped')
      throw new FrontierError(
        run.state === 'stopped' ? 'CANCELLED' : 'ENGINE_FAILED',
        run.error?.message ?? 'Training did not finish.',
        `Go on with --resume ${run.id}.`,
      );
  }
  throw new FrontierError('ENGINE_FAILED', 'Training did not finish.', `Go on with --resume ${runId}.`);
}

export async function trainCommand(symbol: string, timeframe: string, options: TrainOptions): Promise<void> {
  await withEngine(
    options,
    async (tools) => {
      const run = await follow(tools, await begin(tools.client, symbol, timeframe, options));
      const model = await tools.client.training.model({ modelId: run.modelId! });
      return {
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
    },
    ({ run, model }) =>
      [
        `${model.id}: ${model.family.toUpperCase()} version ${model.version}, ${run.steps} steps in ${num(run.seconds, 1)} s on ${model.engine}`,
        ...(run.engineNote ? [run.engineNote] : []),
        ...(model.samplesLeftOut
          ? [`${model.samplesLeftOut} samples touch repaired bars and were left out`]
          : []),
        `out of sample: R² ${pct(timesHundred(model.testR2))}, rank correlation ${num(model.testRankCorrelation, 3)}${model.conformal ? `; intervals aimed at ${num(100 * model.conformal.target, 0)} %, achieved ${num(100 * model.conformal.achieved, 1)} %` : ''}`,
      ].join('\n'),
  );
}
