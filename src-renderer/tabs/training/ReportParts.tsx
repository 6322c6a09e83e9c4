import { useMemo } from 'react';
import type { ListedModel, ReportPart } from '../../../src-shared/contract/training.ts';
import { formatNumber } from '../../ui/format.ts';
import { Plot } from '../../ui/Plot.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { useChartColors } from '../../ui/theme.ts';
import { DASHES } from './compare.ts';
import { Figures, figureText } from './Figures.tsx';
import { ModelLink } from './ModelLink.tsx';

type PartOf<K extends ReportPart['kind']> = Extract<ReportPart, { kind: K }>;

/** Figures stand at the right, words at the left. */
function alignmentOf(part: PartOf<'table'>, column: number): string {
  return part.rows.some((row) => typeof row[column] === 'string') ? '' : 'ft-right';
}

/** Decimals of a column of figures, so that they stand under each other: as many as its largest one has. */
function decimalsOf(part: PartOf<'table'>, column: number): number {
  const cells = part.rows.flatMap((row) => {
    const cell = row[column];
    return typeof cell === 'number' ? [Math.abs(cell)] : [];
  });
  if (cells.every(Number.isInteger)) return 0;
  const largest = Math.max(...cells);
  return largest >= 1000 ? 0 : largest >= 10 ? 2 : 4;
}

interface CellProps {
  readonly value: string | number | null;
  readonly decimals: number;
}

function Cell({ value, decimals }: CellProps) {
  if (typeof value === 'number' && (value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9)))
    return formatNumber(value, decimals, decimals);
  if (typeof value !== 'string') return figureText(value);
  return /^mdl_\w+/.test(value) ? <ModelLink modelId={value} /> : value;
}

function Table({ part }: { readonly part: PartOf<'table'> }) {
  const decimals = part.columns.map((_, c) => decimalsOf(part, c));
  return (
    <div className="ft-report-table">
      <table className="ft-table" aria-label={part.title}>
        <thead>
          <tr>
            {part.columns.map((c, i) => (
              <th key={c} scope="col" className={alignmentOf(part, i)}>
                {c}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {part.rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows of a finished report never move
            <tr key={i}>
              {row.map((cell, c) => (
                <td key={part.columns[c]} className={alignmentOf(part, c)}>
                  <Cell value={cell} decimals={decimals[c] ?? 0} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Lines({ part }: { readonly part: PartOf<'lines'> }) {
  const colors = useChartColors();
  const traces = useMemo(
    () =>
      part.series.map((s, i) => ({
        type: 'scatter',
        mode: s.x.length < 3 ? 'lines+markers' : 'lines',
        name: s.name,
        x: part.xIsTime ? s.x.map((ms) => new Date(ms).toISOString()) : s.x,
        y: s.y,
        line: {
          color: colors.series[i % colors.series.length],
          dash: DASHES[i % DASHES.length],
          width: 1.6,
        },
      })),
    [part, colors],
  );
  const layout = useMemo(
    () => ({
      showlegend: part.series.length > 1,
      legend: { orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom' },
      margin: { l: 56, r: 12, t: part.series.length > 1 ? 30 : 8, b: 44 },
      hovermode: 'x unified',
      xaxis: { title: { text: part.xTitle }, ...(part.xIsTime ? { type: 'date' } : {}) },
      yaxis: { title: { text: part.yTitle } },
    }),
    [part],
  );
  return (
    <div className="ft-report-plot">
      <Plot traces={traces} layout={layout} label={`${part.title}: ${part.yTitle} by ${part.xTitle}`} />
    </div>
  );
}

function Scatter({ part }: { readonly part: PartOf<'scatter'> }) {
  const colors = useChartColors();
  const traces = useMemo(
    () => [
      {
        type: 'scatter',
        mode: 'markers',
        x: part.x,
        y: part.y,
        marker: {
          size: 5,
          opacity: 0.75,
          ...(part.value
            ? {
                color: part.value,
                colorscale: 'Viridis',
                showscale: true,
                colorbar: {
                  thickness: 10,
                  outlinewidth: 0,
                  ...(part.valueTitle ? { title: { text: part.valueTitle, side: 'right' } } : {}),
                },
              }
            : { color: colors.accent }),
        },
      },
    ],
    [part, colors],
  );
  const layout = useMemo(
    () => ({ xaxis: { title: { text: part.xTitle } }, yaxis: { title: { text: part.yTitle } } }),
    [part],
  );
  return (
    <div className="ft-report-plot ft-report-scatter">
      <Plot traces={traces} layout={layout} label={`${part.title}: ${part.yTitle} against ${part.xTitle}`} />
    </div>
  );
}

function Part({ part }: { readonly part: ReportPart }) {
  return (
    <section className="ft-report-part" data-kind={part.kind}>
      <h3 className="ft-config-title">{part.title}</h3>
      {part.note && <p className="ft-form-note">{part.note}</p>}
      {part.kind === 'figures' && <Figures figures={part.figures} />}
      {part.kind === 'table' && <Table part={part} />}
      {part.kind === 'lines' && <Lines part={part} />}
      {part.kind === 'scatter' && <Scatter part={part} />}
    </section>
  );
}

/** The pictures and tables that were made when a model was trained. */
export function ReportParts({ model }: { readonly model: ListedModel }) {
  const { data, error, reload } = useQuery(
    'training.modelReport',
    () => rpc.training.modelReport({ modelId: model.id }),
    [model.id],
  );
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={reload} />
    ) : (
      <LoadingState label="Reading the report" />
    );
  if (data.length === 0) {
    return (
      <EmptyState
        title="No pictures of this model"
        text="Its kind leaves none, or an earlier release made it."
      />
    );
  }
  return (
    <>
      {data.map((part) => (
        <Part key={`${part.kind} ${part.title}`} part={part} />
      ))}
    </>
  );
}
