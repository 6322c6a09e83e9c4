import { createORPCClient } from '@orpc/client';
import { type DependencyList, useEffect, useState } from 'react';
import { useStore } from 'zustand/react';
import type { FrontierClient } from '../../src-shared/contract/index.ts';
import { type ConnectionState, connection, lastingLink } from './connection.ts';
import { isAbort } from './errors.ts';

export { startConnection } from './connection.ts';
export { describeError, type ErrorView } from './errors.ts';
export { invalidate, type Query, useQuery } from './queries.ts';

/** The engine, typed by the contract. */
export const rpc: FrontierClient = createORPCClient(lastingLink);

/** State of the connection to the engine. */
export function useConnection(): ConnectionState {
  return useStore(connection, (c) => c.state);
}

export interface Watch<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  /** True while the stream is open. */
  readonly live: boolean;
}

/** Hands values on once per frame, the newest only: a fast stream must not make a slow screen. */
function latestPerFrame<T>(show: (value: T) => void): { push: (value: T) => void; cancel: () => void } {
  let frame = 0;
  let latest: { value: T } | undefined;
  const flush = () => {
    frame = 0;
    if (latest) show(latest.value);
    latest = undefined;
  };
  return {
    push(value) {
      latest = { value };
      // No frames come while the window is hidden; the value must still arrive.
      if (document.hidden) flush();
      else if (frame === 0) frame = requestAnimationFrame(flush);
    },
    cancel() {
      if (frame !== 0) cancelAnimationFrame(frame);
    },
  };
}

/**
 * Follows a stream of the engine and shows its newest value, again after every reconnect. `subscribe` may return
 * undefined while there is nothing to follow. A new `round` follows the same thing anew, with the value kept until
 * then: for a stream that ended and has reason to go on.
 */
export function useWatch<T>(
  subscribe: (signal: AbortSignal) => Promise<AsyncIterable<T>> | undefined,
  deps: DependencyList,
  round = 0,
): Watch<T> {
  const generation = useStore(connection, (c) => c.generation);
  const id = JSON.stringify(deps);
  const [state, setState] = useState<Watch<T> & { id: string }>({
    id,
    data: undefined,
    error: undefined,
    live: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `id` stands for deps; `subscribe` is new each render
  useEffect(() => {
    const abort = new AbortController();
    const frames = latestPerFrame<T>((data) => setState({ id, data, error: undefined, live: true }));
    const end = (error: unknown) => {
      if (abort.signal.aborted) return;
      setState((was) => ({ id, data: was.id === id ? was.data : undefined, error, live: false }));
    };
    const follow = async () => {
      const stream = await subscribe(abort.signal);
      if (!stream) return;
      for await (const value of stream) {
        if (abort.signal.aborted) return;
        frames.push(value);
      }
      // The last value may still wait for its frame; show it before the stream counts as ended.
      requestAnimationFrame(() => end(undefined));
    };
    follow().catch((error: unknown) => {
      if (!isAbort(error)) end(connection.getState().state === 'open' ? error : undefined);
    });
    return () => {
      abort.abort();
      frames.cancel();
    };
  }, [id, generation, round]);
  // What belongs to other deps is not shown for one frame either.
  return state.id === id ? state : { data: undefined, error: undefined, live: false };
}
