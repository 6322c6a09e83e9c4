import { ActionIcon, Menu, Progress } from '@mantine/core';
import {
  IconAlertCircle,
  IconArrowsMaximize,
  IconChartCandle,
  IconDots,
  IconDownload,
  IconPlayerStop,
  IconRefresh,
  IconTrash,
} from '@tabler/icons-react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { FetchRunDto } from '../../../src-shared/contract/fetch.ts';
import { TIMEFRAMES } from '../../../src-shared/market/timeframes.ts';
import type { ClockZone } from '../../state/preferences.ts';
import { workspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import type { GridColumn } from '../../ui/DataGrid.tsx';
import { formatDate, formatDuration, formatNumber, formatUtc } from '../../ui/format.ts';
import { Time } from '../../ui/Time.tsx';
import { originOf, whyNoUpdate } from './catalogue.ts';
import { chooseHistory } from './dataStore.ts';
import { fetchOf, taskOpen, timeLeft } from './fetchRuns.ts';
import { removeHistory, stopFetch, updateHistories } from './historyActions.ts';
import { longerFrames } from './ResampleDialog.tsx';
import { Score } from './Score.tsx';

interface ColumnOptions {
  /** Width of the table in pixels: what does not fit is left out. */
  readonly width: number;
  readonly runs: readonly FetchRunDto[];
  readonly zone: ClockZone;
  /** Whether a row carries the badge of generated data. */
  readonly badges: boolean;
  readonly onExport: (d: DatasetDto) => void;
  readonly onResample: (d: DatasetDto) => void;
}

type Column = GridColumn<DatasetDto>;

const frameOrder = (d: DatasetDto): number => TIMEFRAMES.indexOf(d.timeframe);

const NAME: readonly Column[] = [
  {
    key: 'symbol',
    label: 'Symbol',
    width: 104,
    render: (d) => (
      <span className="ft-cell-line">
        <strong>{d.symbol}</strong>
        {d.synthetic && <SyntheticBadge />}
      </span>
    ),
    sortBy: (d) => `${d.symbol} ${frameOrder(d)}`,
  },
  {
    key: 'timeframe',
    label: 'TF',
    help: 'Timeframe',
    width: 42,
    render: (d) => d.timeframe,
    sortBy: frameOrder,
  },
  {
    key: 'side',
    label: 'Side',
    help: 'Side of the quote that the bars are made of',
    width: 46,
    render: (d) => d.priceSide,
    sortBy: (d) => d.priceSide,
  },
];

function spanColumns(zone: ClockZone): readonly Column[] {
  return [
    {
      key: 'from',
      label: 'From',
      width: 94,
      render: (d) => <span title={formatUtc(d.fromMs)}>{formatDate(d.fromMs, zone)}</span>,
      sortBy: (d) => d.fromMs,
    },
    {
      key: 'to',
      label: 'To',
      width: 94,
      render: (d) => <span title={formatUtc(d.toMs)}>{formatDate(d.toMs, zone)}</span>,
      sortBy: (d) => d.toMs,
    },
    {
      key: 'bars',
      label: 'Bars',
      width: 74,
      align: 'end',
      render: (d) => formatNumber(d.bars),
      sortBy: (d) => d.bars,
    },
  ];
}

const SOURCE: Column = {
  key: 'source',
  label: 'Source',
  width: 120,
  render: originOf,
  title: (d) => `${d.source} (${d.format}, times in ${d.zone})`,
  sortBy: originOf,
};
const WORTH: readonly Column[] = [
  {
    key: 'quality',
    label: 'Quality',
    width: 106,
    align: 'end',
    render: (d) => <Score value={d.qualityScore} />,
    sortBy: (d) => d.qualityScore,
  },
  {
    key: 'findings',
    label: 'Findings',
    width: 66,
    align: 'end',
    render: (d) => formatNumber(d.issueCount),
    sortBy: (d) => d.issueCount,
  },
];
const REPAIRED: Column = {
  key: 'repaired',
  label: 'Repaired',
  help: 'Bars that a repair changed or made; training and backtests can leave them out',
  width: 70,
  align: 'end',
  render: (d) => formatNumber(d.markedBars),
  sortBy: (d) => d.markedBars,
};

/** How far a download of the history is, with its stop button; else when it changed last. */
function Updated({ dataset, runs }: { readonly dataset: DatasetDto; readonly runs: readonly FetchRunDto[] }) {
  const found = fetchOf(runs, dataset);
  if (!found || !taskOpen(found.task)) {
    const failed = found?.task.state === 'failed' ? found.task.error : null;
    return (
      <span className="ft-cell-line">
        <Time ms={dataset.updatedMs} bare />
        {failed && (
          <span title={`${failed.message} ${failed.hint ?? ''}`.trim()}>
            <IconAlertCircle size={14} className="ft-bad" aria-label={`Update failed: ${failed.message}`} />
          </span>
        )}
      </span>
    );
  }
  const { run, task } = found;
  const left = timeLeft(run.startedMs, task.fraction, Date.now());
  const said = task.message ?? (left === undefined ? 'asking' : `${formatDuration(left)} left`);
  return (
    <span className="ft-updating" title={`${Math.round(task.fraction * 100)} %, ${said}`}>
      <Progress value={task.fraction * 100} aria-label={`Update of ${dataset.symbol} ${dataset.timeframe}`} />
      <span className="ft-dim ft-ellipsis">{said}</span>
      <ActionIcon
        size={20}
        aria-label={`Stop the update of ${dataset.symbol} ${dataset.timeframe}`}
        onClick={(e) => {
          e.stopPropagation();
          void stopFetch(run.id);
        }}
      >
        <IconPlayerStop size={13} aria-hidden />
      </ActionIcon>
    </span>
  );
}

interface ActionProps extends Pick<ColumnOptions, 'onExport' | 'onResample' | 'runs'> {
  readonly dataset: DatasetDto;
}

function UpdateButton({ dataset: d, runs }: Pick<ActionProps, 'dataset' | 'runs'>) {
  const why = whyNoUpdate(d);
  const found = fetchOf(runs, d);
  const working = found !== undefined && taskOpen(found.task);
  return (
    <span title={why ?? (working ? 'It is being updated.' : `Ask ${d.providerId} for what came since`)}>
      <ActionIcon
        size={22}
        aria-label={`Update ${d.symbol} ${d.timeframe}`}
        disabled={why !== undefined || working}
        onClick={() => void updateHistories([d])}
      >
        <IconRefresh size={14} stroke={1.7} aria-hidden />
      </ActionIcon>
    </span>
  );
}

function Actions({ dataset: d, runs, onExport, onResample }: ActionProps) {
  const name = `${d.symbol} ${d.timeframe}`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keeps the buttons' clicks from choosing the row twice
    // biome-ignore lint/a11y/useKeyWithClickEvents: there is nothing here to press
    <span className="ft-row-actions" onClick={(e) => e.stopPropagation()}>
      <UpdateButton dataset={d} runs={runs} />
      <ActionIcon
        size={22}
        aria-label={`Show the chart of ${name}`}
        title="Chart"
        onClick={() => {
          chooseHistory(d);
          workspace.getState().setTab('chart');
        }}
      >
        <IconChartCandle size={14} stroke={1.7} aria-hidden />
      </ActionIcon>
      <Menu position="bottom-end" width={190}>
        <Menu.Target>
          <ActionIcon size={22} aria-label={`More about ${name}`} title="Export, resample">
            <IconDots size={14} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconDownload size={14} aria-hidden />} onClick={() => onExport(d)}>
            Export…
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowsMaximize size={14} aria-hidden />}
            disabled={longerFrames(d.timeframe).length === 0}
            onClick={() => onResample(d)}
          >
            Resample…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ActionIcon
        size={22}
        aria-label={`Remove ${name}`}
        title="Remove (can be undone)"
        onClick={() => void removeHistory(d)}
      >
        <IconTrash size={14} stroke={1.6} aria-hidden />
      </ActionIcon>
    </span>
  );
}

