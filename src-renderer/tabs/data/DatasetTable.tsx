import { ActionIcon, Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDatabaseImport, IconTrash } from '@tabler/icons-react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { useDatasets } from '../../state/markets.ts';
import { preferences } from '../../state/preferences.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { type Confirm, useConfirm } from '../../ui/confirm.tsx';
import { formatDate, formatNumber, formatUtc } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { describeError, invalidate, rpc } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { onRowKeys } from '../../ui/useRowKeys.ts';
import { loadDemoMarket } from './importTask.ts';
import { openImport } from './openImport.ts';
import { Score } from './Score.tsx';

async function removeDataset(d: DatasetDto, confirm: Confirm): Promise<void> {
  const yes = await confirm({
    title: `Remove ${d.symbol} ${d.timeframe}?`,
    text: `${formatNumber(d.bars)} bars, ${formatDate(d.fromMs)} to ${formatDate(d.toMs)}, are deleted from the data folder. The file they came from is not touched. Models trained on them stay, but can no longer be shown, tested or traded until the same history is imported again.`,
    confirmLabel: `Remove ${d.symbol} ${d.timeframe}`,
    danger: true,
  });
  if (!yes) return;
  try {
    await rpc.data.remove({ symbol: d.symbol, timeframe: d.timeframe });
    invalidate('data.');
  } catch (error) {
    const { title, hint } = describeError(error);
    notifications.show({ color: 'red', title, message: hint ?? '' });
  }
}

/** Date and time, or the date alone where there is no room. */
function Moment({ ms }: { readonly ms: number }) {
  return (
    <>
      <span className="ft-if-mid">
        <Time ms={ms} bare />
      </span>
      <span className="ft-if-narrow" title={formatUtc(ms)}>
        {formatDate(ms)}
      </span>
    </>
  );
}

function Row({ dataset: d }: { readonly dataset: DatasetDto }) {
  const selected = useWorkspace((w) => w.symbol === d.symbol && w.timeframe === d.timeframe);
  const setMarket = useWorkspace((w) => w.setMarket);
  const setTab = useWorkspace((w) => w.setTab);
  const confirm = useConfirm();
  return (
    <tr
      tabIndex={0}
      data-testid="dataset-row"
      aria-selected={selected}
      onClick={() => setMarket(d.symbol, d.timeframe)}
      onDoubleClick={() => setTab('chart')}
    >
      <td>
        <span className="ft-cell-line">
          <strong>{d.symbol}</strong>
          {d.synthetic && <SyntheticBadge />}
        </span>
      </td>
      <td>{d.timeframe}</td>
      <td className="ft-right">{formatNumber(d.bars)}</td>
      <td>
        <Moment ms={d.fromMs} />
      </td>
      <td>
        <Moment ms={d.toMs} />
      </td>
      <td className="ft-if-mid">{d.priceSide}</td>
      <td
        className="ft-ellipsis ft-if-wide"
        style={{ maxWidth: 190 }}
        title={`${d.source} (${d.format}, ${d.zone})`}
      >
        {d.source}
      </td>
      <td className="ft-right">
        <Score value={d.qualityScore} />
      </td>
      <td className="ft-right">{formatNumber(d.issueCount)}</td>
      <td className="ft-right" style={{ width: 40 }}>
        <ActionIcon
          aria-label={`Remove ${d.symbol} ${d.timeframe}`}
          title="Remove"
          onClick={(e) => {
            e.stopPropagation();
            void removeDataset(d, confirm);
          }}
        >
          <IconTrash size={15} stroke={1.6} aria-hidden />
        </ActionIcon>
      </td>
    </tr>
  );
}

function Rows({ datasets }: { readonly datasets: readonly DatasetDto[] }) {
  const zone = formatZone();
  return (
    <table className="ft-table" aria-label="Stored histories">
      <thead>
        <tr>
          <th scope="col">Symbol</th>
          <th scope="col">Timeframe</th>
          <th scope="col" className="ft-right">
            Bars
          </th>
          <th scope="col">From ({zone})</th>
          <th scope="col">To ({zone})</th>
          <th scope="col" className="ft-if-mid">
            Side
          </th>
          <th scope="col" className="ft-if-wide">
            Source
          </th>
          <th scope="col" className="ft-right">
            Quality
          </th>
          <th scope="col" className="ft-right">
            Findings
          </th>
          <th scope="col">
            <span className="ft-sr">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody onKeyDown={onRowKeys}>
        {datasets.map((d) => (
          <Row key={`${d.symbol} ${d.timeframe}`} dataset={d} />
        ))}
      </tbody>
    </table>
  );
}

function formatZone(): string {
  return preferences.getState().zone === 'utc' ? 'UTC' : 'local';
}

/** Every stored history; the row chosen is what all tabs look at. */
export function DatasetTable() {
  const { data, error, loading, reload } = useDatasets();
  return (
    <Panel title="Stored histories" flush>
      {data && error ? <ErrorLine error={error} onRetry={reload} /> : null}
      {data && data.length > 0 && <Rows datasets={data} />}
      {data && data.length === 0 && (
        <EmptyState
          icon={<IconDatabaseImport size={30} stroke={1.3} aria-hidden />}
          title="No history is stored yet"
          text="Import a file of bars, or load the demo market to see how everything works."
          action={
            <>
              <Button variant="filled" onClick={openImport}>
                Import history
              </Button>
              <Button onClick={() => void loadDemoMarket()}>Load the demo market</Button>
            </>
          }
        />
      )}
      {!data && loading && <LoadingState label="Reading the stored histories" />}
      {!data && error ? <ErrorState error={error} onRetry={reload} /> : null}
    </Panel>
  );
}
