import type { FrontierEngine } from '../../src-main/app/index.ts';
import type { FrontierClient } from '../../src-shared/contract/index.ts';
import type { SessionDto } from '../../src-shared/contract/live.ts';
import type { StudyDto } from '../../src-shared/contract/optimize.ts';
import type { TrainingRunDto } from '../../src-shared/contract/training.ts';
import { copyOf, newFolder, openEngine, sleep, until } from './engine.ts';

/** A data folder with everything up to a deployment, made once per file of tests and copied by each test. */

export interface World {
  readonly home: string;
  readonly modelId: string;
  readonly studyId: string;
  readonly deploymentId: string;
}

/** Follows a run to its end. */
export async function endOfRun({ client }: FrontierEngine, runId: string): Promise<TrainingRunDto> {
  for await (const _ of await client.training.watch({ runId }));
  return client.training.get({ runId });
}

/** Follows a study to its end. */
export async function endOfStudy({ client }: FrontierEngine, studyId: string): Promise<StudyDto> {
  for await (const _ of await client.optimize.watch({ studyId }));
  return client.optimize.get({ studyId });
}

/** Follows a session until it runs no more. */
export async function endOfSession({ client }: FrontierEngine, sessionId: string): Promise<SessionDto> {
  for await (const session of await client.live.watch({ sessionId }))
    if (['finished', 'stopped', 'failed', 'interrupted'].includes(session.state)) return session;
  throw new Error('the session was not followed to its end');
}

/** Lets a session go on until it holds a position, then slows it down so that it holds it for a while. */
export async function untilPositionHeld(client: FrontierClient, sessionId: string): Promise<SessionDto> {
  for (;;) {
    await client.live.setSpeed({ sessionId, speed: 100 });
    await until(
      'a position is open',
      async () => (await client.live.get({ sessionId })).position !== undefined,
    );
    await client.live.setSpeed({ sessionId, speed: 0.01 });
    // The bars on their way may close it again.
    await sleep(50);
    const session = await client.live.get({ sessionId });
    if (session.position !== undefined) return session;
  }
}

/** Imports the demo market, trains, searches and deploys; the engine is closed again. */
export async function makeWorld(): Promise<World> {
  const home = newFolder();
  const engine = await openEngine(home);
  const { client } = engine;
  for await (const _ of await client.data.import({ source: { kind: 'demo' }, symbol: 'SYNFX' }));
  const { runId } = await client.training.start({ symbol: 'SYNFX', timeframe: 'H1', engine: 'cpu' });
  const { modelId } = await endOfRun(engine, runId);
  if (modelId === undefined) throw new Error('the model was not trained');
  const { studyId } = await client.optimize.start({ modelId, evaluations: 200 });
  const { recommendedTrialId: trialId } = await endOfStudy(engine, studyId);
  if (trialId === undefined) throw new Error('the study recommends nothing');
  const deployment = await client.live.deploy({ studyId, trialId });
  await engine.close();
  return { home, modelId, studyId, deploymentId: deployment.id };
}

/** An engine on a copy of the world. */
export async function engineOn(world: World): Promise<FrontierEngine> {
  return openEngine(copyOf(world.home));
}
