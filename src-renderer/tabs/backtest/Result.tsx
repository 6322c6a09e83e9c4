import { Button } from '@mantine/core';
import { IconAlertTriangle, IconFileExport, IconShieldCheck } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { BacktestDto } from '../../../src-shared/contract/backtest.ts';
import { instrumentFor } from '../../../src-shared/market/instruments.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { downloadText } from '../../ui/download.ts';
import { EquityChart } from '../../ui/EquityChart.tsx';
import { describeRules } from '../../ui/entryRules.ts';
import { formatDate, formatDuration, formatNumber } from '../../ui/format.ts';
import { describeGenes } from '../../ui/genes.ts';
import { MetricGrid } from '../../ui/MetricGrid.tsx';
import { SPAN_INFO } from '../../ui/models.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { ParameterHash } from '../../ui/ParameterHash.tsx';
import { ReportButton } from '../../ui/ReportButton.tsx';
import { Split } from '../../ui/Split.tsx';
import { Time } from '../../ui/Time.tsx';
import { TradeTable } from '../../ui/TradeTable.tsx';
import { AssumptionBand } from './AssumptionBand.tsx';
import styles from './Backtest.module.css';
import { CostBar } from './CostBar.tsx';
import { resultNames } from './names.ts';
import { tradesCsv } from './tradesCsv.ts';

interface ResultProps {
  readonly result: BacktestDto;
  readonly compare: BacktestDto | undefined;
  readonly onEndCompare: () => void;
}

/** A backtest in full: what it is worth, its figures, curve and trades; next to another one if asked for. */
export function Result({ result, compare, onEndCompare }: ResultProps) {
  const [name, otherName] = resultNames(result, compare);
  const series = useMemo(
    () => [
      { name, equity: result.equity },
      ...(compare ? [{ name: otherName, equity: compare.equity }] : []),
    ],
    [result, compare, name, otherName],
  );
  return (
    <div className={styles.result}>
      <ResultHead result={result} />
      <Honesty result={result} />
      <div className={styles.body}>
        <Split
          id="backtest.result"
          direction="vertical"
          parts={[
            {
              id: 'figures',
              size: 58,
              min: 200,
              content: (
                <Split
                  id="backtest.figures"
                  direction="horizontal"
                  parts={[
                    {
                      id: 'metrics',
                      size: 46,
                      min: 300,
                      content: (
                        <Figures
                          result={result}
                          compare={compare}
                          names={[name, otherName]}
                          onEndCompare={onEndCompare}
                        />
                      ),
                    },
                    {
                      id: 'equity',
                      size: 54,
                      min: 280,
                      content: (
                        <Panel title="Equity and drawdown" flush>
                          <EquityChart series={series} currency={result.currency} testId="backtest-equity" />
                        </Panel>
                      ),
                    },
                  ]}
                />
              ),
            },
            { id: 'trades', size: 42, min: 120, content: <Trades result={result} /> },
          ]}
        />
      </div>
    </div>
  );
}

function ResultHead({ result }: { readonly result: BacktestDto }) {
  return (
    <div className={styles.head}>
      <span className={styles.headTitle}>
        {result.symbol} {result.timeframe}
      </span>
      {result.synthetic && <SyntheticBadge />}
      <span>
        {SPAN_INFO[result.span].label}: {formatDate(result.fromMs)} to {formatDate(result.toMs)}
      </span>
      <span className={styles.dim} title={describeGenes(result.genes)}>
        Run <Time ms={result.createdMs} seconds /> in {formatDuration(result.seconds * 1000)}
      </span>
      <Rules result={result} />
      <ParameterHash hash={result.parameterHash} />
      <div className="ft-grow" />
      <ReportButton sources={{ modelId: result.modelId, backtestId: result.id }} />
    </div>
  );
}

/** Entry rules other than the default ones, and how many entries all rules forbade. */
function Rules({ result }: { readonly result: BacktestDto }) {
  const said = describeRules(result);
  const blocked = result.blockedEntries ?? 0;
  if (said === undefined && blocked === 0) return null;
  return (
    <span className={styles.dim} data-testid="entry-rules">
      {said ?? 'Repaired bars left out'} ({formatNumber(blocked, 0)} {blocked === 1 ? 'entry' : 'entries'}{' '}
      left out)
    </span>
  );
}

function Honesty({ result }: { readonly result: BacktestDto }) {
  const { fitted } = SPAN_INFO[result.span];
  const Icon = fitted ? IconAlertTriangle : IconShieldCheck;
  return (
    <div className={fitted ? `${styles.honesty} ${styles.fitted}` : styles.honesty} role="note">
      <Icon size={15} stroke={1.7} aria-hidden />
      <span>{result.honesty}</span>
    </div>
  );
}

interface FiguresProps {
  readonly result: BacktestDto;
  readonly compare: BacktestDto | undefined;
  readonly names: readonly [string, string];
  readonly onEndCompare: () => void;
}

function Figures({ result, compare, names, onEndCompare }: FiguresProps) {
  const actions = compare && (
    <Button size="compact-xs" onClick={onEndCompare}>
      End comparison
    </Button>
  );
  return (
    <Panel title={compare ? 'Comparison' : 'Figures'} actions={actions}>
      <div className={styles.sections}>
        <MetricGrid
          metrics={result.metrics}
          currency={result.currency}
          name={names[0]}
          {...(compare ? { compare: { name: names[1], metrics: compare.metrics } } : {})}
          testId="backtest-metrics"
        />
        <CostBar metrics={result.metrics} currency={result.currency} />
        <AssumptionBand result={result} />
      </div>
    </Panel>
  );
}

function Trades({ result }: { readonly result: BacktestDto }) {
  const { digits } = instrumentFor(result.symbol);
  const name = `${result.symbol}_${result.timeframe}_${result.span}_${result.id}_trades.csv`;
  return (
    <Panel
      title={`Trades (${formatNumber(result.trades.length, 0)})`}
      flush
      actions={
        <Button
          size="compact-xs"
          leftSection={<IconFileExport size={13} aria-hidden />}
          disabled={result.trades.length === 0}
          onClick={() => downloadText(name, tradesCsv(result.trades))}
        >
          Export CSV
        </Button>
      }
    >
      <TradeTable trades={result.trades} currency={result.currency} digits={digits} />
    </Panel>
  );
}
