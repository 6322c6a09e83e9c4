import { Button, Select, Stack, TextInput } from '@mantine/core';
import { IconFileImport, IconFlask } from '@tabler/icons-react';
import { type DragEvent, useRef, useState } from 'react';
import { symbolSchema } from '../../../src-shared/contract/common.ts';
import { TIMEFRAMES } from '../../../src-shared/market/timeframes.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatBytes } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { ImportProgress } from './ImportProgress.tsx';
import { chooseFile, editDraft, importRuns, loadDemoMarket, startImport, useImport } from './importTask.ts';

const ZONES = [
  { value: '', label: 'As stated, else UTC' },
  { value: 'UTC', label: 'UTC' },
  { value: '-05:00', label: '−05:00, New York without summer time (HistData)' },
  { value: 'Europe/Athens', label: 'Europe/Athens (many MetaTrader servers)' },
  { value: 'America/New_York', label: 'America/New_York' },
  { value: 'Europe/London', label: 'Europe/London' },
  { value: 'Europe/Berlin', label: 'Europe/Berlin' },
  { value: 'Asia/Kolkata', label: 'Asia/Kolkata' },
  { value: 'Asia/Tokyo', label: 'Asia/Tokyo' },
];
const COMMON = new Set(ZONES.map((z) => z.value));
const ALL_ZONES = [
  { group: 'Often needed', items: ZONES },
  {
    group: 'All zones',
    items: Intl.supportedValuesOf('timeZone')
      .filter((z) => !COMMON.has(z))
      .map((z) => ({ value: z, label: z })),
  },
];

function DropZone({ disabled }: { readonly disabled: boolean }) {
  const file = useImport((s) => s.draft.file);
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped && !disabled) chooseFile(dropped);
  };
  return (
    // The button inside is the way by keyboard; dropping is an extra for the mouse.
    // biome-ignore lint/a11y/noStaticElementInteractions: a drop target has no role of its own
    <div
      className="ft-drop"
      data-over={over}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <input
        ref={input}
        type="file"
        hidden
        aria-label="History file"
        data-testid="import-file"
        accept=".csv,.txt,.tsv,.gz,.prn"
        onChange={(e) => {
          const chosen = e.currentTarget.files?.[0];
          if (chosen) chooseFile(chosen);
          // The same file chosen again after it was corrected on disk must count as a choice.
          e.currentTarget.value = '';
        }}
      />
      {file ? (
        <div className="ft-drop-file">
          <strong className="ft-ellipsis">{file.name}</strong>
          <span className="ft-dim ft-num">{formatBytes(file.size)}</span>
        </div>
      ) : (
        <span className="ft-dim">Drop a file of bars here, or</span>
      )}
      <Button
        id="import-choose"
        disabled={disabled}
        leftSection={<IconFileImport size={15} aria-hidden />}
        onClick={() => input.current?.click()}
      >
        {file ? 'Choose another file' : 'Choose a file'}
      </Button>
      <span className="ft-dim ft-small">
        CSV or text, also gzipped: histdata, MetaTrader, or any columns with a header
      </span>
    </div>
  );
}

function ImportForm() {
  const draft = useImport((s) => s.draft);
  const task = useImport((s) => s.task);
  const runs = importRuns(task);
  const symbolCheck = symbolSchema.safeParse(draft.symbol);
  const symbolError =
    draft.symbol !== '' && !symbolCheck.success ? symbolCheck.error.issues[0]?.message : undefined;
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void startImport();
      }}
    >
      <Stack gap="sm">
        <DropZone disabled={runs} />
        <div className="ft-form-grid">
          <TextInput
            label="Symbol"
            data-testid="import-symbol"
            value={draft.symbol}
            error={symbolError}
            disabled={runs}
            placeholder="EURUSD"
            onChange={(e) => editDraft({ symbol: e.currentTarget.value.toUpperCase() })}
          />
          <Select
            label="Timeframe"
            data={[{ value: 'detect', label: 'Detect' }, ...TIMEFRAMES.map((t) => ({ value: t, label: t }))]}
            value={draft.timeframe}
            disabled={runs}
            onChange={(v) => v && editDraft({ timeframe: v as typeof draft.timeframe })}
          />
          <Select
            label="Price side"
            data={[
              { value: 'detect', label: 'Detect, else bid' },
              { value: 'bid', label: 'Bid' },
              { value: 'ask', label: 'Ask' },
              { value: 'mid', label: 'Mid' },
            ]}
            value={draft.priceSide}
            disabled={runs}
            onChange={(v) => v && editDraft({ priceSide: v as typeof draft.priceSide })}
          />
          <Select
            label="Time zone"
            searchable
            data={ALL_ZONES}
            value={draft.zone}
            disabled={runs}
            maxDropdownHeight={260}
            comboboxProps={{ width: 320, position: 'bottom-end' }}
            onChange={(v) => editDraft({ zone: v ?? '' })}
          />
        </div>
        <Button
          type="submit"
          variant="filled"
          fullWidth
          data-testid="import-start"
          disabled={!draft.file || !symbolCheck.success || runs}
        >
          {runs ? 'Importing…' : 'Import'}
        </Button>
        <ImportProgress />
      </Stack>
    </form>
  );
}

/** Brings history in: a file, or the market that comes with Frontier. */
export function ImportPanel() {
  const runs = useImport((s) => importRuns(s.task));
  return (
    <Panel title="Import history">
      <ImportForm />
      <div className="ft-demo">
        <div>
          <div className="ft-demo-head">
            <IconFlask size={16} stroke={1.7} aria-hidden /> Demo market <SyntheticBadge />
          </div>
          <p className="ft-dim ft-small">
            Generated bars with FX-like sessions and a weak pattern that can be learned: enough to try every
            step without a file of your own.
          </p>
        </div>
        <Button disabled={runs} onClick={() => void loadDemoMarket()}>
          Load the demo market
        </Button>
      </div>
    </Panel>
  );
}
