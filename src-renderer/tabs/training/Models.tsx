import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import { IconBox, IconFileImport, IconPinFilled } from '@tabler/icons-react';
import { useState } from 'react';
import { type ListedModel, MODEL_ROLES } from '../../../src-shared/contract/training.ts';
import { useWorkspace, workspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { DataGrid, type GridColumn } from '../../ui/DataGrid.tsx';
import { formatNumber, formatPct, formatSigned, UNKNOWN } from '../../ui/format.ts';
import { familyLabel } from '../../ui/models.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { ImportModelDialog } from './ImportModel.tsx';
import { ModelDetailPanel } from './ModelDetail.tsx';
import { filterModels, type ModelFilter, NO_FILTER } from './modelFilter.ts';
import { useModels } from './queries.ts';
import { ROLE_HELP, ROLE_LABEL } from './roles.ts';
import { trainingStore, useTraining } from './trainingStore.ts';

/** Anomaly models and autoencoders tell of the window itself. */
const looksAhead = (m: ListedModel): boolean => m.role === 'regressor' || m.role === 'diffusion';

const COLUMNS: readonly GridColumn<ListedModel>[] = [
  {
    key: 'market',
    label: 'Model',
    width: 184,
    render: (m) => (
      <span className="ft-cell-line">
        {m.pinned && <IconPinFilled size={12} aria-label="Pinned" className="ft-pin" />}
        <span className={m.present ? '' : 'ft-dim'}>
          {m.symbol} {m.timeframe} v{m.version}
          {m.present ? '' : ', pruned'}
        </span>
        {m.synthetic && <SyntheticBadge />}
      </span>
    ),
    title: (m) => `${m.symbol} ${m.timeframe} version ${m.version}${m.present ? '' : ', files pruned'}`,
    sortBy: (m) => `${m.symbol} ${m.timeframe} ${String(m.version).padStart(8, '0')}`,
  },
  {
    key: 'family',
    label: 'Family',
    width: 118,
    render: (m) => familyLabel(m.family),
    title: (m) => familyLabel(m.family),
    sortBy: (m) => familyLabel(m.family),
  },
  {
    key: 'ahead',
    label: 'Ahead',
    help: 'Bars ahead that it predicts',
    width: 62,
    align: 'end',
    render: (m) => (looksAhead(m) ? formatNumber(m.horizonBars) : UNKNOWN),
    sortBy: (m) => (looksAhead(m) ? m.horizonBars : undefined),
  },
  {
    key: 'coverage',
    label: 'Coverage',
    help: 'Share of test outcomes inside the forecast band',
    width: 74,
    align: 'end',
    render: (m) => formatPct(m.conformal ? 100 * m.conformal.achieved : null, { digits: 1 }),
    title: (m) =>
      m.conformal ? `Aimed at ${formatPct(100 * m.conformal.target, { digits: 1 })}` : 'Predicts no number',
    sortBy: (m) => m.conformal?.achieved,
  },
  {
    key: 'r2',
    label: 'Test R²',
    width: 74,
    align: 'end',
    render: (m) => formatSigned(m.testR2, 4),
    sortBy: (m) => m.testR2 ?? undefined,
  },
  {
    key: 'rank',
    label: 'Rank',
    help: 'Spearman rank correlation of forecast and outcome on the test span',
    width: 66,
    align: 'end',
    render: (m) => formatSigned(m.testRankCorrelation, 3),
    sortBy: (m) => m.testRankCorrelation ?? undefined,
  },
  {
    key: 'role',
    label: 'Role',
    width: 94,
    render: (m) => ROLE_LABEL[m.role],
    title: (m) => ROLE_HELP[m.role],
    sortBy: (m) => ROLE_LABEL[m.role],
  },
  {
    key: 'created',
    label: 'Created',
    width: 134,
    render: (m) => <Time ms={m.createdMs} bare />,
    sortBy: (m) => m.createdMs,
  },
];

interface FiltersProps {
  readonly filter: ModelFilter;
  readonly onChange: (filter: ModelFilter) => void;
  readonly count: string;
}

function Filters({ filter, onChange, count }: FiltersProps) {
  return (
    <div className="ft-model-filters">
      <TextInput
        aria-label="Search models"
        placeholder="Search"
        value={filter.text}
        onChange={(e) => onChange({ ...filter, text: e.currentTarget.value })}
      />
      <Select
        aria-label="Role"
        w={130}
        data={[
          { value: '', label: 'All roles' },
          ...MODEL_ROLES.map((r) => ({ value: r, label: ROLE_LABEL[r] })),
        ]}
        value={filter.role}
        onChange={(role) => onChange({ ...filter, role: role ?? '' })}
      />
      <Checkbox
        label="This market"
        checked={filter.here}
        onChange={(e) => onChange({ ...filter, here: e.currentTarget.checked })}
      />
      <Checkbox
        label="Pruned too"
        checked={filter.gone}
        onChange={(e) => onChange({ ...filter, gone: e.currentTarget.checked })}
      />
      <span className="ft-dim ft-small ft-num">{count}</span>
    </div>
  );
}

function choose(model: ListedModel): void {
  trainingStore.setState({ shownModelId: model.id });
  // Only what gives a signal is handed to the chart, backtests and studies.
  if (model.role === 'regressor' && model.present) workspace.getState().setModelId(model.id);
}

function Browser({
  models,
  onImport,
}: {
  readonly models: readonly ListedModel[];
  readonly onImport: () => void;
}) {
  const [filter, setFilter] = useState(NO_FILTER);
  const symbol = useWorkspace((w) => w.symbol);
  const timeframe = useWorkspace((w) => w.timeframe);
  const modelId = useWorkspace((w) => w.modelId);
  const shownId = useTraining((s) => s.shownModelId) ?? modelId;
  const shown = filterModels(models, filter, { symbol, timeframe });
  const list = (
    <Panel
      flush
      title="Models"
      actions={
        <Button size="compact-xs" leftSection={<IconFileImport size={13} aria-hidden />} onClick={onImport}>
          Import ONNX
        </Button>
      }
    >
      <div className="ft-filled">
        <Filters filter={filter} onChange={setFilter} count={`${shown.length} of ${models.length}`} />
        <div className="ft-filled-rest">
          <DataGrid
            rows={shown}
            columns={COLUMNS}
            rowKey={(m) => m.id}
            label="Models"
            initialSort={{ key: 'created', descending: true }}
            selectedKey={shownId}
            onSelect={choose}
            emptyText="No model passes the filter."
            testId="models-grid"
            rowTestId="model-row"
          />
        </div>
      </div>
    </Panel>
  );
  return (
    <Split
      id="training-models"
      direction="horizontal"
      parts={[
        { id: 'list', size: 60, min: 430, content: list },
        { id: 'detail', size: 40, min: 400, content: <ModelDetailPanel modelId={shownId} /> },
      ]}
    />
  );
}

/** All models that were trained here or brought along, and everything that is known of one. */
export function Models() {
  const { data, error, reload } = useModels();
  const [importing, setImporting] = useState(false);
  const onImport = () => setImporting(true);
  return (
    <>
      {importing && <ImportModelDialog onClose={() => setImporting(false)} />}
      {!data ? (
        error ? (
          <ErrorState error={error} onRetry={reload} />
        ) : (
          <LoadingState label="Loading the models" />
        )
      ) : data.length === 0 ? (
        <Panel title="Models">
          <EmptyState
            icon={<IconBox size={30} stroke={1.3} aria-hidden />}
            title="No model yet"
            text="A finished run leaves its model here. A model made elsewhere comes in as an ONNX file."
            action={
              <>
                <Button variant="filled" onClick={() => trainingStore.setState({ view: 'train' })}>
                  Train a model
                </Button>
                <Button onClick={onImport}>Import ONNX</Button>
              </>
            }
          />
        </Panel>
      ) : (
        <Browser models={data} onImport={onImport} />
      )}
    </>
  );
}
