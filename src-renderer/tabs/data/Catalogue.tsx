import { Button, TextInput } from '@mantine/core';
import { IconDatabaseImport, IconRefresh, IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, type MouseEvent, useMemo, useState } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { useDatasets } from '../../state/markets.ts';
import { usePreferences } from '../../state/preferences.ts';
import { workspace } from '../../state/workspace.ts';
import { DataGrid } from '../../ui/DataGrid.tsx';
import { formatNumber } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { useSize } from '../../ui/useSize.ts';
import { filterHistories, whyNoUpdate } from './catalogue.ts';
import { catalogueColumns } from './catalogueColumns.tsx';
import { chooseHistory, historyKey, useHistory } from './dataStore.ts';
import { ExportDialog } from './ExportDialog.tsx';
import { useFetchRuns } from './fetchFeed.ts';
import { removeHistory, updateHistories } from './historyActions.ts';
import { loadDemoMarket } from './importTask.ts';
import { openImport } from './openImport.ts';
import { ResampleDialog } from './ResampleDialog.tsx';
import { UndoBar } from './UndoBar.tsx';

function Empty() {
  return (
    <EmptyState
      icon={<IconDatabaseImport size={30} stroke={1.3} aria-hidden />}
      title="No history is stored yet"
      text="Import files of bars or ticks, download from a provider, or load the demo market to see how everything works."
      action={
        <>
          <Button variant="filled" onClick={openImport}>
            Import history
          </Button>
          <Button onClick={() => void loadDemoMarket()}>Load the demo market</Button>
        </>
      }
    />
  );
}

/** What is asked about a history besides the catalogue itself. */
type Dialog = { readonly kind: 'export' | 'resample'; readonly dataset: DatasetDto } | undefined;

function Grid({
  rows,
  onDialog,
}: {
  readonly rows: readonly DatasetDto[];
  readonly onDialog: (d: Dialog) => void;
}) {
  const [box, { width }] = useSize<HTMLDivElement>();
  const { runs } = useFetchRuns();
  const zone = usePreferences((p) => p.zone);
  const badges = rows.some((d) => d.synthetic);
  const chosen = useHistory();
  const columns = useMemo(
    () =>
      catalogueColumns({
        width,
        runs,
        zone,
        badges,
        onExport: (dataset) => onDialog({ kind: 'export', dataset }),
        onResample: (dataset) => onDialog({ kind: 'resample', dataset }),
      }),
    [width, runs, zone, badges, onDialog],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    // Keys of the table itself; its buttons keep their own.
    if (!chosen || !(event.target instanceof HTMLTableElement)) return;
    if (event.key === 'Enter') workspace.getState().setTab('chart');
    else if (event.key === 'Delete') void removeHistory(chosen);
    else return;
    event.preventDefault();
  };
  const onDoubleClick = (event: MouseEvent) => {
    const { target } = event;
    if (target instanceof Element && target.closest('tbody tr') && !target.closest('button'))
      workspace.getState().setTab('chart');
  };
  return (
    // Enter and double click are shortcuts; every row has a button that does the same.
    // biome-ignore lint/a11y/noStaticElementInteractions: the grid inside is the interactive part
    <div ref={box} className="ft-fill" onKeyDown={onKeyDown} onDoubleClick={onDoubleClick}>
      {width > 0 && (
        <DataGrid
          rows={rows}
          columns={columns}
          rowKey={historyKey}
          label="Stored histories"
          initialSort={{ key: 'symbol', descending: false }}
          selectedKey={chosen && historyKey(chosen)}
          onSelect={chooseHistory}
          emptyText="No history matches. Clear the filter to see all."
          rowTestId="dataset-row"
        />
      )}
    </div>
  );
}

function Tools({
  all,
  shown,
  filter,
  onFilter,
}: {
  readonly all: readonly DatasetDto[];
  readonly shown: number;
  readonly filter: string;
  readonly onFilter: (text: string) => void;
}) {
  const updatable = all.filter((d) => whyNoUpdate(d) === undefined);
  const left = all.length - updatable.length;
  const why =
    updatable.length === 0
      ? 'No stored history came from a provider. Files are updated by importing newer ones.'
      : left > 0
        ? `${left} from files are left as they are: they are updated by importing newer ones.`
        : 'Asks every provider for what came since.';
  return (
    <>
      <span className="ft-dim ft-small ft-num ft-if-roomy">
        {shown === all.length
          ? `${formatNumber(all.length)} stored`
          : `${formatNumber(shown)} of ${formatNumber(all.length)}`}
      </span>
      <TextInput
        aria-label="Filter histories"
        placeholder="Filter"
        value={filter}
        w={150}
        leftSection={<IconSearch size={13} aria-hidden />}
        onChange={(e) => onFilter(e.currentTarget.value)}
        onKeyDown={(e) => e.key === 'Escape' && onFilter('')}
      />
      <span title={why}>
        <Button
          leftSection={<IconRefresh size={14} aria-hidden />}
          disabled={updatable.length === 0}
          data-testid="update-all"
          onClick={() => void updateHistories(updatable)}
        >
          Update all
        </Button>
      </span>
    </>
  );
}

/** Every stored history; the row chosen is what all tabs look at. */
export function Catalogue() {
  const { data, error, loading, reload } = useDatasets();
  const [filter, setFilter] = useState('');
  const [dialog, setDialog] = useState<Dialog>();
  const shown = useMemo(() => filterHistories(data ?? [], filter), [data, filter]);
  const full = data !== undefined && data.length > 0;
  return (
    <Panel
      title="Stored histories"
      flush
      className="ft-catalogue"
      actions={full && <Tools all={data} shown={shown.length} filter={filter} onFilter={setFilter} />}
    >
      <div className="ft-column">
        {data && error ? <ErrorLine error={error} onRetry={reload} /> : null}
        {full && <Grid rows={shown} onDialog={setDialog} />}
        {data && data.length === 0 && <Empty />}
        {!data && loading && <LoadingState label="Reading the stored histories" />}
        {!data && error ? <ErrorState error={error} onRetry={reload} /> : null}
        <UndoBar />
      </div>
      {dialog?.kind === 'export' && (
        <ExportDialog dataset={dialog.dataset} onClose={() => setDialog(undefined)} />
      )}
      {dialog?.kind === 'resample' && (
        <ResampleDialog dataset={dialog.dataset} onClose={() => setDialog(undefined)} />
      )}
    </Panel>
  );
}
