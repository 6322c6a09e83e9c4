import { Button } from '@mantine/core';
import { IconBrain, IconChartHistogram } from '@tabler/icons-react';
import type { BacktestDto, BacktestSummary } from '../../../src-shared/contract/backtest.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { useChosenModel } from '../../ui/models.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { backtestDraft, useBacktestDraft } from './draft.ts';
import { History } from './History.tsx';
import { Result } from './Result.tsx';
import { RunForm } from './RunForm.tsx';

/** The Backtest tab: replays a model's strategy over a part of history, with costs, and keeps the results. */
export function BacktestTab() {
  const { query, model } = useChosenModel();
  const setTab = useWorkspace((w) => w.setTab);
  if (query.data === undefined) {
    if (query.error !== undefined) return <ErrorState error={query.error} onRetry={query.reload} />;
    return <LoadingState label="Loading models" />;
  }
  if (!model) {
    return (
      <EmptyState
        icon={<IconBrain size={28} stroke={1.4} aria-hidden />}
        title="A backtest needs a model"
        text="Train one first; then it is replayed here over history that it has not seen, with spread, commission and slippage."
        action={
          <Button variant="filled" onClick={() => setTab('training')}>
            Train a model
          </Button>
        }
      />
    );
  }
  return (
    <Split
      id="backtest"
      direction="horizontal"
      parts={[
        {
          id: 'form',
          size: 24,
          min: 290,
          content: (
            <Split
              id="backtest.side"
              direction="vertical"
              parts={[
                {
                  id: 'run',
                  size: 74,
                  min: 200,
                  content: (
                    <Panel title="Backtest">
                      <RunForm models={query.data} model={model} />
                    </Panel>
                  ),
                },
                { id: 'history', size: 26, min: 90, content: <HistoryPanel /> },
              ]}
            />
          ),
        },
        { id: 'result', size: 76, min: 480, content: <ResultArea /> },
      ]}
    />
  );
}

/** The result on screen: the chosen one, or the newest while none (or one that is gone) is chosen. */
function useResults() {
  const list = useQuery('backtest.list', () => rpc.backtest.list(), []);
  const chosenId = useWorkspace((w) => w.backtestId);
  const compareId = useBacktestDraft((d) => d.compareId);
  const results = list.data ?? [];
  const newest = results.toSorted((a, b) => b.createdMs - a.createdMs)[0];
  // A result that was made a moment ago may not be in the list yet.
  const selectedId = chosenId !== undefined && list.loading ? chosenId : existing(results, chosenId);
  const shownId = selectedId ?? newest?.id;
  return {
    list,
    results,
    shownId,
    compareId: compareId === shownId ? undefined : existing(results, compareId),
  };
}

function existing(results: readonly BacktestSummary[], id: string | undefined): string | undefined {
  return results.some((r) => r.id === id) ? id : undefined;
}

function useResult(id: string | undefined) {
  return useQuery<BacktestDto | undefined>(
    'backtest.get',
    () => (id === undefined ? Promise.resolve(undefined) : rpc.backtest.get({ backtestId: id })),
    [id ?? ''],
  );
}

function HistoryPanel() {
  const { list, results, shownId, compareId } = useResults();
  const setBacktestId = useWorkspace((w) => w.setBacktestId);
  return (
    <Panel title={`Results (${results.length})`} flush>
      {list.error !== undefined ? (
        <ErrorLine error={list.error} onRetry={list.reload} />
      ) : (
        <History
          results={results}
          selectedId={shownId}
          compareId={compareId}
          onSelect={setBacktestId}
          onCompare={chooseCompare}
        />
      )}
    </Panel>
  );
}

function chooseCompare(id: string | undefined): void {
  backtestDraft.setState({ compareId: id });
}

function ResultArea() {
  const { list, shownId, compareId } = useResults();
  const result = useResult(shownId);
  const compare = useResult(compareId);
  const running = useBacktestDraft((d) => d.running);
  if (result.data) {
    return (
      <Result result={result.data} compare={compare.data} onEndCompare={() => chooseCompare(undefined)} />
    );
  }
  if (result.error !== undefined) return <ErrorState error={result.error} onRetry={result.reload} />;
  if (running) return <LoadingState label="Running the backtest" />;
  if (shownId !== undefined || list.data === undefined) return <LoadingState label="Loading the result" />;
  return (
    <EmptyState
      icon={<IconChartHistogram size={28} stroke={1.4} aria-hidden />}
      title="No backtest yet"
      text="Choose a span of history and press Run: the strategy is replayed bar by bar, with spread, commission and slippage."
    />
  );
}
