import { useMemo, useState } from 'react';
import type { CoverageDto, DatasetDto } from '../../../src-shared/contract/data.ts';
import { timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { useDatasets } from '../../state/markets.ts';
import { formatNumber, formatPct } from '../../ui/format.ts';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine } from '../../ui/states.tsx';
import { type CoverageCell, type CoverageYear, STEP_WORDS, stepOf, yearsOf } from './coverage.ts';
import { chooseHistory, historyKey, refOf, useHistory } from './dataStore.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function wordsOf(cell: CoverageCell): string {
  const date = new Date(cell.monthMs);
  const name = `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  const share = cell.share === undefined ? 'nothing expected' : formatPct(cell.share * 100);
  const marked = cell.marked > 0 ? `, ${formatNumber(cell.marked)} repaired` : '';
  return `${name}: ${share}, ${formatNumber(cell.bars)} of ${formatNumber(cell.expected)} bars${marked}`;
}

interface CellProps {
  readonly cell: CoverageCell | null;
  readonly onPoint: (cell: CoverageCell) => void;
}

function Cell({ cell, onPoint }: CellProps) {
  if (!cell) return <td className="ft-month" data-step="none" />;
  return (
    <td
      className="ft-month"
      data-step={stepOf(cell.share) ?? 'closed'}
      title={wordsOf(cell)}
      onPointerEnter={() => onPoint(cell)}
    >
      <span className="ft-sr">
        {cell.share === undefined ? 'none expected' : formatPct(cell.share * 100)}
      </span>
      {cell.marked > 0 && <span className="ft-month-dot" aria-hidden />}
    </td>
  );
}

/** Years in rows, months in columns: a table, so that it can also be read without seeing the colours. */
function YearTable({
  years,
  label,
  onPoint,
}: {
  readonly years: readonly CoverageYear[];
  readonly label: string;
  readonly onPoint: (cell: CoverageCell) => void;
}) {
  return (
    <table className="ft-coverage-map" aria-label={label} data-testid="coverage-map">
      <thead>
        <tr>
          <th scope="col">
            <span className="ft-sr">Year</span>
          </th>
          {MONTHS.map((m) => (
            <th key={m} scope="col" abbr={m}>
              {m.slice(0, 1)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {years.map(({ year, months }) => (
          <tr key={year}>
            <th scope="row">{year}</th>
            {months.map((cell, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is the month
              <Cell key={i} cell={cell} onPoint={onPoint} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function totals(months: CoverageDto['months']): string {
  const bars = months.reduce((sum, m) => sum + Math.min(m.bars, m.expected), 0);
  const expected = months.reduce((sum, m) => sum + m.expected, 0);
  return expected === 0 ? '' : formatPct((bars / expected) * 100, { digits: 2 });
}

function HistoryMap({ dataset, chosen }: { readonly dataset: DatasetDto; readonly chosen: boolean }) {
  const [pointed, setPointed] = useState<CoverageCell>();
  const { data, error, reload } = useQuery('data.coverage', () => rpc.data.coverage(refOf(dataset)), [
    historyKey(dataset),
    dataset.dataHash,
  ]);
  const years = useMemo(() => yearsOf(data?.months ?? []), [data]);
  const name = `${dataset.timeframe} ${dataset.priceSide}`;
  return (
    <section
      className="ft-coverage"
      data-chosen={chosen}
      aria-label={`Coverage of ${dataset.symbol} ${name}`}
    >
      <div className="ft-coverage-head">
        <button
          type="button"
          className="ft-plain"
          aria-current={chosen}
          onClick={() => chooseHistory(dataset)}
        >
          {name}
        </button>
        <span className="ft-dim ft-num">{data ? totals(data.months) : ''}</span>
      </div>
      {error && !data ? <ErrorLine error={error} onRetry={reload} /> : null}
      {!data && !error && <div className="ft-coverage-wait ft-dim">Counting…</div>}
      {data && (
        <YearTable
          years={years}
          label={`Share of expected bars, ${dataset.symbol} ${name}`}
          onPoint={setPointed}
        />
      )}
      <div className="ft-coverage-said ft-dim ft-small ft-num">{pointed ? wordsOf(pointed) : '\u00a0'}</div>
    </section>
  );
}

function Legend() {
  return (
    <ul className="ft-coverage-legend" aria-label="Colours">
      {STEP_WORDS.map((words, step) => (
        <li key={words}>
          <span className="ft-month" data-step={step} aria-hidden />
          {words}
        </li>
      ))}
      <li>
        <span className="ft-month" data-step={4} aria-hidden>
          <span className="ft-month-dot" />
        </span>
        repaired bars
      </li>
    </ul>
  );
}

/** Which months of a symbol's histories are there, against what its market's calendar expects. */
export function CoveragePanel() {
  const chosen = useHistory();
  const { data } = useDatasets();
  if (!chosen || !data)
    return (
      <EmptyState title="No history chosen" text="Choose a stored history to see which months it has." />
    );
  const all = data
    .filter((d) => d.symbol === chosen.symbol)
    .sort(
      (a, b) => timeframeMs(a.timeframe) - timeframeMs(b.timeframe) || a.priceSide.localeCompare(b.priceSide),
    );
  return (
    <div className="ft-coverages">
      <div className="ft-coverage-intro">
        <span className="ft-dim ft-small">
          Share of the bars that the calendar of {chosen.symbol} expects, by month (UTC)
        </span>
        <Legend />
      </div>
      <div className="ft-coverage-grid">
        {all.map((d) => (
          <HistoryMap key={historyKey(d)} dataset={d} chosen={d === chosen} />
        ))}
      </div>
    </div>
  );
}
