import { useEffect, useRef } from 'react';
import { useStore } from 'zustand/react';
import type { JobDto } from '../../src-shared/contract/common.ts';
import { endedJobs, status } from '../state/status.ts';
import { connection } from '../ui/connection.ts';
import { invalidate, rpc, useWatch } from '../ui/rpc.ts';
import { announce } from './announce.ts';

/** Feeds the status store; when a job has ended, says so and has lists asked again that it may have added to. */
export function useStatusFeed(): void {
  const { data } = useWatch((signal) => rpc.system.status(undefined, { signal }), []);
  const open = useStore(connection, (c) => c.state === 'open');
  const jobsBefore = useRef<readonly JobDto[]>([]);
  useEffect(() => {
    // A status that no engine stands behind is not shown as if it were true.
    status.setState({ status: open ? data : undefined });
    if (!data) return;
    const ended = endedJobs(jobsBefore.current, data.jobs);
    jobsBefore.current = data.jobs;
    if (ended.length > 0) invalidate('');
    for (const job of ended) void announce(job);
  }, [data, open]);
}
