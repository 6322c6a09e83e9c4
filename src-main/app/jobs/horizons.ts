import type { ModelDto, ReportPart, TrainInput } from '../../../src-shared/contract/training.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import type { JobContext } from '../../jobs/port.ts';
import { composedSettings, type HorizonsSettings } from '../../models/composed.ts';
import { type Member, sideBySideModel, unionOf } from '../../models/portable.ts';
import { Predictor } from '../../models/predictor.ts';
import { checkedSettings, familyOf } from '../../models/registry.ts';
import { ArtifactStore } from '../../store/artifacts.ts';
import { regressorOf } from '../../store/manifest.ts';
import { openEngine } from '../../tensor/engine.ts';
import { homePaths } from '../context.ts';
import { systemClock } from '../ids.ts';
import { askModel } from '../signals.ts';
import { fitModel, type TrainProgressData } from './fit.ts';
import { type Prepared, prepare } from './prepare.ts';
import { storeModel, type ToStore } from './storeModel.ts';
import { type LearnedHistory, loadHistory, type TrainPayload } from './train.ts';
import { type WalkForward, walkForward } from './walkForward.ts';

const HOUR_MS = 3_600_000;
const MOST_BARS = 10_080;

interface Horizon {
  readonly hours: number;
  readonly bars: number;
}

/**
 * Horizons in bars, shortest first; those shorter than a bar say nothing and are left out.
 * @throws FrontierError BAD_INPUT where fewer than two are left
 */
export function horizonsOf(settings: HorizonsSettings, input: TrainInput): Horizon[] {
  const barMs = timeframeMs(input.timeframe);
  const all = [...new Set(settings.hours)]
    .sort((a, b) => a - b)
    .map((hours) => ({ hours, bars: Math.round((hours * HOUR_MS) / barMs) }))
    .filter(({ bars }) => bars >= 1 && bars <= MOST_BARS);
  const distinct = all.filter(({ bars }, i) => all.findIndex((h) => h.bars === bars) === i);
  if (distinct.length >= 2) return distinct;
  throw new FrontierError(
    'BAD_INPUT',
    `Of these horizons ${distinct.length} can be told apart on ${input.timeframe} bars; two are needed.`,
    'Choose longer horizons or shorter bars.',
  );
}

