import { Button, Group, Modal, Progress, SegmentedControl, Select, Stack, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { ALL_TIMEFRAMES, type AnyTimeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { isAbort } from '../../ui/errors.ts';
import { formatBytes, formatDate, formatNumber } from '../../ui/format.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { dayEnd, dayStart } from './days.ts';
import { type ExportChoice, exportHistory } from './exporting.ts';

type Work =
  | { readonly state: 'idle' }
  | { readonly state: 'working'; readonly fraction: number }
  | { readonly state: 'done'; readonly text: string }
  | { readonly state: 'failed'; readonly error: unknown };

interface Draft {
  readonly as: AnyTimeframe;
  readonly format: 'csv' | 'parquet';
  readonly from: string;
  readonly to: string;
}

/** What is wrong with the span; undefined when nothing is. */
function spanError({ from, to }: Draft): string | undefined {
  const fromMs = dayStart(from);
  const toMs = dayEnd(to);
  if (from !== '' && fromMs === undefined) return 'The first day is no date.';
  if (to !== '' && toMs === undefined) return 'The last day is no date.';
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) return 'The first day is after the last.';
  return undefined;
}

function Fields({
  dataset,
  draft,
  onChange,
}: {
  readonly dataset: DatasetDto;
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
}) {
  const frames = ALL_TIMEFRAMES.filter((t) => timeframeMs(t) >= timeframeMs(dataset.timeframe));
  return (
    <>
      <SegmentedControl
        aria-label="Format"
        value={draft.format}
        data={[
          { value: 'csv', label: 'CSV' },
          { value: 'parquet', label: 'Parquet' },
        ]}
        onChange={(v) => onChange({ format: v as Draft['format'] })}
      />
      <Select
        label="Timeframe"
        description={draft.as === dataset.timeframe ? undefined : `Resampled from ${dataset.timeframe}`}
        data={frames}
        value={draft.as}
        onChange={(v) => v && onChange({ as: v as AnyTimeframe })}
      />
      <Group grow align="flex-start">
        <TextInput
          placeholder="YYYY-MM-DD"
          label="First day (UTC)"
          description={`Empty: ${formatDate(dataset.fromMs, 'utc')}`}
          value={draft.from}
          onChange={(e) => onChange({ from: e.currentTarget.value })}
        />
        <TextInput
          placeholder="YYYY-MM-DD"
          label="Last day (UTC)"
          description={`Empty: ${formatDate(dataset.toMs, 'utc')}`}
          value={draft.to}
          error={spanError(draft)}
          onChange={(e) => onChange({ to: e.currentTarget.value })}
        />
      </Group>
    </>
  );
}

function useExport(dataset: DatasetDto) {
  const [work, setWork] = useState<Work>({ state: 'idle' });
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const start = async (choice: ExportChoice) => {
    const control = new AbortController();
    abort.current = control;
    setWork({ state: 'working', fraction: 0 });
    try {
      const { bars, bytes, fileName } = await exportHistory(
        dataset,
        choice,
        (fraction) => setWork({ state: 'working', fraction }),
        control.signal,
      );
      setWork({ state: 'done', text: `${fileName}: ${formatNumber(bars)} bars, ${formatBytes(bytes)}.` });
    } catch (error) {
      setWork(control.signal.aborted && isAbort(error) ? { state: 'idle' } : { state: 'failed', error });
    }
  };
  return { work, start, stop: () => abort.current?.abort() };
}

/** Writes a history to a file, in any timeframe from its own up. */
export function ExportDialog({
  dataset,
  onClose,
}: {
  readonly dataset: DatasetDto;
  readonly onClose: () => void;
}) {
  const [draft, setDraft] = useState<Draft>({ as: dataset.timeframe, format: 'csv', from: '', to: '' });
  const { work, start, stop } = useExport(dataset);
  const working = work.state === 'working';
  const name = `${dataset.symbol} ${dataset.timeframe} ${dataset.priceSide}`;
  return (
    <Modal opened onClose={onClose} title={`Export ${name}`} size="md">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const { as, format, from, to } = draft;
          void start({ as, format, fromMs: dayStart(from), toMs: dayEnd(to) });
        }}
      >
        <Stack gap="sm">
          <Fields dataset={dataset} draft={draft} onChange={(c) => setDraft({ ...draft, ...c })} />
          {working && <Progress value={work.fraction * 100} animated aria-label="Export" />}
          {work.state === 'failed' && <ErrorLine error={work.error} />}
          {work.state === 'done' && (
            <p className="ft-flat" role="status">
              Saved {work.text}
            </p>
          )}
          <Group justify="flex-end">
            <Button onClick={working ? stop : onClose}>{working ? 'Stop' : 'Close'}</Button>
            <Button
              type="submit"
              variant="filled"
              data-testid="export-start"
              disabled={working || spanError(draft) !== undefined}
            >
              {working ? 'Writing…' : 'Export'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
