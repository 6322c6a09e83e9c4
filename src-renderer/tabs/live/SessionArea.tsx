import { useMemo } from 'react';
import type { DeploymentDto, SessionDto } from '../../../src-shared/contract/live.ts';
import { EquityChart } from '../../ui/EquityChart.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Split } from '../../ui/Split.tsx';
import { Adherence } from './Adherence.tsx';
import { Blotter } from './Blotter.tsx';
import { AccountCard, DecisionCard, PositionCard } from './Cards.tsx';
import { Coverage } from './Coverage.tsx';
import styles from './Live.module.css';
import { LogPanel } from './LogPanel.tsx';
import { PriceChart } from './PriceChart.tsx';
import { SessionHead } from './SessionHead.tsx';
import { drawdownPct, isComplete } from './session.ts';

interface SessionAreaProps {
  readonly session: SessionDto;
  readonly deployment: DeploymentDto | undefined;
}

/** One session in full. */
export function SessionArea({ session, deployment }: SessionAreaProps) {
  const charts = (
    <Split
      id="live.charts"
      direction="horizontal"
      parts={[
        {
          id: 'price',
          size: 55,
          min: 240,
          content: (
            <Panel title="Price and fills" flush>
              <PriceChart session={session} />
            </Panel>
          ),
        },
        { id: 'equity', size: 45, min: 220, content: <Equity session={session} /> },
      ]}
    />
  );
  const tables = (
    <Split
      id="live.tables"
      direction="horizontal"
      parts={[
        { id: 'blotter', size: 55, min: 260, content: <Blotter session={session} /> },
        { id: 'log', size: 45, min: 240, content: <LogPanel session={session} /> },
      ]}
    />
  );
  return (
    <>
      <SessionHead session={session} deployment={deployment} />
      {isComplete(session.state) && <Adherence sessionId={session.id} />}
      <Coverage session={session} />
      <div className={styles.cards}>
        <PositionCard session={session} />
        <AccountCard session={session} />
        <DecisionCard session={session} />
      </div>
      <div className={styles.body}>
        <Split
          id="live.session"
          direction="vertical"
          parts={[
            { id: 'charts', size: 54, min: 140, content: charts },
            { id: 'tables', size: 46, min: 120, content: tables },
          ]}
        />
      </div>
    </>
  );
}

function Equity({ session }: { readonly session: SessionDto }) {
  const { timeMs, equity } = session.equityCurve;
  const series = useMemo(
    () => [{ name: 'Session', equity: { timeMs, equity, drawdownPct: drawdownPct(equity) } }],
    [timeMs, equity],
  );
  return (
    <Panel title="Equity and drawdown" flush>
      <EquityChart series={series} currency={session.currency} testId="live-equity" />
    </Panel>
  );
}
