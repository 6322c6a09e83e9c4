import { ActionIcon, Button, Group, Loader, Progress } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconClock,
  IconEye,
  IconPlayerStop,
  IconX,
} from '@tabler/icons-react';
import { useDatasets } from '../../state/markets.ts';
import { formatNumber } from '../../ui/format.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { ImportDone } from './ImportDone.tsx';
import { blockersOf } from './importChoices.ts';
import { type ImportItem, isBusy, isImporting, isOpen, type Phase, useImportQueue } from './importQueue.ts';
import { loadDemoMarket } from './importTask.ts';
import { clearItems, isReady, removeItem, showItem, startImports, stopItem } from './importWork.ts';

const STAGES = { reading: 'Reading', checking: 'Checking', storing: 'Storing' } as const;

/** What happens to a file, in words. */
function said(item: ImportItem): string {
  const { phase, seen, choices } = item;
  switch (phase.name) {
    case 'waiting':
      return 'Waits for its turn';
    case 'uploading':
      return `Bringing it, ${Math.round(phase.fraction * 100)} %`;
    case 'inspecting':
      return 'Looking at it';
    case 'queued':
      return 'Waits for the import before it';
    case 'importing':
      return `${STAGES[phase.stage]}${phase.rows > 0 ? `, ${formatNumber(phase.rows)} rows` : ''}`;
    case 'done':
      return `${formatNumber(phase.result.dataset.bars)} bars stored`;
    case 'failed':
      return phase.at === 'inspect' ? 'Cannot be read' : 'Was not stored';
    default: {
      const open = seen ? blockersOf(choices, seen).length : 0;
      return open > 0 ? 'Needs an answer' : 'Ready to import';
    }
  }
}

function PhaseIcon({ item }: { readonly item: ImportItem }) {
  const { phase, seen, choices } = item;
  const props = { size: 16, stroke: 1.7, 'aria-hidden': true } as const;
  if (isBusy(item) && phase.name !== 'queued') return <Loader size={14} aria-hidden />;
  if (phase.name === 'waiting' || phase.name === 'queued') return <IconClock {...props} className="ft-dim" />;
  if (phase.name === 'failed') return <IconAlertTriangle {...props} className="ft-bad" />;
  if (phase.name === 'done') return <IconCircleCheck {...props} className="ft-ok" />;
  const open = seen ? blockersOf(choices, seen).length : 0;
  return open > 0 ? (
    <IconCircleDashed {...props} className="ft-warn" />
  ) : (
    <IconEye {...props} className="ft-ok" />
  );
}

function fractionOf(phase: Phase): number | undefined {
  return phase.name === 'uploading' || phase.name === 'importing' ? phase.fraction : undefined;
}

function FileCard({ item, shown }: { readonly item: ImportItem; readonly shown: boolean }) {
  const { data } = useDatasets();
  const { phase } = item;
  const fraction = fractionOf(phase);
  const label = item.choices.entry ?? item.name;
  return (
    <li className="ft-file" data-shown={shown} data-phase={phase.name} data-testid="import-item">
      <button
        type="button"
        className="ft-file-open"
        disabled={!item.file}
        aria-current={shown}
        title={item.choices.entry ? `${item.choices.entry} in ${item.name}` : item.name}
        onClick={() => showItem(item.id)}
      >
        <PhaseIcon item={item} />
        <span className="ft-file-text">
          <span className="ft-ellipsis">{label.split('/').at(-1)}</span>
          <span className="ft-dim ft-small ft-ellipsis">{said(item)}</span>
        </span>
      </button>
      {isReady(item) && (
        <Button
          size="compact-xs"
          aria-label={`Import ${label}`}
          onClick={() => startImports([item.id], data ?? [])}
        >
          Import
        </Button>
      )}
      {isImporting(phase) || phase.name === 'uploading' ? (
        <ActionIcon size={22} aria-label={`Stop ${label}`} title="Stop" onClick={() => stopItem(item.id)}>
          <IconPlayerStop size={14} aria-hidden />
        </ActionIcon>
      ) : (
        <ActionIcon
          size={22}
          aria-label={`Put ${label} away`}
          title="Put away"
          onClick={() => removeItem(item.id)}
        >
          <IconX size={13} aria-hidden />
        </ActionIcon>
      )}
      {fraction !== undefined && (
        <Progress className="ft-file-bar" value={fraction * 100} aria-label={`${said(item)}: ${label}`} />
      )}
    </li>
  );
}

/** The demo market has no sheet: why it could not be stored is said here. */
function DemoFailure({ item }: { readonly item: ImportItem }) {
  if (item.file || item.phase.name !== 'failed') return null;
  return (
    <div data-testid="import-result">
      <ErrorLine error={item.phase.error} onRetry={() => void loadDemoMarket()} />
    </div>
  );
}

function Together({ items }: { readonly items: readonly ImportItem[] }) {
  const { data } = useDatasets();
  const ready = items.filter(isReady);
  const open = items.filter(isOpen);
  if (open.length < 2) return null;
  return (
    <Group gap={6} justify="space-between">
      <span className="ft-dim ft-small ft-num">
        {ready.length} of {open.length} ready
      </span>
      <Group gap={6}>
        <Button size="compact-xs" onClick={clearItems}>
          Put all away
        </Button>
        <Button
          size="compact-xs"
          variant="filled"
          disabled={ready.length === 0}
          data-testid="import-all"
          onClick={() =>
            startImports(
              ready.map((i) => i.id),
              data ?? [],
            )
          }
        >
          Import all ready
        </Button>
      </Group>
    </Group>
  );
}

function newestDone(items: readonly ImportItem[]): ImportItem | undefined {
  const orderOf = ({ phase }: ImportItem) => (phase.name === 'done' ? phase.result.order : 0);
  const newest = items.toSorted((a, b) => orderOf(b) - orderOf(a))[0];
  return newest?.phase.name === 'done' ? newest : undefined;
}

/** The files that were brought: what happens to each, and what became of it. */
export function ImportFiles() {
  const items = useImportQueue((q) => q.items);
  const shown = useImportQueue((q) => q.shown);
  const last = newestDone(items);
  const rest = items.filter((i) => i !== last);
  if (items.length === 0) return null;
  return (
    <>
      {rest.length > 0 && (
        <div className="ft-files">
          <Together items={items} />
          <ul aria-label="Files to import">
            {rest.map((item) => (
              <FileCard key={item.id} item={item} shown={item.id === shown} />
            ))}
          </ul>
          {rest.map((item) => (
            <DemoFailure key={item.id} item={item} />
          ))}
        </div>
      )}
      {last?.phase.name === 'done' && (
        <ImportDone result={last.phase.result} onClose={() => removeItem(last.id)} />
      )}
    </>
  );
}