/** What goes first where there is not room for all, and what the row still says without it. */
const LEAST_NEEDED = ['source', 'repaired', 'findings', 'side', 'from'];
/** Room for the badge beside a symbol of generated data. */
const BADGE = 62;

/** The columns of a table for which there is room, in their order. */
export function fitting<T>(
  columns: ReadonlyArray<GridColumn<T>>,
  width: number,
): ReadonlyArray<GridColumn<T>> {
  let shown = columns;
  for (const key of LEAST_NEEDED) {
    if (shown.reduce((sum, c) => sum + c.width, 0) <= width) break;
    shown = shown.filter((c) => c.key !== key);
  }
  return shown;
}

/** The columns for which there is room. */
export function catalogueColumns(options: ColumnOptions): readonly Column[] {
  const { width, runs, zone, badges } = options;
  // The score's bar is left out of narrow tables, and so is its room.
  const narrow = width <= 880;
  const updated: Column = {
    key: 'updated',
    label: `Last update (${zone === 'utc' ? 'UTC' : 'local'})`,
    width: 136,
    render: (d) => <Updated dataset={d} runs={runs} />,
    sortBy: (d) => d.updatedMs,
  };
  const actions: Column = {
    key: 'actions',
    label: 'Actions',
    width: 108,
    align: 'end',
    render: (dataset) => <Actions dataset={dataset} {...options} />,
  };
  const all = [...NAME, ...spanColumns(zone), SOURCE, ...WORTH, REPAIRED, updated, actions];
  const sized = all.map((c) => {
    if (c.key === 'symbol' && badges) return { ...c, width: c.width + BADGE };
    return c.key === 'quality' && narrow ? { ...c, width: 62 } : c;
  });
  return fitting(sized, width);
}
