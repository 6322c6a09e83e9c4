import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrontierError } from '../../../src-shared/errors.ts';
import { renderReport } from '../../ops/report/index.ts';
import { type EngineContext, homePaths } from '../context.ts';
import type { Implementer } from '../rpc.ts';
import type { StudyRuns } from '../studyRuns.ts';

interface ReportInput {
  readonly modelId: string;
  readonly backtestId?: string | undefined;
  readonly studyId?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** The backtest asked for, else the newest one out of sample of what the session traded. */
function backtestFor(context: EngineContext, input: ReportInput, parameterHash: string | undefined) {
  const { backtests } = context.stores;
  if (input.backtestId !== undefined) return backtests.get(input.backtestId);
  const known = backtests.list().find((b) => b.parameterHash === parameterHash && b.span === 'test');
  return known && backtests.get(known.id);
}

async function writeReport(context: EngineContext, studies: StudyRuns, input: ReportInput) {
  const model = context.stores.models.get(input.modelId);
  const record = context.stores.datasets.find(model.symbol, model.timeframe);
  const run = context.stores.trainingRuns.list().find((r) => r.modelId === model.id);
  const study = input.studyId === undefined ? undefined : studies.get(input.studyId);
  const session = input.sessionId === undefined ? undefined : context.live.snapshot(input.sessionId);
  const adherence =
    session && ['finished', 'stopped'].includes(session.state)
      ? await context.live.adherence(session.id)
      : undefined;
  const trialId = session && context.stores.deployments.get(session.deploymentId).trialId;
  const html = renderReport({
    createdMs: context.clock.nowMs(),
    dataset: record?.dataset,
    quality: record?.quality,
    run,
    model,
    backtest: backtestFor(context, input, session?.parameterHash),
    study,
    point: study && trialId ? await studies.point(study.id, trialId) : undefined,
    session,
    adherence,
  });
  const reportId = context.ids.next('rep');
  const path = `reports/${model.symbol}_${model.timeframe}_${reportId}.html`;
  mkdirSync(homePaths.reports(context.home), { recursive: true });
  writeFileSync(join(context.home, `${path}.tmp`), html);
  renameSync(join(context.home, `${path}.tmp`), join(context.home, path));
  const title = `${model.symbol} ${model.timeframe}, model version ${model.version}`;
  context.stores.reports.add({
    reportId,
    path,
    createdMs: context.clock.nowMs(),
    title,
    sources: { ...input },
  });
  return { reportId, path };
}

function readReport(context: EngineContext, reportId: string): { html: string } {
  const { path } = context.stores.reports.get(reportId);
  try {
    return { html: readFileSync(join(context.home, path), 'utf8') };
  } catch (error) {
    throw new FrontierError(
      'NOT_FOUND',
      `The report file ${path} is gone.`,
      'Write the report again.',
      error,
    );
  }
}

export function reportHandlers(os: Implementer, context: EngineContext, studies: StudyRuns) {
  return {
    write: os.report.write.handler(({ input }) => writeReport(context, studies, input)),
    list: os.report.list.handler(() =>
      context.stores.reports
        .list()
        .map(({ reportId, path, createdMs, title }) => ({ reportId, path, createdMs, title })),
    ),
    read: os.report.read.handler(({ input }) => readReport(context, input.reportId)),
  };
}
