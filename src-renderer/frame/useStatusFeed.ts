import { useEffect, useRef } from 'react';
import { useStore } from 'zustand/react';
import type { JobDto } from '../../src-shared/contract/common.ts';
import { someJobEnded, status } from '../state/status.ts';
import { connection } from '../ui/connection.ts';
import { invalidate, rpc, useWatch } from '../ui/rpc.ts';

/** Feeds the status store, and has lists asked again when a job that may have added to them has ended. */
export function useStatusFeed(): void {
  const { data } = useWatch((signal) => rpc.system.status(undefined, { signal }), []);
  const open = useStore(connection, (c) => c.state === 'open');
  const jobsBefore = useRef<readonly JobDto[]>([]);
  useEffect(() => {
    // A status that no engine stands behind is not shown as if it were true.
    status.setState({ status: open ? data : undefined });
    if (!data) return;
    if (someJobEnded(jobsBefore.current, data.jobs)) invalidate('');
    jobsBefore.current = data.jobs;
  }, [data, open]);
}
