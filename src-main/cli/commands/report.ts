import type { CommonOptions } from '../options.ts';
import { withEngine } from './common.ts';

export interface ReportOptions extends CommonOptions {
  readonly backtest?: string | undefined;
  readonly study?: string | undefined;
  readonly session?: string | undefined;
}

export async function reportCommand(modelId: string, options: ReportOptions): Promise<void> {
  await withEngine(
    options,
    ({ client }) =>
      client.report.write({
        modelId,
        backtestId: options.backtest,
        studyId: options.study,
        sessionId: options.session,
      }),
    (r) => `Wrote ${r.path} in ${options.home}.`,
  );
}
