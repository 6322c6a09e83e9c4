import type { ReportPart, TrainInput } from '../../../src-shared/contract/training.ts';
import type { BarColumns } from '../../../src-shared/market/bars.ts';
import type { Predictor } from '../../models/predictor.ts';
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

/** Pictures and tables of a model, made once when it is stored. */
export async function reportOf(made: Reported): Promise<ReportPart[]> {
  const parts =
    made.judged.calibration === null ? [fitFigures(made)] : [calibrationCurve(made), fitFigures(made)];
  return parts.filter((part) => part !== undefined);
}
