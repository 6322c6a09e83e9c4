import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { ModelDto, ReportPart, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { Predictor } from '../../models/predictor.ts';
import { roleOf } from '../../models/registry.ts';
import { ArtifactStore } from '../../store/artifacts.ts';
import { openEngine } from '../../tensor/engine.ts';
import { REPORT_FILE } from '../modelFiles.ts';
import { type Answers, askModel, rowsAsked, saveSignals, withIntervals } from '../signals.ts';
import { FIXED_SETTINGS, type Fitted } from './fit.ts';
import { type Judged, judge } from './judge.ts';
import type { Prepared } from './prepare.ts';
import { reportOf } from './report.ts';
import type { LearnedHistory } from './train.ts';
import { manifestOf, modelDto } from './trainedModel.ts';

/** A fitted model and everything it was made from. */
export interface ToStore {
  readonly home: string;
  readonly runId: string;
  readonly modelId: string;
  /** Newest version in the register, whose files may be gone. */
  readonly newestVersion: number;
  readonly input: TrainInput;
  readonly dataset: DatasetDto;
  readonly history: LearnedHistory;
  readonly prepared: Prepared;
  readonly fitted: Fitted;
  readonly members?: readonly string[];
  readonly report?: readonly ReportPart[];
  readonly figures?: Judged['figures'];
}

const namedSpans = (split: Prepared['split']) =>
  Object.entries(split).map(([name, range]) => ({ name, ...range }));

/** Of an autoencoder, which is not judged by predictions, the figures of its report. */
const figuresOf = (input: TrainInput, report: readonly ReportPart[]): Judged['figures'] =>
  roleOf(input.family) === 'autoencoder'
    ? report.flatMap((part) => (part.kind === 'figures' ? part.figures : []))
    : [];

/** A window with what the model said of it, so that a later opening can prove that it still says the same. */
async function sampleOf(predictor: Predictor, answers: Answers): Promise<{ x: number[]; y: number[] }> {
  const end = answers.ends.at(-1);
  if (end === undefined) {
    throw new FrontierError(
      'REFUSED',
      'No window of the history has all features, so the model can say nothing.',
      'Use a longer history, a shorter window, or instruments that trade at the same times.',
    );
  }
  const width = predictor.features;
  const x = answers.scaled.slice((end + 1 - predictor.window) * width, (end + 1) * width);
  return { x: Array.from(x), y: Array.from(await predictor.predict(x, 1)) };
}

/** Asks the model about its history, calibrates and judges it, and stores it with its report. */
export async function storeModel(made: ToStore): Promise<ModelDto> {
  const { home, modelId, input, dataset, history, prepared, fitted } = made;
  const { bars } = history;
  const { engine } = await openEngine('cpu', 2);
  const predictor = await Predictor.load(fitted.onnx, engine);
  try {
    const { matrix, scaler } = prepared;
    const shape = {
      features: matrix.names,
      scaler,
      windowBars: predictor.window,
      symbol: input.symbol,
    };
    const asked = rowsAsked({ role: roleOf(input.family), spans: namedSpans(prepared.split) });
    const answers = await askModel(predictor, shape, bars, history.others, asked);
    const judged = judge(prepared, answers, input, fitted.model, bars);
    const report = [
      ...(await reportOf({ input, prepared, answers, predictor, bars, fitted, judged })),
      ...(made.report ?? []),
    ];
    const manifest = manifestOf({
      ...made,
      bars,
      judged: {
        ...judged,
        figures: [...judged.figures, ...figuresOf(input, report), ...(made.figures ?? [])],
      },
      otherHashes: history.otherHashes,
      fixedSettings: FIXED_SETTINGS,
      sample: await sampleOf(predictor, answers),
    });
    const files = { [REPORT_FILE]: Buffer.from(JSON.stringify(report)) };
    const stored = new ArtifactStore(home).save({ model: fitted.onnx, manifest, files }, made.newestVersion);
    const model = modelDto(stored);
    if (roleOf(input.family) !== 'autoencoder') {
      const signals = withIntervals(answers, manifest.calibration);
      saveSignals({ home, modelId, ...model }, stored.sha256, dataset.dataHash, signals, bars);
    }
    return model;
  } finally {
    await predictor.close();
  }
}
