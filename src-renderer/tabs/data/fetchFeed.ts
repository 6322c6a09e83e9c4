import { useEffect, useRef } from 'react';
import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { FetchRunDto } from '../../../src-shared/contract/fetch.ts';
import { invalidate, rpc, useWatch } from '../../ui/rpc.ts';
import { storedSoFar } from './fetchRuns.ts';

interface FetchFeed {
  readonly runs: readonly FetchRunDto[];
  readonly error: unknown;
}

const feed = createStore<FetchFeed>(() => ({ runs: [], error: undefined }));

/** Follows the engine's downloads while the tab is shown; histories are asked for again when one has ended. */
export function useFetchFeed(): void {
  const { data, error } = useWatch((signal) => rpc.data.fetch.watch(undefined, { signal }), []);
  const before = useRef<string>(undefined);
  useEffect(() => {
    feed.setState({ error, ...(data ? { runs: data } : {}) });
    if (!data) return;
    const now = storedSoFar(data);
    if (before.current !== undefined && before.current !== now) invalidate('data.');
    before.current = now;
  }, [data, error]);
}

/** The downloads of this start of the engine, the newest first. */
export function useFetchRuns(): FetchFeed {
  return useStore(feed);
}
