import type { ReportPart, TrainInput } from '../../../src-shared/contract/training.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import { latentReport, ReconstructionSums } from '../../models/families/tcnAutoencoder.report.ts';
import type { Predictor } from '../../models/predictor.ts';
import { roleOf } from '../../models/registry.ts';
import type { Answers } from '../signals.ts';
import type { Fitted } from './fit.ts';
import type { Judged } from './judge.ts';
import { endsIn, type Prepared } from './prepare.ts';

/** What a report is made from. */
export interface Reported {
  readonly input: TrainInput;
  readonly prepared: Prepared;
  readonly answers: Answers;
  readonly predictor: Predictor;
  readonly bars: BarColumns;
  readonly fitted: Fitted;
  readonly judged: Judged;
}

const BUCKETS = 10;
const LABELS: Readonly<Record<string, string>> = {
  iterations: 'Passes over the weights',
  trainLoss: 'Mean squared error, training span',
  validationLoss: 'Mean squared error, validation span',
  nonZero: 'Weights that are not zero',
  dualityGap: 'Duality gap at the end',
  components: 'Principal components',
  explainedVariance: 'Variance they explain',
};

/** Mean outcome by tenth of the prediction: a model that says something rises from left to right. */
function calibrationCurve({ prepared, answers }: Reported): ReportPart | undefined {
  const rows = endsIn(prepared.ends, prepared.targets, prepared.split.test);
  const pairs = Array.from(rows, (row) => [answers.predictions[row]!, prepared.targets[row]!] as const)
    .filter(([p]) => Number.isFinite(p))
    .sort((a, b) => a[0] - b[0]);
  if (pairs.length < 10 * BUCKETS) return undefined;
  const means = Array.from({ length: BUCKETS }, (_, i) => {
    const part = pairs.slice(
      Math.floor((i * pairs.length) / BUCKETS),
      Math.floor(((i + 1) * pairs.length) / BUCKETS),
    );
    const mean = (k: 0 | 1): number => part.reduce((sum, pair) => sum + pair[k], 0) / part.length;
    return { x: mean(0), y: mean(1) };
  });
  const x = means.map((m) => m.x);
  return {
    kind: 'lines',
    title: 'Outcome by prediction, test span',
    note: 'Ten equal groups of test bars from the lowest to the highest prediction. A useful model rises from left to right; a calibrated one follows the diagonal.',
    xTitle: 'mean prediction, units of volatility',
    yTitle: 'mean outcome, units of volatility',
    series: [
      { name: 'outcome', x, y: means.map((m) => m.y) },
      { name: 'diagonal', x, y: x },
    ],
  };
}

function fitFigures({ fitted }: Reported): ReportPart | undefined {
  const figures = Object.entries(fitted.figures).map(([name, value]) => ({
    name,
    label: LABELS[name] ?? name,
    value,
  }));
  return figures.length > 0 ? { kind: 'figures', title: 'Solution', figures } : undefined;
}

const MOST_ERRORS = 2000;

/** How unusual the windows of the test span were, against the threshold. */
function errorCurve({ prepared, answers, bars, judged }: Reported): ReportPart {
  const { from, to } = prepared.split.test;
  const rows = prepared.ends.filter((row) => row >= from && row < to);
  const stretch = Math.max(1, Math.ceil(rows.length / MOST_ERRORS));
  // Of each stretch its most unusual window: thinning must not hide what the picture is for.
  const shown = Array.from({ length: Math.ceil(rows.length / stretch) }, (_, i) =>
    rows
      .subarray(i * stretch, (i + 1) * stretch)
      .reduce((a, b) => (answers.predictions[b]! > answers.predictions[a]! ? b : a)),
  );
  const x = shown.map((row) => bars.timeMs[row]!);
  const threshold = judged.figures.find((f) => f.name === 'threshold')?.value ?? null;
  return {
    kind: 'lines',
    title: 'Error of the windows, test span',
    note: 'What the autoencoder could not give back, at the last bar of each window. Above the threshold a window counts as unusual.',
    xTitle: 'time',
    xIsTime: true,
    yTitle: 'error',
    series: [
      { name: 'error', x, y: shown.map((row) => answers.predictions[row]!) },
      { name: 'threshold', x: [x[0]!, x.at(-1)!], y: [threshold, threshold] },
    ],
  };
}

const WINDOWS_PER_ASK = 256;

/** What the latent space of an autoencoder holds, on windows after its training. */
async function latentParts({ prepared, answers, predictor, bars }: Reported): Promise<ReportPart[]> {
  const { matrix } = prepared;
  const { ends, scaled } = answers;
  const width = predictor.features;
  const latents = new Float32Array(ends.length * predictor.outputs);
  const errors = new Float64Array(ends.length);
  const sums = new ReconstructionSums(width);
  for (let from = 0; from < ends.length; from += WINDOWS_PER_ASK) {
    const part = ends.subarray(from, from + WINDOWS_PER_ASK);
    const { y, error, reconstruction } = await predictor.askRows(scaled, part);
    latents.set(y!, from * predictor.outputs);
    errors.set(error!, from);
    const size = predictor.window * width;
    part.forEach((end, i) => {
      const x = scaled.subarray((end + 1 - predictor.window) * width, (end + 1) * width);
      sums.add(x, reconstruction!.subarray(i * size, (i + 1) * size));
    });
  }
  return latentReport({
    latents,
    errors,
    timeMs: Float64Array.from(ends, (end) => bars.timeMs[end]!),
    names: matrix.names,
    shares: sums.shares(),
    volatility: Float64Array.from(ends, (end) => matrix.atr[end]! / bars.close[end]!),
  });
}

/** Pictures and tables of a model, made once when it is stored. */
export async function reportOf(made: Reported): Promise<ReportPart[]> {
  if (roleOf(made.input.family) === 'autoencoder') return latentParts(made);
  if (roleOf(made.input.family) === 'anomaly') return [errorCurve(made)];
  const parts = [calibrationCurve(made), fitFigures(made)];
  return parts.filter((part) => part !== undefined);
}
