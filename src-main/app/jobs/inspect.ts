import type { Inspection } from '../../../src-shared/contract/import.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { inspectFile } from '../../data/importer.ts';
import type { JobContext } from '../../jobs/port.ts';
import { type FilePayload, fileOptions, namedAsGiven } from './import.ts';

export interface InspectPayload extends FilePayload {
  readonly symbol?: string | undefined;
}

/** Looks at a file as an import would read it; nothing is stored. */
export async function inspectJob(payload: InspectPayload, context: JobContext): Promise<Inspection> {
  const { source, symbol } = payload;
  if (source.kind === 'demo') {
    throw new FrontierError('BAD_INPUT', 'The demo market needs no look: it is generated.', 'Import it.');
  }
  const options = { symbol, ...fileOptions(payload, context) };
  return inspectFile(source.path, options, (p) =>
    context.report({ fraction: p.totalBytes > 0 ? p.bytes / p.totalBytes : 0 }),
  ).catch((error: unknown) => {
    throw namedAsGiven(error, payload);
  });
}
