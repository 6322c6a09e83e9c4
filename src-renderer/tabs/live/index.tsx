import { Button } from '@mantine/core';
import { IconPlayerPlay, IconRocket } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { DeploymentDto, SessionDto, SessionSummary } from '../../../src-shared/contract/live.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { Panel } from '../../ui/Panel.tsx';
import { type Query, rpc, useQuery, useWatch } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { InterruptedAlarm, UnreconciledAlarm } from './Alarms.tsx';
import { DeploymentList, SessionList } from './Lists.tsx';
import styles from './Live.module.css';
import { SessionArea } from './SessionArea.tsx';
import { StartForm } from './StartForm.tsx';
import { pickSession } from './session.ts';
import { liveView, useLiveView } from './view.ts';

interface Shown {
  readonly deployments: Query<DeploymentDto[]>;
  readonly sessions: Query<SessionSummary[]>;
  readonly sessionId: string | undefined;
  readonly deployment: DeploymentDto | undefined;
}

/** Which deployment and session are on screen. */
function useShown(): Shown {
  const deployments = useQuery('live.deployments', () => rpc.live.deployments(), []);
  const sessions = useQuery('live.list', () => rpc.live.list(), []);
  const chosenId = useWorkspace((w) => w.sessionId);
  const chosenDeployment = useLiveView((v) => v.deploymentId);
  const session = pickSession(sessions.data ?? [], chosenId, chosenDeployment);
  // A session that was started a moment ago may not be in the list yet.
  const sessionId = chosenId !== undefined && sessions.loading ? chosenId : session?.id;
  const list = deployments.data ?? [];
  const newest = list.toSorted((a, b) => b.createdMs - a.createdMs)[0];
  const wanted = chosenDeployment ?? session?.deploymentId;
  const deployment = list.find((d) => d.id === wanted) ?? newest;
  return { deployments, sessions, sessionId, deployment };
}

/** The Live tab: starts sessions of what was deployed and watches them. */
export function LiveTab() {
  const shown = useShown();
  const setTab = useWorkspace((w) => w.setTab);
  const { deployments, sessions } = shown;
  const failed =
    deployments.error !== undefined ? deployments : sessions.error !== undefined ? sessions : undefined;
  if (deployments.data === undefined || sessions.data === undefined) {
    if (failed) return <ErrorState error={failed.error} onRetry={failed.reload} />;
    return <LoadingState label="Loading deployments" />;
  }
  if (deployments.data.length === 0 && sessions.data.length === 0) {
    return (
      <EmptyState
        icon={<IconRocket size={28} stroke={1.4} aria-hidden />}
        title="Nothing is deployed yet"
        text="Pick a point of a Pareto front in the Optimise tab and deploy it to the paper broker; its sessions run and are watched here."
        action={
          <Button variant="filled" onClick={() => setTab('optimise')}>
            Go to Optimise
          </Button>
        }
      />
    );
  }
  return <Desk shown={shown} />;
}

function Desk({ shown }: { readonly shown: Shown }) {
  const { deployments, sessions, sessionId, deployment } = shown;
  const list = sessions.data ?? [];
  const watch = useWatch<SessionDto>(
    (signal) => (sessionId === undefined ? undefined : rpc.live.watch({ sessionId }, { signal })),
    [sessionId],
  );
  const session = watch.data;
  const { reload } = sessions;
  const state = session?.state;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a session that changes its state changes the list
  useEffect(reload, [reload, state]);
  const alarmed = session ? [session, ...list.filter((s) => s.id !== session.id)] : list;
  return (
    <div className={styles.area}>
      {alarmed.map((s) => (
        <UnreconciledAlarm key={s.id} session={s} />
      ))}
      {alarmed
        .filter((s) => s.state === 'interrupted')
        .map((s) => (
          <InterruptedAlarm key={s.id} session={s} />
        ))}
      <div className={styles.body}>
        <Split
          id="live"
          direction="horizontal"
          parts={[
            {
              id: 'side',
              size: 24,
              min: 302,
              content: (
                <Side
                  deployments={deployments}
                  sessions={upToDate(list, session)}
                  sessionId={sessionId}
                  deployment={deployment}
                />
              ),
            },
            {
              id: 'session',
              size: 76,
              min: 520,
              content: (
                <div className={styles.area}>
                  {session ? (
                    <SessionArea
                      session={session}
                      deployment={(deployments.data ?? []).find((d) => d.id === session.deploymentId)}
                    />
                  ) : (
                    <NoSession
                      waiting={sessionId !== undefined}
                      error={watch.error}
                      deployment={deployment}
                    />
                  )}
                </div>
              ),
            },
          ]}
        />
      </div>
    </div>
  );
}

/** The list with what the stream says of the session on screen: the list itself is asked for less often. */
function upToDate(
  sessions: readonly SessionSummary[],
  session: SessionDto | undefined,
): readonly SessionSummary[] {
  if (!session) return sessions;
  const { state, equity } = session;
  return sessions.map((s) => (s.id === session.id ? { ...s, state, equity } : s));
}

interface SideProps {
  readonly deployments: Query<DeploymentDto[]>;
  readonly sessions: readonly SessionSummary[];
  readonly sessionId: string | undefined;
  readonly deployment: DeploymentDto | undefined;
}

function Side({ deployments, sessions, sessionId, deployment }: SideProps) {
  const setSessionId = useWorkspace((w) => w.setSessionId);
  const list = deployments.data ?? [];
  return (
    <Split
      id="live.side"
      direction="vertical"
      parts={[
        {
          id: 'deployments',
          size: 22,
          min: 90,
          content: (
            <Panel title={`Deployments (${list.length})`} flush>
              {deployments.error !== undefined ? (
                <ErrorLine error={deployments.error} onRetry={deployments.reload} />
              ) : (
                <DeploymentList
                  rows={list}
                  selectedId={deployment?.id}
                  onSelect={(d) => {
                    liveView.setState({ deploymentId: d.id, error: undefined });
                    setSessionId(undefined);
                  }}
                />
              )}
            </Panel>
          ),
        },
        {
          id: 'start',
          size: 52,
          min: 120,
          content: (
            <Panel title="Replay session">{deployment && <StartForm deployment={deployment} />}</Panel>
          ),
        },
        {
          id: 'sessions',
          size: 26,
          min: 90,
          content: (
            <Panel title={`Sessions (${sessions.length})`} flush>
              <SessionList
                rows={sessions}
                selectedId={sessionId}
                onSelect={(s) => {
                  liveView.setState({ deploymentId: s.deploymentId, error: undefined });
                  setSessionId(s.id);
                }}
              />
            </Panel>
          ),
        },
      ]}
    />
  );
}

interface NoSessionProps {
  readonly waiting: boolean;
  readonly error: unknown;
  readonly deployment: DeploymentDto | undefined;
}

function NoSession({ waiting, error, deployment }: NoSessionProps) {
  if (error !== undefined) return <ErrorState error={error} />;
  if (waiting) return <LoadingState label="Loading the session" />;
  return (
    <EmptyState
      icon={<IconPlayerPlay size={28} stroke={1.4} aria-hidden />}
      title={
        deployment ? `${deployment.symbol} ${deployment.timeframe} is deployed and ready` : 'No session yet'
      }
      text="Start a replay session at the left: stored history runs through the live session, bar by bar, and orders go to the paper broker."
    />
  );
}
