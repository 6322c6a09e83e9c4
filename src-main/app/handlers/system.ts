import { cpus, totalmem } from 'node:os';
import type { JobDto } from '../../../src-shared/contract/common.ts';
import type { StatusDto, SystemInfo } from '../../../src-shared/contract/system.ts';
import { appVersion } from '../../ops/paths.ts';
import { type EngineContext, isEnded } from '../context.ts';
import { hardwareOf } from '../hardware.ts';
import { watch } from '../hub.ts';
import type { Implementer } from '../rpc.ts';

function jobsOf(context: EngineContext): JobDto[] {
  return (
    context.jobs
      .list()
      // A point or a probe is a click's worth of work; the status bar is for what the user waits for.
      .filter((job) => !isEnded(job.state) && !['point', 'adherence', 'hardware'].includes(job.kind))
      .map((job) => ({
        id: job.id,
        kind: job.kind,
        title: context.titles.get(job.id),
        state: job.state,
        fraction: job.progress.fraction,
        etaMs: job.progress.etaMs,
        message: job.progress.message,
      }))
  );
}

function liveOf(context: EngineContext): StatusDto['live'] {
  const active = context.live
    .list()
    .find((s) => ['starting', 'running', 'paused', 'stopping', 'interrupted'].includes(s.state));
  if (!active) return null;
  return {
    sessionId: active.id,
    symbol: active.symbol,
    badge: active.badge,
    state: active.state,
    openPositions: active.position ? 1 : 0,
    unrealised: active.unrealised,
    currency: active.currency,
    feedAgeMs: context.live.feedAgeMs(active.id),
  };
}

function statusOf(context: EngineContext): StatusDto {
  const live = liveOf(context);
  const engine = context.stores.trainingRuns.list()[0]?.engine ?? 'cpu';
  const connected = live !== null && ['running', 'paused', 'stopping'].includes(live.state);
  return {
    timeMs: context.clock.nowMs(),
    jobs: jobsOf(context),
    engine,
    broker: { name: 'paper', state: connected ? 'connected' : 'idle' },
    live,
    memoryBytes: process.memoryUsage.rss(),
  };
}

async function systemInfo(context: EngineContext): Promise<SystemInfo> {
  return {
    version: appVersion(),
    host: context.host,
    home: context.home,
    nodeVersion: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    cpuCores: cpus().length,
    memoryBytes: totalmem(),
    engines: await hardwareOf(context).engines(),
    secretStore: context.secrets.describe(),
  };
}

export function systemHandlers(os: Implementer, context: EngineContext) {
  return {
    info: os.system.info.handler(() => systemInfo(context)),
    status: os.system.status.handler(({ signal }) =>
      watch(context.hub, ['status', 'runs', 'studies', 'live'], {
        read: () => statusOf(context),
        signal,
        minIntervalMs: 250,
        maxIntervalMs: 5000,
      }),
    ),
    settings: {
      get: os.system.settings.get.handler(() => context.stores.settings.all()),
      set: os.system.settings.set.handler(({ input }) =>
        context.stores.settings.set(input.key, input.value, context.clock.nowMs()),
      ),
    },
  };
}
