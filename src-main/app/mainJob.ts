import type { BacktestDto } from '../../src-shared/contract/backtest.ts';
import type { DatasetDto, QualityDto } from '../../src-shared/contract/data.ts';
import type { FrontierClient } from '../../src-shared/contract/index.ts';
import type { AdherenceDto, DeploymentDto, SessionDto } from '../../src-shared/contract/live.ts';
import type { PointDto, StudyDto } from '../../src-shared/contract/optimize.ts';
import type { ModelDto, TrainInput, TrainingRunDto } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import type { Timeframe } from '../../src-shared/market/timeframes.ts';

export const MAIN_JOB_STEPS = [
  'import',
  'train',
  'backtest',
  'optimise',
  'deploy',
  'live',
  'report',
] as const;
export type MainJobStep = (typeof MAIN_JOB_STEPS)[number];

export interface MainJobOptions {
  /** The user's own history; the embedded demo market when absent. */
  readonly file?:
    | {
        readonly path: string;
        readonly symbol: string;
        readonly timeframe?: Timeframe | undefined;
        readonly zone?: string | undefined;
      }
    | undefined;
  readonly training?: Partial<TrainInput> | undefined;
  readonly evaluations?: number | undefined;
  readonly population?: number | undefined;
  readonly seed?: number | undefined;
  readonly onProgress?: ((step: MainJobStep, fraction: number, message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MainJobResult {
  readonly dataset: DatasetDto;
  readonly quality: QualityDto;
  readonly run: TrainingRunDto;
  readonly model: ModelDto;
  /** The default genes, out of sample. */
  readonly backtest: BacktestDto;
  readonly study: StudyDto;
  readonly point: PointDto;
  /** The deployed genes, out of sample. */
  readonly deployedBacktest: BacktestDto;
  readonly deployment: DeploymentDto;
  readonly session: SessionDto;
  readonly adherence: AdherenceDto;
  readonly report: { readonly reportId: string; readonly path: string };
}

const callOptions = ({ signal }: Pick<MainJobOptions, 'signal'>) => (signal === undefined ? {} : { signal });

type Tell = (fraction: number, message: string) => void;

function failed(
  error: { code: string; message: string; hint?: string | undefined } | undefined,
  what: string,
): never {
  throw new FrontierError('ENGINE_FAILED', error?.message ?? `${what} did not finish.`, error?.hint);
}

async function importStep(client: FrontierClient, { file, signal }: MainJobOptions, tell: Tell) {
  const input = file
    ? {
        source: { kind: 'path' as const, path: file.path },
        symbol: file.symbol,
        timeframe: file.timeframe,
        zone: file.zone,
      }
    : { source: { kind: 'demo' as const }, symbol: 'SYNFX' };
  for await (const event of await client.data.import(input, callOptions({ signal }))) {
    if (event.type === 'done') return event;
    tell(event.fraction, `${event.stage} ${event.rows.toLocaleString('en')} bars`);
  }
  throw new FrontierError('IMPORT_FAILED', 'The import ended without a result.');
}

async function trainStep(
  client: FrontierClient,
  dataset: DatasetDto,
  options: MainJobOptions,
  tell: Tell,
): Promise<TrainingRunDto> {
  const { symbol, timeframe } = dataset;
  const { runId } = await client.training.start({
    symbol,
    timeframe,
    seed: options.seed,
    ...options.training,
  });
  options.signal?.addEventListener('abort', () => void client.training.stop({ runId }));
  for await (const run of await client.training.watch({ runId }, callOptions(options))) {
    const loss = run.curve.at(-1)?.train;
    const text =
      loss === undefined ? 'starting' : `step ${run.step}/${run.totalSteps}, loss ${loss.toFixed(4)}`;
    tell(run.totalSteps > 0 ? run.step / run.totalSteps : 0, text);
    if (run.state === 'done') return run;
    if (run.state === 'failed' || run.state === 'stopped') failed(run.error, 'Training');
  }
  return failed(undefined, 'Training');
}

async function studyStep(
  client: FrontierClient,
  modelId: string,
  options: MainJobOptions,
  tell: Tell,
): Promise<StudyDto> {
  const evaluations = options.evaluations ?? 400;
  const { studyId } = await client.optimize.start({
    modelId,
    evaluations,
    population: options.population,
    seed: options.seed,
  });
  options.signal?.addEventListener('abort', () => void client.optimize.stop({ studyId }));
  for await (const study of await client.optimize.watch({ studyId }, callOptions(options))) {
    const front = study.trials.filter((t) => t.onFront).length;
    tell(
      study.evaluations / evaluations,
      `${study.evaluations} of ${evaluations} evaluations, front ${front}`,
    );
    if (study.state === 'done') return study;
    if (study.state === 'failed' || study.state === 'stopped') failed(study.error, 'The study');
  }
  return failed(undefined, 'The study');
}

async function liveStep(
  client: FrontierClient,
  deploymentId: string,
  options: MainJobOptions,
  tell: Tell,
): Promise<SessionDto> {
  const { sessionId } = await client.live.start({ deploymentId, speed: 0 });
  options.signal?.addEventListener('abort', () => void client.live.stop({ sessionId }));
  for await (const session of await client.live.watch({ sessionId }, callOptions(options))) {
    tell(
      session.barsDone / session.barsTotal,
      `${session.decisions} decisions, ${session.orders.length} orders`,
    );
    if (session.state === 'finished') return session;
    if (['failed', 'stopped', 'interrupted'].includes(session.state))
      failed(session.error, 'The paper session');
  }
  return failed(undefined, 'The paper session');
}

/** The point to deploy: what the documented rule recommends. */
function chosenTrial(study: StudyDto): string {
  if (study.recommendedTrialId) return study.recommendedTrialId;
  throw new FrontierError(
    'REFUSED',
    `No point of the study has at least ${study.input.minTrades} trades, so nothing was deployed.`,
    'Use more history, or a study with fewer trades required.',
  );
}

/**
 * The whole main job through the same procedures that the interface calls: import, train, calibrate, backtest,
 * optimise, deploy, paper session, report.
 * @throws FrontierError of the step that failed
 */
export async function runMainJob(client: FrontierClient, options: MainJobOptions): Promise<MainJobResult> {
  const tellOf =
    (step: MainJobStep): Tell =>
    (fraction, message) =>
      options.onProgress?.(step, fraction, message);
  const done = (step: MainJobStep, message: string): void => options.onProgress?.(step, 1, message);
  const { dataset, quality } = await importStep(client, options, tellOf('import'));
  done('import', `${dataset.bars.toLocaleString('en')} bars, quality ${quality.score.toFixed(0)}`);
  const run = await trainStep(client, dataset, options, tellOf('train'));
  const model = await client.training.model({ modelId: run.modelId! });
  done('train', `${run.step} steps, coverage ${(100 * model.conformal!.achieved).toFixed(1)} %`);
  const backtest = await client.backtest.run({ modelId: model.id, span: 'test' });
  done('backtest', `${backtest.metrics.trades} trades out of sample`);
  const study = await studyStep(client, model.id, options, tellOf('optimise'));
  done('optimise', `${study.evaluations} evaluations`);
  const trialId = chosenTrial(study);
  const point = await client.optimize.point({ studyId: study.id, trialId });
  const deployment = await client.live.deploy({ studyId: study.id, trialId, broker: 'paper' });
  const deployedBacktest = await client.backtest.run({
    modelId: model.id,
    span: 'test',
    genes: deployment.genes,
  });
  done('deploy', `parameters ${deployment.parameterHash.slice(0, 12)}`);
  const session = await liveStep(client, deployment.id, options, tellOf('live'));
  const adherence = await client.live.adherence({ sessionId: session.id });
  done('live', `${session.decisions} decisions, ${session.fills.length} fills`);
  const report = await client.report.write({
    modelId: model.id,
    backtestId: deployedBacktest.id,
    studyId: study.id,
    sessionId: session.id,
  });
  done('report', report.path);
  return {
    dataset,
    quality,
    run,
    model,
    backtest,
    study,
    point,
    deployedBacktest,
    deployment,
    session,
    adherence,
    report,
  };
}

const orNull = (value: number | null | undefined): number | null =>
  value == null || Number.isNaN(value) ? null : value;

function backtestFigures({ metrics }: BacktestDto) {
  return {
    trades: metrics.trades,
    netReturnPct: metrics.netReturnPct,
    sharpe: orNull(metrics.sharpe),
    maxDrawdownPct: metrics.maxDrawdownPct,
    totalCost: metrics.totalCost,
  };
}

/** Fewer out-of-sample trades than this cannot tell skill from luck. */
const TRADES_THAT_TELL = 30;

/** What to think of the result, in one sentence that flatters nobody. */
export function verdict({
  point,
  deployedBacktest,
}: Pick<MainJobResult, 'point' | 'deployedBacktest'>): string {
  const inSample = point.optimisation.metrics.netReturnPct;
  const { netReturnPct, trades } = deployedBacktest.metrics;
  if (inSample <= 0) return 'Nothing worth trading: even the best balance found in-sample loses after costs.';
  if (netReturnPct <= 0)
    return 'The in-sample result did not carry over: out of sample it loses after costs.';
  if (trades < TRADES_THAT_TELL)
    return `Positive out of sample, but ${trades} trades cannot tell skill from luck.`;
  return 'Positive out of sample after costs, on one short span: watch it on paper before believing it.';
}

/** The figures machines read, as documented in docs/cli.md. */
export function mainJobFigures(r: MainJobResult) {
  return {
    market: {
      symbol: r.dataset.symbol,
      timeframe: r.dataset.timeframe,
      bars: r.dataset.bars,
      synthetic: r.dataset.synthetic,
    },
    quality: { score: r.quality.score, issues: r.quality.issues.length },
    training: {
      engine: r.run.engine ?? r.model.engine,
      steps: r.run.step,
      seconds: r.run.seconds ?? null,
      finalLoss: orNull(r.run.finalLoss),
      testR2: orNull(r.model.testR2),
      testRankCorrelation: orNull(r.model.testRankCorrelation),
    },
    conformal: {
      target: r.model.conformal!.target,
      achieved: r.model.conformal!.achieved,
      n: r.model.conformal!.n,
    },
    backtest: backtestFigures(r.backtest),
    deployedBacktest: backtestFigures(r.deployedBacktest),
    study: {
      evaluations: r.study.evaluations,
      frontSize: r.study.trials.filter((t) => t.onFront).length,
      seconds: r.study.seconds,
    },
    deployment: { id: r.deployment.id, parameterHash: r.deployment.parameterHash },
    live: {
      broker: r.session.broker,
      decisions: r.session.decisions,
      orders: r.session.orders.length,
      fills: r.session.fills.length,
      parameterHash: r.session.parameterHash,
      decisionsAsBacktest: r.adherence.decisionsEqual,
      fillsAsBacktest: r.adherence.fillsEqual,
    },
    verdict: verdict(r),
    report: r.report.path,
  };
}
