import { useMemo } from 'react';
import type { BarChangeDto, RepairPreview, RepairStep } from '../../../src-shared/contract/repairs.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber, formatPrice, formatSigned } from '../../ui/format.ts';
import { Time } from '../../ui/Time.tsx';
import { ScoreRing } from './Score.tsx';
import { kindLabel } from './timeline.ts';

type Bar = NonNullable<BarChangeDto['before']>;
const PRICES = ['open', 'high', 'low', 'close'] as const;

/** Four prices of a bar; those that the repair changes stand out. */
function Prices({
  bar,
  other,
  digits,
}: {
  readonly bar: Bar | null;
  readonly other: Bar | null;
  readonly digits: number;
}) {
  if (!bar) return <span className="ft-dim">no bar</span>;
  return (
    <span className="ft-prices">
      {PRICES.map((p) => (
        <span key={p} className={other && other[p] !== bar[p] ? 'ft-changed' : undefined}>
          {formatPrice(bar[p], digits)}
        </span>
      ))}
    </span>
  );
}

function effectOf({ before, after }: BarChangeDto): string {
  if (!before) return 'added';
  return after ? 'changed' : 'left out';
}

function columns(steps: readonly RepairStep[], digits: number): readonly GridColumn<BarChangeDto>[] {
  const timeOf = (c: BarChangeDto) => (c.before ?? c.after)?.timeMs;
  const pricesWidth = 4 * (digits + 5) * 7;
  return [
    { key: 'time', label: 'Bar', width: 140, render: (c) => <Time ms={timeOf(c)} />, sortBy: timeOf },
    { key: 'effect', label: 'Effect', width: 66, render: effectOf, sortBy: effectOf },
    {
      key: 'kind',
      label: 'Because of',
      width: 130,
      render: (c) => kindLabel(steps[c.step]?.kind ?? ''),
      sortBy: (c) => c.step,
    },
    {
      key: 'before',
      label: 'Before: open, high, low, close',
      width: pricesWidth,
      align: 'end',
      render: (c) => <Prices bar={c.before} other={c.after} digits={digits} />,
    },
    {
      key: 'after',
      label: 'After: open, high, low, close',
      width: pricesWidth,
      align: 'end',
      render: (c) => <Prices bar={c.after} other={c.before} digits={digits} />,
    },
  ];
}

function Counts({ preview }: { readonly preview: RepairPreview }) {
  const parts = [
    [preview.dropped, 'left out'],
    [preview.clipped, 'limited'],
    [preview.filled, 'filled'],
    [preview.refetched, 'fetched again'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, what]) => `${formatNumber(n)} ${what}`);
  return <span>{said.length === 0 ? 'No bar changes' : `Bars: ${said.join(', ')}`}</span>;
}

interface ChangesProps {
  readonly preview: RepairPreview;
  readonly steps: readonly RepairStep[];
  readonly digits: number;
}

/** What a repair would do: scores before and after, and every bar that changes. */
export function RepairChanges({ preview, steps, digits }: ChangesProps) {
  const { scoreBefore, scoreAfter, changes, notes } = preview;
  const cols = useMemo(() => columns(steps, digits), [steps, digits]);
  const all = preview.dropped + preview.clipped + preview.filled + preview.refetched;
  return (
    <section className="ft-repair-shown" aria-label="Preview of the repair" data-testid="repair-shown">
      <div className="ft-figures">
        <ScoreRing value={scoreBefore} />
        <span className="ft-repair-arrow" aria-hidden>
          →
        </span>
        <ScoreRing value={scoreAfter} />
        <div className="ft-repair-sum">
          <strong className="ft-num">{formatSigned(scoreAfter - scoreBefore, 1)} points</strong>
          <Counts preview={preview} />
          {all > changes.length && (
            <span className="ft-dim ft-small">The first {formatNumber(changes.length)} are listed.</span>
          )}
        </div>
      </div>
      {notes.length > 0 && (
        <ul className="ft-notes ft-flat">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {changes.length > 0 && (
        <div className="ft-issues">
          <DataGrid
            rows={changes}
            columns={cols}
            rowKey={(c) =>
              `${c.step} ${(c.before ?? c.after)?.timeMs} ${c.before ? 'b' : ''}${c.after ? 'a' : ''}`
            }
            label="Bars that change"
            initialSort={{ key: 'time', descending: false }}
            emptyText="No bar changes"
            rowTestId="repair-change"
          />
        </div>
      )}
    </section>
  );
}
