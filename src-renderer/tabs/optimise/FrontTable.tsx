import { useMemo } from 'react';
import { OBJECTIVES, type StudyDto, type TrialDto } from '../../../src-shared/contract/optimize.ts';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber, formatSigned } from '../../ui/format.ts';
import { formatField, GENE_FIELDS, type GenesDto } from '../../ui/genes.ts';
import { signClass } from '../../ui/MetricGrid.tsx';
import { AXES, objectiveOf } from './pareto.ts';
import { selectTrial } from './view.ts';

const GENE_LABELS: Readonly<Record<keyof GenesDto, string>> = {
  entryThreshold: 'Entry, σ',
  stopAtr: 'Stop, ATR',
  targetAtr: 'Target, ATR',
  riskFraction: 'Risk, %',
  maxHoldingBars: 'Hold, bars',
};

function columnsFor(recommendedId: string | undefined): readonly GridColumn<TrialDto>[] {
  return [
    {
      key: 'number',
      label: 'Trial',
      width: 64,
      render: (t) => (t.id === recommendedId ? `${t.number} ★` : String(t.number)),
      title: (t) => (t.id === recommendedId ? 'Recommended' : `Trial ${t.number}`),
      sortBy: (t) => t.number,
    },
    ...OBJECTIVES.map((name): GridColumn<TrialDto> => {
      const { label, decimals, unit } = AXES[name];
      return {
        key: name,
        label: unit === '' ? label : `${label}, ${unit}`,
        width: 88,
        align: 'end',
        render: (t) => {
          const value = objectiveOf(t, name);
          if (name !== 'netReturnPct') return formatNumber(value, decimals, decimals);
          return <span className={signClass(value)}>{formatSigned(value, 2)}</span>;
        },
        sortBy: (t) => objectiveOf(t, name),
      };
    }),
    {
      key: 'trades',
      label: 'Trades',
      width: 60,
      align: 'end',
      render: (t) => formatNumber(t.trades, 0),
      sortBy: (t) => t.trades,
    },
    ...GENE_FIELDS.map(
      (field): GridColumn<TrialDto> => ({
        key: field.key,
        label: GENE_LABELS[field.key],
        width: 78,
        align: 'end',
        help: field.help,
        render: (t) => (t.genes[field.key] * field.scale).toFixed(field.decimals),
        title: (t) => formatField(field, t.genes[field.key]),
        sortBy: (t) => t.genes[field.key],
      }),
    ),
  ];
}

interface FrontTableProps {
  readonly study: StudyDto;
  readonly selectedId: string | undefined;
}

/** The front as rows: the same selection as the chart, by pointer or arrow keys. */
export function FrontTable({ study, selectedId }: FrontTableProps) {
  const front = useMemo(() => study.trials.filter((t) => t.onFront), [study.trials]);
  const columns = useMemo(() => columnsFor(study.recommendedTrialId), [study.recommendedTrialId]);
  return (
    <DataGrid
      rows={front}
      columns={columns}
      rowKey={(t) => t.id}
      label="Points on the front"
      initialSort={{ key: 'netReturnPct', descending: true }}
      selectedKey={selectedId}
      onSelect={(t) => selectTrial(study.id, t.id)}
      emptyText="No point has enough trades yet."
      testId="front-table"
      rowTestId="front-row"
    />
  );
}
