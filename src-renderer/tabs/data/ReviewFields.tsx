import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { symbolSchema } from '../../../src-shared/contract/common.ts';
import type { Inspection } from '../../../src-shared/contract/import.ts';
import { TIMEFRAMES } from '../../../src-shared/market/timeframes.ts';
import { useDatasets } from '../../state/markets.ts';
import { formatBytes, formatDate, formatNumber } from '../../ui/format.ts';
import { type ZoneOption, zoneOptions } from '../../ui/zones.ts';
import { type Choices, storedOf, suggestedMode } from './importChoices.ts';
import { type ImportItem, isImporting } from './importQueue.ts';
import { addEntries, choose } from './importWork.ts';

interface PartProps {
  readonly item: ImportItem;
  readonly change: (change: Partial<Choices>) => void;
}

function Entries({ item, change }: PartProps) {
  const entries = item.seen?.entries ?? [];
  if (entries.length < 2) return null;
  return (
    <div className="ft-review-line">
      <Select
        className="ft-grow"
        label={`File of the archive (${formatNumber(entries.length)} inside)`}
        searchable
        data={[
          { value: '', label: `All ${formatNumber(entries.length)} files as one history` },
          ...entries.map((e) => ({ value: e.name, label: `${e.name} (${formatBytes(e.bytes)})` })),
        ]}
        value={item.choices.entry ?? ''}
        onChange={(v) => v !== null && change({ entry: v === '' ? undefined : v })}
      />
      <Button data-testid="import-entries" onClick={() => addEntries(item.id)}>
        Import each by itself
      </Button>
    </div>
  );
}

function SymbolField({ item, change }: PartProps) {
  const { symbol } = item.choices;
  const check = symbolSchema.safeParse(symbol);
  const error = symbol !== '' && !check.success ? check.error.issues[0]?.message : undefined;
  return (
    <TextInput
      label="Symbol"
      data-testid="import-symbol"
      value={symbol}
      error={error}
      placeholder="EURUSD"
      disabled={isImporting(item.phase)}
      onChange={(e) => change({ symbol: e.currentTarget.value.toUpperCase() })}
    />
  );
}

function TimeframeField({ item, change }: PartProps) {
  const { seen, choices } = item;
  const ticks = seen?.content === 'ticks';
  const detected = seen?.timeframe
    ? `Detected: ${seen.timeframe}`
    : ticks
      ? 'M1 bars of the ticks'
      : 'Detect';
  return (
    <Select
      label={ticks ? 'Bars to make' : 'Timeframe'}
      data={[{ value: 'detect', label: detected }, ...TIMEFRAMES.map((t) => ({ value: t, label: t }))]}
      value={choices.timeframe}
      disabled={isImporting(item.phase)}
      onChange={(v) => v && change({ timeframe: v as Choices['timeframe'] })}
    />
  );
}

function SideField({ item, change }: PartProps) {
  const { seen, choices } = item;
  const detected = seen?.priceSideGuess ? `Detected: ${seen.priceSideGuess}` : 'Not stated: bid';
  return (
    <Select
      label="Price side"
      data={[
        { value: 'detect', label: detected },
        { value: 'bid', label: 'Bid' },
        { value: 'ask', label: 'Ask' },
        { value: 'mid', label: 'Mid' },
      ]}
      value={choices.priceSide}
      disabled={isImporting(item.phase)}
      onChange={(v) => v && change({ priceSide: v as Choices['priceSide'] })}
    />
  );
}

/** What the zone is when the user chooses none. */
function openZone(seen: Inspection | undefined): ZoneOption {
  if (seen?.statedZone) return { value: '', label: `As the file states: ${seen.statedZone}` };
  return { value: '', label: 'The file states none: UTC' };
}

function ZoneField({ item, change }: PartProps) {
  const { seen, choices } = item;
  return (
    <Select
      label="Time zone of the file"
      searchable
      data={[...zoneOptions(openZone(seen), choices.zone)]}
      value={choices.zone}
      disabled={isImporting(item.phase) || seen?.statedZone != null}
      maxDropdownHeight={260}
      comboboxProps={{ width: 320, position: 'bottom-start' }}
      onChange={(v) => v !== null && change({ zone: v })}
    />
  );
}

function ModeField({ item, change }: PartProps) {
  const { data } = useDatasets();
  const { seen, choices } = item;
  const stored = seen && data ? storedOf(choices, seen, data) : undefined;
  if (!seen || !stored) return null;
  const mode = choices.mode === 'auto' ? suggestedMode(seen, stored) : choices.mode;
  const span = `${formatDate(stored.fromMs)} to ${formatDate(stored.toMs)}`;
  return (
    <div className="ft-review-line">
      <SegmentedControl
        aria-label="What happens to the stored history"
        value={mode}
        data={[
          { value: 'merge', label: 'Add to it' },
          { value: 'replace', label: 'Replace it' },
        ]}
        onChange={(v) => change({ mode: v as 'merge' | 'replace' })}
      />
      <span className="ft-dim ft-small">
        {stored.symbol} {stored.timeframe} {stored.priceSide} is stored: {formatNumber(stored.bars)} bars,{' '}
        {span}.{' '}
        {mode === 'merge'
          ? 'Bars at the same time must be equal; else the import is refused.'
          : 'Its bars are taken out of use; that can be undone.'}
      </span>
    </div>
  );
}

/** What the user can say about a file: everything is filled in where it can be told. */
export function ReviewFields({ item }: { readonly item: ImportItem }) {
  const parts = { item, change: (change: Partial<Choices>) => choose(item.id, change) };
  const suggested = item.seen?.statedZone === null ? item.seen.suggestedZone : null;
  return (
    <>
      <Entries {...parts} />
      <div className="ft-review-fields">
        <SymbolField {...parts} />
        <TimeframeField {...parts} />
        <SideField {...parts} />
        <ZoneField {...parts} />
      </div>
      {suggested && (
        <div className="ft-review-line ft-small" data-testid="zone-reason">
          <span className="ft-dim">
            {suggested.zone === item.choices.zone ? 'Zone chosen for you: ' : `${suggested.zone} is likely: `}
            {suggested.reason}
          </span>
          {suggested.zone !== item.choices.zone && (
            <Button size="compact-xs" onClick={() => parts.change({ zone: suggested.zone })}>
              Use {suggested.zone}
            </Button>
          )}
        </div>
      )}
      <ModeField {...parts} />
    </>
  );
}
