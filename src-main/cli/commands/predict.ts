import { readFile } from 'node:fs/promises';
import { resolveUserPath } from '../home.ts';
import type { PredictOptions } from '../trainCommands.ts';
import { withEngine } from './common.ts';

interface Prediction {
  readonly timestamp: string;
  readonly prediction: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

const numberOr = (text: string | undefined): number | null => (text ? Number(text) : null);

/** Lines of the file that the engine wrote. */
function rowsOf(csv: string): Prediction[] {
  return csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [timestamp, prediction, lower, upper] = line.split(',');
      return {
        timestamp: timestamp!,
        prediction: Number(prediction),
        lower: numberOr(lower),
        upper: numberOr(upper),
      };
    });
}

/** Predictions to a file, or as JSON, or as CSV text. */
export async function predictCommand(options: PredictOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client, signal }) => {
      const { rows, path } = await client.training.predict(
        {
          modelId: options.model,
          ...(options.data === undefined ? {} : { path: resolveUserPath(options.data) }),
          ...(options.out === undefined ? {} : { out: resolveUserPath(options.out) }),
          overwrite: options.overwrite === true,
        },
        { signal },
      );
      const csv = options.out === undefined ? await readFile(path, 'utf8') : undefined;
      return { modelId: options.model, rows, path, csv };
    },
    ({ rows, path, csv }) => csv?.trimEnd() ?? `${rows} predictions in ${path}`,
    ({ modelId, rows, path, csv }) =>
      csv === undefined ? { modelId, rows, path } : { modelId, rows, predictions: rowsOf(csv) },
  );
}
