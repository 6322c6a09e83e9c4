import { ActionIcon, Button, Tabs } from '@mantine/core';
import {
  IconCircleCheck,
  IconDownload,
  IconPin,
  IconPinFilled,
  IconShieldCheck,
  IconTableExport,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { ListedModel } from '../../../src-shared/contract/training.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatNumber } from '../../ui/format.ts';
import { familyLabel } from '../../ui/models.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { Coverage } from './CoverageFigure.tsx';
import { CoverageParts } from './CoverageParts.tsx';
import { Figures } from './Figures.tsx';
import { FitFigures, UseButtons, useModel } from './ModelCard.tsx';
import { ModelLink } from './ModelLink.tsx';
import { useModelActions } from './modelActions.ts';
import { ReportParts } from './ReportParts.tsx';
import { ROLE_LABEL } from './roles.ts';
import { barsText } from './runText.ts';
import { SettingsList } from './SettingsList.tsx';
import { SpanStrip } from './SpanStrip.tsx';
import { trainingStore } from './trainingStore.ts';

interface ModelProps {
  readonly model: ListedModel;
}

const METHOD = { split: 'one width', local: 'local width', cqr: 'quantile (CQR)' } as const;

function Worth({ model: m }: ModelProps) {
  const c = m.conformal;
  return (
    <>
      {c && <Coverage conformal={c} />}
      {c?.method && (
        <p className="ft-form-note">
          Interval: {METHOD[c.method]}
          {typeof c.width === 'number'
            ? `, ${formatNumber(c.width, 3)} volatility units wide on average`
            : ''}
          .
        </p>
      )}
      {m.testR2 !== null && <FitFigures model={m} />}
      {m.figures.length > 0 && <Figures figures={m.figures} />}
      {c?.regimes && c.regimes.length > 0 && (
        <CoverageParts title="By regime" parts={c.regimes} target={c.target} />
      )}
      {c?.overTime && c.overTime.length > 0 && (
        <CoverageParts title="Over time" parts={c.overTime} target={c.target} />
      )}
      <SpanStrip model={m} />
    </>
  );
}

function Lineage({ model: m }: ModelProps) {
  const code = m.settings.codeVersion;
  const openRun = (runId: string) => trainingStore.setState({ view: 'train', runId, shownModelId: m.id });
  return (
    <dl className="ft-facts ft-small">
      <dt>Model</dt>
      <dd>
        {familyLabel(m.family)} ({ROLE_LABEL[m.role].toLowerCase()}), version {m.version}
      </dd>
      <dt>Id</dt>
      <dd className="ft-mono">{m.id}</dd>
      <dt>Trained</dt>
      <dd>
        <Time ms={m.createdMs} />, {m.device ?? m.engine}, seed {m.seed}
      </dd>
      <dt>Size</dt>
      <dd>
        {formatNumber(m.parameters)} parameters, {barsText(m)}
      </dd>
      <dt>Features ({m.features.length})</dt>
      <dd className="ft-mono">{m.features.join(', ')}</dd>
      <dt>Run</dt>
      <dd>
        {m.runId === undefined ? (
          'none: brought from a file, or made by an earlier release'
        ) : (
          <Button size="compact-xs" variant="subtle" onClick={() => openRun(m.runId!)}>
            Open the run
          </Button>
        )}
      </dd>
      {m.members.length > 0 && (
        <>
          <dt>Made of</dt>
          <dd>
            {m.members.map((id) => (
              <ModelLink key={id} modelId={id} />
            ))}
          </dd>
        </>
      )}
      <dt>Data</dt>
      <dd className="ft-mono">{m.dataHash}</dd>
      <dt>Model file</dt>
      <dd className="ft-mono">SHA-256 {m.sha256}</dd>
      {typeof code === 'string' && (
        <>
          <dt>Code</dt>
          <dd className="ft-mono">{code}</dd>
        </>
      )}
      {m.samplesLeftOut !== undefined && (
        <>
          <dt>Left out</dt>
          <dd>{formatNumber(m.samplesLeftOut)} examples that touch repaired bars</dd>
        </>
      )}
    </dl>
  );
}

function Head({ model: m }: ModelProps) {
  const { run, busy, error, checks } = useModelActions(m);
  return (
    <>
      <UseButtons model={m} />
      <div className="ft-model-actions">
        <Button
          data-testid="model-verify"
          disabled={!m.present}
          loading={busy === 'verify'}
          title="Reads the files again: checksums, schema, features, engine and the stored sample inference"
          leftSection={<IconShieldCheck size={14} aria-hidden />}
          onClick={() => void run('verify')}
        >
          Verify
        </Button>
        <Button
          data-testid="model-export"
          disabled={!m.present}
          loading={busy === 'export'}
          title="One .onnx file that takes raw features: its scaler is part of the graph"
          leftSection={<IconDownload size={14} aria-hidden />}
          onClick={() => void run('export')}
        >
          Export .onnx
        </Button>
        {m.role === 'regressor' && (
          <Button
            data-testid="model-predict"
            disabled={!m.present}
            loading={busy === 'predict'}
            title="Its forecast at every bar of the history it was trained on: time, return over the horizon, lower and upper end"
            leftSection={<IconTableExport size={14} aria-hidden />}
            onClick={() => void run('predict')}
          >
            Forecasts as CSV
          </Button>
        )}
        <ActionIcon
          data-testid="model-pin"
          aria-label="Pinned: never pruned"
          aria-pressed={m.pinned}
          title={m.pinned ? 'Pinned: never pruned. Click to unpin' : 'Pin: the model is never pruned'}
          disabled={busy === 'pin' || !m.present}
          onClick={() => void run('pin')}
        >
          {m.pinned ? (
            <IconPinFilled size={16} className="ft-pin" aria-hidden />
          ) : (
            <IconPin size={16} aria-hidden />
          )}
        </ActionIcon>
      </div>
      {error ? <ErrorLine error={error} /> : null}
      {checks && (
        <ul className="ft-checks" role="status" data-testid="model-checks">
          {checks.map((text) => (
            <li key={text}>
              <IconCircleCheck size={14} className="ft-ok" aria-hidden /> {text}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

type Part = 'worth' | 'report' | 'lineage' | 'settings';

function Detail({ model }: ModelProps) {
  const [part, setPart] = useState<Part>('worth');
  return (
    <div className="ft-model" data-testid="model-detail" data-model={model.id}>
      <Head model={model} />
      <Tabs value={part} onChange={(v) => setPart((v ?? 'worth') as Part)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="worth">What it is worth</Tabs.Tab>
          <Tabs.Tab value="report">Report</Tabs.Tab>
          <Tabs.Tab value="lineage">Lineage</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="worth" className="ft-model">
          <Worth model={model} />
        </Tabs.Panel>
        <Tabs.Panel value="report" className="ft-model">
          <ReportParts model={model} />
        </Tabs.Panel>
        <Tabs.Panel value="lineage" className="ft-model">
          <Lineage model={model} />
        </Tabs.Panel>
        <Tabs.Panel value="settings" className="ft-model">
          {Object.keys(model.settings).length > 0 ? (
            <SettingsList settings={model.settings} />
          ) : (
            <EmptyState title="No settings on record" text="An earlier release made this model." />
          )}
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

/** Everything that is known of one model. */
export function ModelDetailPanel({ modelId }: { readonly modelId: string | undefined }) {
  const { data, error, reload } = useModel(modelId);
  return (
    <Panel
      title={
        data ? (
          <>
            {data.symbol} {data.timeframe} v{data.version} {data.synthetic && <SyntheticBadge />}
          </>
        ) : (
          'Model'
        )
      }
    >
      {modelId === undefined ? (
        <EmptyState
          title="No model chosen"
          text="Choose one in the list to see what it is worth and where it comes from."
        />
      ) : data ? (
        <Detail key={data.id} model={data} />
      ) : error ? (
        <ErrorState error={error} onRetry={reload} />
      ) : (
        <LoadingState label="Opening the model" />
      )}
    </Panel>
  );
}
