import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import type { AdherenceDto, DeploymentDto } from '../../src-shared/contract/live.ts';
import { FrontierError } from '../../src-shared/errors.ts';
import { type BarColumns, barCount, lowerBound } from '../../src-shared/market/bars.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { PaperBroker } from '../brokers/paper.ts';
import { openPaperLedger, type PaperLedger } from '../brokers/paperLedger.ts';
import { ReplayFeed } from '../data/feed.ts';
import { LiveManager, type SessionAssembler, type SessionPlan, type StartRequest } from '../live/manager.ts';
import type { Pipeline } from '../live/types.ts';
import type { Predictor } from '../models/predictor.ts';
import type { LoadedArtifact } from '../store/artifacts.ts';
import { type ModelManifest, regressorOf } from '../store/manifest.ts';
import type { SessionRecord } from '../store/sessions.ts';
import { openEngine } from '../tensor/engine.ts';
import { loadGuard, sealOf } from './anomalyRule.ts';
import { type EngineContext, runJob } from './context.ts';
import { keepWindows, keptWindows, maskFor, windowsFor } from './entryRules.ts';
import { modelRef } from './forecast.ts';
import type { AdherencePayload } from './jobs/adherence.ts';
import { deploymentHash, spanOf, venueOf } from './jobs/backtest.ts';
import { LiveAnomaly } from './liveAnomaly.ts';
import { intervalJudge, LiveForecast } from './liveForecast.ts';
import { openModel } from './modelFiles.ts';
import { historyOf } from './signals.ts';

type Base = Omit<EngineContext, 'live'>;

/** The live manager with what only the composition root can add: the comparison with the backtester. */
export class FrontierLive extends LiveManager {
  readonly #base: Base;
  readonly #ledger: PaperLedger;

  constructor(base: Base, ledger: PaperLedger) {
    super({
      stores: base.stores,
      assembler: new Assembler(base, ledger),
      clock: base.clock,
      ids: base.ids,
      yieldControl: () => immediate(),
      onFault: (sessionId, error) =>
        base.log(`Session ${sessionId} failed and its fault could not be journaled.`, error),
    });
    this.#base = base;
    this.#ledger = ledger;
  }

