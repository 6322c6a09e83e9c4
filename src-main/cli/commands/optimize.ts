import { OBJECTIVES, type StudyDto } from '../../../src-shared/contract/optimize.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { type EntryOptions, entryRulesOf } from '../entryOptions.ts';
import type { CommonOptions } from '../options.ts';
import { num, table } from '../output.ts';
import { type CommandTools, withEngine } from './common.ts';

export interface OptimizeOptions extends CommonOptions, EntryOptions {
  readonly evaluations: number;
  readonly population: number;
  readonly seed: number;
  readonly minTrades: number;
  readonly resume?: string | undefined;
}

function figures(study: StudyDto) {
  const { trials, ...rest } = study;
  return { ...rest, objectives: OBJECTIVES, front: trials.filter((t) => t.onFront) };
}

function text(study: ReturnType<typeof figures>): string {
  const head = [
    '',
    'return %',
    'drawdown %',
    'Sharpe',
    'win %',
    'trades',
    'threshold',
    'stop',
    'target',
    'risk %',
    'holding',
    'trial',
  ];
  const rows = study.front.map((t) => [
    t.id === study.recommendedTrialId ? '*' : '',
    ...t.objectives.map((o) => num(o)),
    String(t.trades),
    num(t.genes.entryThreshold),
    num(t.genes.stopAtr),
    num(t.genes.targetAtr),
    num(100 * t.genes.riskFraction),
    String(t.genes.maxHoldingBars),
    t.id,
  ]);
  return [
    `${study.id}: ${study.evaluations} evaluations in ${num(study.seconds, 1)} s, ${study.front.length} points on the front (in-sample)`,
    table([head, ...rows]),
    '* recommended',
  ].join('\n');
}

async function follow({ client, progress, signal }: CommandTools, studyId: string): Promise<StudyDto> {
  signal.addEventListener('abort', () => void client.optimize.stop({ studyId }));
  for await (const study of await client.optimize.watch({ studyId })) {
    progress.update(
      'optimise',
      (0.99 * study.evaluations) / study.input.evaluations,
      `${study.evaluations} evaluations`,
    );
    if (study.state === 'done') return study;
    if (study.state === 'failed' || study.state === 'stopped')
      throw new FrontierError(
        study.state === 'stopped' ? 'CANCELLED' : 'ENGINE_FAILED',
        study.error?.message ?? 'The study was stopped; its trials are kept.',
        `Go on with --resume ${study.id}.`,
      );
  }
  throw new FrontierError('ENGINE_FAILED', 'The study did not finish.', `Go on with --resume ${studyId}.`);
}

export async function optimizeCommand(modelId: string, options: OptimizeOptions): Promise<void> {
  const { evaluations, population, seed, minTrades, resume } = options;
  await withEngine(
    options,
    async (tools) => {
      if (resume) await tools.client.optimize.resume({ studyId: resume });
      const studyId =
        resume ??
        (
          await tools.client.optimize.start({
            modelId,
            evaluations,
            population,
            seed,
            minTrades,
            ...entryRulesOf(options),
          })
        ).studyId;
      return figures(await follow(tools, studyId));
    },
    text,
  );
}

export async function studyCommand(studyId: string, options: CommonOptions): Promise<void> {
  await withEngine(options, async ({ client }) => figures(await client.optimize.get({ studyId })), text);
}
