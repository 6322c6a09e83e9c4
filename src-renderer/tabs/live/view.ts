import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import { workspace } from '../../state/workspace.ts';

interface LiveView {
  readonly deploymentId: string | undefined;
  /** Bars to replay; empty takes the replay span. */
  readonly bars: number | string;
  /** Bars per second; 0 is as fast as possible. */
  readonly speed: number;
  readonly starting: boolean;
  readonly error: unknown;
}

export const liveView = createStore<LiveView>(() => ({
  deploymentId: undefined,
  bars: '',
  speed: 0,
  starting: false,
  error: undefined,
}));

/** What the Live tab shows, or a part of it. */
export function useLiveView<T>(select: (view: LiveView) => T): T {
  return useStore(liveView, select);
}

/** Opens the Live tab on a deployment that is ready to be started. */
export function openLiveWith(deploymentId: string): void {
  liveView.setState({ deploymentId, error: undefined });
  workspace.getState().setSessionId(undefined);
  workspace.getState().setTab('live');
}