  /** Replays the bars that the recorded session decided on through the backtester, in a worker, and compares. */
  adherence(sessionId: string): Promise<AdherenceDto> {
    const { stores } = this.#base;
    const { deploymentId } = stores.sessions.get(sessionId);
    const model = stores.models.get(stores.deployments.get(deploymentId).modelId);
    const payload: AdherencePayload = { ...modelRef(this.#base, model), sessionId };
    return runJob<AdherenceDto>(this.#base, 'adherence', 'Compare with the backtester', payload);
  }

  /** Ends every loop after its bar and closes the paper broker's memory. */
  override async close(): Promise<void> {
    await super.close();
    this.#ledger.close();
  }
}

/** Opens the model that trades and, where there is one, the model that keeps it out of unusual windows. */
async function openModels(
  artifact: LoadedArtifact,
  guard: LoadedArtifact | undefined,
): Promise<{ predictor: Predictor; anomaly: LiveAnomaly | undefined }> {
  const { engine } = await openEngine('cpu', 1);
  const predictor = await openModel(artifact, engine);
  if (guard === undefined) return { predictor, anomaly: undefined };
  try {
    return { predictor, anomaly: new LiveAnomaly(guard.manifest, await openModel(guard, engine)) };
  } catch (error) {
    await predictor.close();
    throw error;
  }
}

function lastRows(
  bars: BarColumns,
  manifest: LoadedArtifact['manifest'],
  request: StartRequest,
): { from: number; to: number } {
  if (request.bars === undefined) return spanOf(manifest, 'replay');
  const to = barCount(bars);
  const first = spanOf(manifest, 'replay').from;
  const from = to - request.bars;
  if (from >= first) return { from, to };
  throw new FrontierError(
    'REFUSED',
    `The last ${request.bars} bars reach into the history that the model or the study was fitted on.`,
    `Replay at most ${to - first} bars.`,
  );
}

/** Builds sessions from the stores: the venue of the backtests, the model file, and a replay of stored history. */
class Assembler implements SessionAssembler {
  readonly #base: Base;
  readonly #ledger: PaperLedger;

  constructor(base: Base, ledger: PaperLedger) {
    this.#base = base;
    this.#ledger = ledger;
  }

  async plan(deployment: DeploymentDto, request: StartRequest): Promise<SessionPlan> {
    const { manifest } = this.#artifact(deployment);
    const { bars } = await this.#bars(manifest, manifest.dataHash);
    const { from, to } = lastRows(bars, manifest, request);
    const day = (row: number): string => new Date(bars.timeMs[row]!).toISOString().slice(0, 10);
    return {
      venue: venueOf(manifest, deployment.costs),
      source: {
        kind: 'replay',
        fromMs: bars.timeMs[from]!,
        toMs: bars.timeMs[to - 1]!,
        dataHash: manifest.dataHash,
        ...this.#blackouts(deployment, bars.timeMs[from]!, bars.timeMs[to - 1]!),
      },
      feed: `Replay of ${manifest.symbol} ${manifest.timeframe}, ${day(from)} to ${day(to - 1)}`,
      barsTotal: to - from,
    };
  }

  async broker(record: SessionRecord): Promise<PaperBroker> {
    return new PaperBroker({ ledger: this.#ledger, accountId: record.id, venue: record.venue });
  }

  async pipeline(record: SessionRecord, deployment: DeploymentDto): Promise<Pipeline> {
    const artifact = this.#artifact(deployment);
    const manifest = regressorOf(artifact.manifest);
    const guard = this.#guard(deployment, manifest);
    this.#assertHash(record, deployment, artifact, guard);
    const { bars, marks } = await this.#bars(manifest, record.source.dataHash);
    const hash = record.source.blackouts;
    const windows = hash === undefined ? [] : keptWindows(this.#base.home, hash);
    const { predictor, anomaly } = await openModels(artifact, guard);
    // A resumed session goes on with the first bar it has not decided on, without waiting through the others again.
    const decidedMs = this.#base.stores.journal.lastDecision(record.id)?.barTimeMs;
    const from = lowerBound(bars.timeMs, decidedMs === undefined ? record.source.fromMs : decidedMs + 1);
    const to = lowerBound(bars.timeMs, record.source.toMs) + 1;
    const forecast = new LiveForecast(manifest, predictor, record.venue);
    return {
      feed: new ReplayFeed({
        symbol: manifest.symbol,
        timeframe: manifest.timeframe,
        bars,
        from,
        to,
        barsPerSecond: record.speed > 0 ? record.speed : Number.POSITIVE_INFINITY,
        sleep: (ms, signal) => delay(ms, undefined, { signal }),
      }),
      features: {
        push: (bar) => {
          anomaly?.push(bar);
          return forecast.push(bar);
        },
      },
      windowBars: manifest.windowBars,
      predict: async (window) => {
        await anomaly?.judge();
        return forecast.predict(window);
      },
      history: async (beforeMs) =>
        this.#base.bars.load(manifest.symbol, manifest.timeframe, { toMs: beforeMs }, manifest.priceSide),
      entries: maskFor(deployment, { timeMs: bars.timeMs, marks }, deployment, windows, {
        interval: (barTimeMs) => forecast.block(barTimeMs),
        anomaly: anomaly && ((barTimeMs) => anomaly.block(barTimeMs)),
      }),
      judge: intervalJudge(manifest),
      release: async () => {
        await predictor.close();
        await anomaly?.close();
      },
    };
  }

  #artifact(deployment: DeploymentDto): LoadedArtifact {
    const model = this.#base.stores.models.get(deployment.modelId);
    return this.#base.artifacts.load(model.symbol, model.timeframe, model.version);
  }

  /** The files of the anomaly model that keeps the deployment out of unusual windows, where it has one. */
  #guard({ avoidAnomalies }: DeploymentDto, manifest: ModelManifest): LoadedArtifact | undefined {
    return avoidAnomalies === undefined
      ? undefined
      : loadGuard(this.#base.artifacts, avoidAnomalies, manifest);
  }

  /** The news windows as they are known when the session starts, kept for as long as it is. */
  #blackouts(deployment: DeploymentDto, fromMs: number, toMs: number): { blackouts?: string } {
    if (deployment.blackout === undefined) return {};
    const instrument = instrumentFor(deployment.symbol);
    const windows = windowsFor(this.#base.stores.news, instrument, deployment.blackout, fromMs, toMs);
    return { blackouts: keepWindows(this.#base.home, windows) };
  }

  /** What is about to trade must be what was deployed: genes, model file, costs and rules about entries. */
  #assertHash(
    record: SessionRecord,
    deployment: DeploymentDto,
    artifact: LoadedArtifact,
    guard: LoadedArtifact | undefined,
  ): void {
    const { genes, parameterHash } = deployment;
    const { costs } = record.venue;
    const seal = guard && sealOf(guard);
    if (deploymentHash(genes, artifact.sha256, costs, deployment, seal) === parameterHash) return;
    throw new FrontierError(
      'REFUSED',
      'The model or the parameters are not the ones that were deployed; the session does not start.',
      'Deploy the point again.',
    );
  }

  async #bars(manifest: ModelManifest, dataHash: string) {
    const { symbol, timeframe } = manifest;
    if (dataHash === manifest.dataHash) return historyOf(this.#base.bars, manifest);
    throw new FrontierError(
      'CONFLICT',
      `This session began on another ${symbol} ${timeframe} history than its model.`,
      'Start a new session from the deployment.',
    );
  }
}

/** The live part of the engine. Sessions that an earlier engine left running are shown as interrupted. */
export function createLive(base: Base): FrontierLive {
  const live = new FrontierLive(base, openPaperLedger(base.home));
  live.recover();
  live.subscribe((sessionId) => {
    base.hub.notify(`session:${sessionId}`);
    base.hub.notify('live');
  });
  return live;
}
