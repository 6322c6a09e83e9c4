import type { Clock } from '../../../src-shared/runtime.ts';
import type { Engine, EngineProbe, EngineSession, HostTensor } from '../engine.ts';
import { Graph } from '../graph.ts';
import { emitModel } from '../onnx/emit.ts';
import { add, matmul, relu, scale } from '../ops/index.ts';
import { firstLine } from './onnxruntime.ts';

const SIZE = 256;
const STEPS = 10;
const TIMED_RUNS = 5;

/** x <- relu(x w) / SIZE + x, repeated in a Loop: the shape of a training step's work. */
function probeModel(): Uint8Array {
  const graph = new Graph('probe');
  const steps = graph.input('steps', 'int64', []);
  const start = graph.input('x', 'float32', [SIZE, SIZE]);
  const w = graph.input('w', 'float32', [SIZE, SIZE]);
  const body = new Graph('probe_body');
  body.input('probe_iter', 'int64', []);
  const condition = body.input('probe_cond', 'bool', []);
  const x = body.input('probe_x', 'float32', [SIZE, SIZE]);
  body.output('probe_cond_out', condition);
  body.output('probe_x_out', add(scale(relu(matmul(x, body.outer(w))), 1 / SIZE), x));
  const loop = graph.apply('Loop', [steps, graph.constant('bool', [], [1]), start], { body });
  graph.output('y', loop[0]!);
  return emitModel(graph);
}

function probeFeeds(): Record<string, HostTensor> {
  const square = (value: number): HostTensor => ({
    dtype: 'float32',
    shape: [SIZE, SIZE],
    data: new Float32Array(SIZE * SIZE).fill(value),
  });
  return {
    steps: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(STEPS)) },
    x: square(1),
    w: square(1 / SIZE),
  };
}

async function runOnce(session: EngineSession, feeds: Record<string, HostTensor>): Promise<number> {
  const { y } = await session.run(feeds);
  return (y!.data as Float32Array)[0]!;
}

/** Mean milliseconds of a run, over enough runs for a clock that counts whole milliseconds. */
async function timeRuns(
  session: EngineSession,
  feeds: Record<string, HostTensor>,
  clock: Clock,
): Promise<number> {
  const started = clock.nowMs();
  for (let i = 0; i < TIMED_RUNS; i++) await runOnce(session, feeds);
  return (clock.nowMs() - started) / TIMED_RUNS;
}

/**
 * Creates a session on the engine, runs the probe graph and checks its result.
 * @param clock where given, the probe graph is also timed
 */
export async function probeEngine(engine: Engine, clock?: Clock): Promise<EngineProbe> {
  const { name } = engine;
  try {
    const session = await engine.createSession(probeModel());
    try {
      const feeds = probeFeeds();
      const got = await runOnce(session, feeds);
      // Every row of w sums to 1 and x is constant, so each step multiplies x by 1 + 1/SIZE.
      const expected = (1 + 1 / SIZE) ** STEPS;
      if (Math.abs(got - expected) > 1e-3) {
        return { name, available: false, reason: `wrong result (${got} instead of ${expected})` };
      }
      if (!clock) return { name, available: true };
      return { name, available: true, milliseconds: await timeRuns(session, feeds, clock) };
    } finally {
      await session.release();
    }
  } catch (error) {
    return { name, available: false, reason: firstLine(error) };
  }
}
