import type { FrontierClient } from '../../../src-shared/contract/index.ts';
import type { SessionDto } from '../../../src-shared/contract/live.ts';
import { FrontierError } from '../../../src-shared/errors.ts';
import type { CommonOptions } from '../options.ts';
import { num, table } from '../output.ts';
import { type CommandTools, withEngine } from './common.ts';

export async function deployCommand(
  studyId: string,
  options: CommonOptions & { readonly trial?: string | undefined },
): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      const trialId = options.trial ?? (await client.optimize.get({ studyId })).recommendedTrialId;
      if (!trialId)
        throw new FrontierError(
          'REFUSED',
          'This study recommends no point.',
          'Name one with --trial, or run a longer study.',
        );
      return client.live.deploy({ studyId, trialId, broker: 'paper' });
    },
    (d) =>
      `${d.id}: ${d.symbol} ${d.timeframe}${d.synthetic ? ' [SYNTHETIC]' : ''} on ${d.broker}, parameters ${d.parameterHash.slice(0, 12)}. Start it with \`frontier live run ${d.id}\`.`,
  );
}

async function follow({ client, progress, signal }: CommandTools, sessionId: string): Promise<SessionDto> {
  signal.addEventListener('abort', () => void client.live.stop({ sessionId }));
  for await (const session of await client.live.watch({ sessionId })) {
    progress.update(
      'live',
      (0.99 * session.barsDone) / session.barsTotal,
      `${session.decisions} decisions, ${session.orders.length} orders, equity ${num(session.equity)} ${session.currency}`,
    );
    if (['finished', 'stopped'].includes(session.state)) return session;
    if (['failed', 'interrupted'].includes(session.state))
      throw new FrontierError(
        'ENGINE_FAILED',
        session.error?.message ?? 'The session did not finish.',
        session.error?.hint,
      );
  }
  throw new FrontierError('ENGINE_FAILED', 'The session did not finish.');
}

/** Begins or takes up a session, follows it to its end and prints what it did. */
async function runSession(
  options: CommonOptions,
  begin: (client: FrontierClient) => Promise<string>,
): Promise<void> {
  await withEngine(
    options,
    async (tools) => {
      const { equityCurve: _, log: __, ...session } = await follow(tools, await begin(tools.client));
      return session;
    },
    (s) =>
      `${s.id} ${s.state}: ${s.barsDone} bars, ${s.decisions} decisions, ${s.orders.length} orders, ${s.fills.length} fills, balance ${num(s.balance)} ${s.currency}, ${s.position ? 'one position open' : 'no position open'}`,
  );
}

export async function liveRun(
  deploymentId: string,
  options: CommonOptions & { readonly bars?: number | undefined; readonly speed: number },
): Promise<void> {
  const { bars, speed } = options;
  await runSession(
    options,
    async (client) => (await client.live.start({ deploymentId, bars, speed })).sessionId,
  );
}

/** Goes on with a session whose engine ended; what is journaled is not placed again. */
export async function liveResume(
  sessionId: string,
  options: CommonOptions & { readonly speed?: number | undefined },
): Promise<void> {
  const { speed } = options;
  await runSession(options, async (client) => {
    await client.live.resume({ sessionId });
    if (speed !== undefined) await client.live.setSpeed({ sessionId, speed });
    return sessionId;
  });
}

export async function liveList(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => ({ sessions: await client.live.list() }),
    ({ sessions }) =>
      sessions.length === 0
        ? 'No sessions yet.'
        : table(
            sessions.map((s) => [
              s.id,
              s.badge,
              s.symbol,
              s.timeframe,
              s.state,
              `${s.barsDone}/${s.barsTotal}`,
              `${num(s.equity)} ${s.currency}`,
              s.position ? s.position.direction : 'flat',
            ]),
          ),
  );
}

export async function liveStop(sessionId: string, options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    async ({ client }) => {
      await client.live.stop({ sessionId });
      const { id, state, position } = await client.live.get({ sessionId });
      return { id, state, position };
    },
    (s) => `${s.id} ${s.state}${s.position ? '; its position stays open at the broker' : ''}.`,
  );
}

export async function flattenCommand(options: CommonOptions): Promise<void> {
  await withEngine(
    options,
    ({ client }) => client.live.flatten(),
    (r) =>
      [
        `Closed ${r.closedPositions} positions, cancelled ${r.cancelledOrders} orders, stopped ${r.stoppedSessions} sessions.`,
        ...r.messages,
      ].join('\n'),
  );
}
