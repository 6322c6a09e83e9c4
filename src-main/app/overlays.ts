/** What models say beyond a line: fans of futures, and windows that are unusual. Computed by workers, kept here. */
import type { Fan } from '../../src-shared/contract/chart.ts';
import type { ModelDto, ModelRole } from '../../src-shared/contract/training.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { type EngineContext, runJob } from './context.ts';
import { modelRef } from './forecast.ts';
import type { AnomaliesResult, FanPayload } from './jobs/overlays.ts';
import { otherHistory } from './signals.ts';

/** Fans kept; the oldest goes first. */
const MOST_FANS = 200;
/** Models whose anomalies are kept. */
const MOST_MODELS = 8;

/** The last answers by key; a failed one is asked for again. */
class Kept<T> {
  readonly #answers = new Map<string, Promise<T>>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key);
    if (known) return known;
    const asked = ask();
    this.#answers.set(key, asked);
    asked.catch(() => this.#answers.delete(key));
    const oldest = this.#answers.keys().next();
    if (this.#answers.size > this.#most && !oldest.done) this.#answers.delete(oldest.value);
    return asked;
  }
}

const fans = new Kept<Fan>(MOST_FANS);
const anomalies = new Kept<AnomaliesResult>(MOST_MODELS);

/** The model, where it is of the role and its history is still stored. */
function modelOf(context: EngineContext, modelId: string, role: ModelRole, what: string): ModelDto {
  const model = context.stores.models.get(modelId);
  if (model.role !== role) {
    throw new FrontierError(
      'REFUSED',
      `${model.symbol} ${model.family} v${model.version} ${what}.`,
      `Choose a model of the kind ${role}.`,
    );
  }
  const { symbol, timeframe, dataHash } = model;
  if (context.stores.datasets.find(symbol, timeframe)?.dataset.dataHash !== dataHash)
    throw otherHistory(symbol, timeframe);
  return model;
}

const keyOf = (context: EngineContext, model: ModelDto): string =>
  [context.home, model.id, model.sha256, model.dataHash].join(' ');

/**
 * The futures a diffusion model draws at the close of a bar.
 * @throws FrontierError NOT_FOUND for an unknown model or a bar before its first window; REFUSED for a model that
 *   draws none; CONFLICT where its history was replaced
 */
export function fanAt(context: EngineContext, modelId: string, timeMs?: number): Promise<Fan> {
  const model = modelOf(context, modelId, 'diffusion', 'draws no fan of futures');
  const { symbol, timeframe } = model;
  const payload: FanPayload = { ...modelRef(context, model), timeMs };
  return fans.get(`${keyOf(context, model)} ${timeMs}`, () =>
    runJob(context, 'fan', `Futures of ${symbol} ${timeframe}`, payload),
  );
}

/**
 * What an anomaly model flags among the bars that open in [fromMs, toMs]; a run of bars belongs there when its first one
 * does.
 * @throws FrontierError as `fanAt`
 */
export async function anomaliesBetween(
  context: EngineContext,
  modelId: string,
  fromMs: number,
  toMs: number,
): Promise<AnomaliesResult> {
  const model = modelOf(context, modelId, 'anomaly', 'marks no unusual windows');
  const { symbol, timeframe } = model;
  const all = await anomalies.get(keyOf(context, model), () =>
    runJob(context, 'anomalies', `Unusual windows of ${symbol} ${timeframe}`, modelRef(context, model)),
  );
  return { ...all, markers: all.markers.filter((m) => m.timeMs >= fromMs && m.timeMs <= toMs) };
}