export const hoursLabel = (hours: number): string =>
  hours % 168 === 0 ? `${hours / 168} w` : hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`;

interface Made {
  readonly horizon: Horizon;
  readonly model: ModelDto;
  readonly member: Member;
  readonly walk: WalkForward;
  readonly predictions: Float64Array;
}

interface Around {
  readonly payload: TrainPayload;
  readonly settings: HorizonsSettings;
  readonly history: LearnedHistory;
  readonly context: JobContext;
}

/** Judges one horizon on expanding windows, then trains, calibrates and stores its model. */
async function makeOne(
  { payload, settings, history, context }: Around,
  horizon: Horizon,
  stage: { done: number; total: number },
): Promise<Made> {
  const input: TrainInput = {
    ...payload.input,
    family: settings.family,
    model: settings.model,
    horizonBars: horizon.bars,
  };
  const prepared = prepare(history.bars, input, history.marks, history.others);
  const checkpointDir = homePaths.checkpoint(payload.home, payload.runId);
  const cacheFolder = homePaths.trainingCache(payload.home);
  const walk = await walkForward(prepared, input, history.bars, {
    to: prepared.split.test.to,
    folds: settings.folds,
    place: { checkpointDir, cacheFolder, context, stage },
  });
  const fitted = await fitModel(prepared, input, history.bars, {
    checkpointDir: `${checkpointDir}-h${horizon.bars}`,
    cacheFolder,
    context,
    stage: { ...stage, done: stage.done + settings.folds },
  });
  if (fitted.stopped)
    throw new FrontierError('CANCELLED', 'The run was stopped before its end; no model was stored.');
  const modelId = `${payload.modelId}-h${horizon.bars}`;
  const model = await storeModel({ ...payload, modelId, input, history, prepared, fitted });
  const artifact = new ArtifactStore(payload.home).load(model.symbol, model.timeframe, model.version);
  const manifest = regressorOf(artifact.manifest);
  const { engine } = await openEngine('cpu', 2);
  const predictor = await Predictor.load(artifact.model, engine);
  try {
    const { predictions } = await askModel(predictor, manifest, history.bars, history.others);
    const member: Member = {
      onnx: artifact.model,
      scaler: manifest.scaler,
      window: manifest.windowBars,
      outputs: predictor.outputs,
      scale: manifest.calibration.predictionScale,
      weight: 1,
    };
    return { horizon, model, member, walk, predictions };
  } finally {
    await predictor.close();
  }
}

/** Share of the test bars on which not all horizons point the same way, and how often each pair does not. */
function disagreement(made: readonly Made[], prepared: Prepared) {
  const { from, to } = prepared.split.test;
  const pairs = made.map(() => made.map(() => 0));
  let bars = 0;
  let split = 0;
  for (let row = from; row < to; row++) {
    const signs = made.map(({ predictions }) => Math.sign(predictions[row]!));
    if (signs.some((s) => !Number.isFinite(s))) continue;
    bars++;
    if (signs.some((s) => s !== signs[0])) split++;
    signs.forEach((a, i) => {
      signs.forEach((b, j) => {
        if (a !== b) pairs[i]![j]! += 1;
      });
    });
  }
  return { bars, sharePct: (100 * split) / bars, pairs: pairs.map((r) => r.map((n) => (100 * n) / bars)) };
}

/** The newest bar: which way each horizon points now. */
function latest(made: readonly Made[]): { text: string; agree: boolean } {
  const signs = made.map(({ predictions }) => Math.sign(predictions.at(-1)!));
  const words = made.map(
    ({ horizon }, i) =>
      `${hoursLabel(horizon.hours)} ${signs[i]! > 0 ? 'up' : signs[i]! < 0 ? 'down' : 'unknown'}`,
  );
  return { text: words.join(', '), agree: signs.every((s) => s === signs[0]) };
}

function reportParts(made: readonly Made[], apart: ReturnType<typeof disagreement>): ReportPart[] {
  const names = made.map(({ horizon }) => hoursLabel(horizon.hours));
  const now = latest(made);
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return [
    {
      kind: 'table',
      title: 'Horizons on expanding windows',
      note: 'Each model was trained on everything before the stretch it is judged on. Sharpe ratio and drawdown are of following every prediction over its whole horizon, after the cost of a round trip.',
      columns: ['Horizon', 'Windows', 'Accuracy %', 'RMSE', 'Trades', 'Sharpe', 'Drawdown %', 'Model'],
      rows: made.map(({ model, walk }, i) => [
        names[i]!,
        walk.n,
        finite(100 * walk.accuracy),
        finite(walk.rmse),
        walk.trades,
        finite(walk.sharpe),
        finite(walk.drawdownPct),
        model.id,
      ]),
    },
    {
      kind: 'table',
      title: 'Disagreement on the test span',
      note: `Per cent of bars on which two horizons point different ways. At the newest bar: ${now.text}${now.agree ? '' : ' (they DISAGREE)'}.`,
      columns: ['', ...names],
      rows: apart.pairs.map((row, i) => [names[i]!, ...row.map(finite)]),
    },
  ];
}

/** One line of the run's log per horizon. */
function logHorizon(context: JobContext, fraction: number, { horizon, walk, model }: Made): void {
  const message = `${hoursLabel(horizon.hours)}: accuracy ${(100 * walk.accuracy).toFixed(1)} % on ${walk.n} windows of expanding validation; stored as ${model.id}.`;
  const entry = { timeMs: systemClock.nowMs(), level: 'info', topic: 'horizons', message } as const;
  context.report({ fraction, data: { type: 'log', entry } satisfies TrainProgressData });
}

/** One model per horizon, judged on expanding windows, and one file that holds them side by side. */
export async function composeHorizons(
  payload: TrainPayload,
  context: JobContext,
): Promise<{ set: ToStore; further: ModelDto[] }> {
  const started = performance.now();
  const settings = composedSettings('horizons', payload.input.model);
  const horizons = horizonsOf(settings, payload.input);
  checkedSettings(familyOf(settings.family), settings.model);
  const history = await loadHistory(payload.home, payload.dataset, payload.input.symbols);
  const around = { payload, settings, history, context };
  const made: Made[] = [];
  const fits = settings.folds + 1;
  for (const [i, horizon] of horizons.entries()) {
    const stage = { done: i * fits, total: horizons.length * fits };
    made.push(await makeOne(around, horizon, stage));
    logHorizon(context, (i + 1) / horizons.length, made.at(-1)!);
  }
  // The horizon asked for leads where it is among them, else the shortest.
  const lead = made.find(({ horizon }) => horizon.bars === payload.input.horizonBars) ?? made[0]!;
  const ordered = [lead, ...made.filter((m) => m !== lead)];
  const members = ordered.map(({ member }) => member);
  const features = unionOf(members);
  const windowBars = Math.max(...members.map((m) => m.window));
  const input = { ...payload.input, horizonBars: lead.horizon.bars, windowBars };
  const prepared = prepare(history.bars, input, history.marks, history.others);
  const apart = disagreement(made, prepared);
  const pass = { names: [...features], mean: features.map(() => 0), std: features.map(() => 1), clip: 1e30 };
  return {
    further: made.map(({ model }) => model),
    set: {
      ...payload,
      input,
      history,
      prepared: { ...prepared, scaler: pass, scaled: prepared.matrix.values },
      fitted: {
        onnx: sideBySideModel(members),
        outputs: 1,
        steps: horizons.length * fits,
        seconds: (performance.now() - started) / 1000,
        finalLoss: Number.NaN,
        bestStep: 0,
        engine: lead.model.engine,
        stopped: false,
        parameters: made.reduce((sum, { model }) => sum + model.parameters, 0),
        model: settings,
        figures: {},
      },
      members: ordered.map(({ model }) => model.id),
      report: reportParts(made, apart),
      figures: [
        {
          name: 'disagreementPct',
          label: 'Horizons disagree on the test span',
          value: apart.sharePct,
          unit: '%',
        },
        {
          name: 'agreeNow',
          label: `All agree at the newest bar (${latest(made).text})`,
          value: latest(made).agree ? 1 : 0,
          unit: 'yes or no',
        },
      ],
    },
  };
}
