import { Button } from '@mantine/core';
import type { ListedModel } from '../../../src-shared/contract/training.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatNumber, formatSigned } from '../../ui/format.ts';
import { familyLabel, givesSignals } from '../../ui/models.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { type Query, rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { Coverage } from './CoverageFigure.tsx';
import { Figures } from './Figures.tsx';
import { openIn, showOnChart } from './modelActions.ts';
import { ROLE_HELP, ROLE_LABEL } from './roles.ts';
import { barsText } from './runText.ts';
import { SpanStrip } from './SpanStrip.tsx';
import { trainingStore, useTraining } from './trainingStore.ts';

/** One model, once its id is known. */
export function useModel(modelId: string | undefined): Query<ListedModel | undefined> {
  return useQuery(
    'training.model',
    () => (modelId === undefined ? Promise.resolve(undefined) : rpc.training.model({ modelId })),
    [modelId],
  );
}

/** The two figures of a forecast's worth. */
export function FitFigures({ model: m }: { readonly model: ListedModel }) {
  return (
    <div className="ft-figures">
      <div>
        <div className="ft-figure-name" title="1 is perfect; 0 is no better than always predicting no move">
          Test R²
        </div>
        <div className="ft-figure-value">{formatSigned(m.testR2, 4)}</div>
      </div>
      <div>
        <div
          className="ft-figure-name"
          title="Spearman rank correlation of forecast and outcome on the test span"
        >
          Rank correlation
        </div>
        <div className="ft-figure-value">{formatSigned(m.testRankCorrelation, 3)}</div>
      </div>
    </div>
  );
}

const ON_CHART: Partial<Record<ListedModel['role'], string>> = {
  diffusion: 'Show its fan',
  anomaly: 'Mark what it flags',
};

function WithoutSignal({ model }: { readonly model: ListedModel }) {
  const label = ON_CHART[model.role];
  return (
    <div className="ft-without-signal">
      {label && <Button onClick={() => showOnChart(model)}>{label}</Button>}
      <p className="ft-form-note">{ROLE_HELP[model.role]}</p>
    </div>
  );
}

/** The buttons that take a model to other tabs; for models without a signal, the reason why there are none. */
export function UseButtons({ model }: { readonly model: ListedModel }) {
  if (!model.present) {
    return (
      <p className="ft-form-note">
        Its files were pruned: only this record is left. Train it again with the same settings and seed.
      </p>
    );
  }
  if (!givesSignals(model)) return <WithoutSignal model={model} />;
  return (
    <div className="ft-cell-line">
      <Button variant="filled" onClick={() => openIn('backtest', model)}>
        Backtest it
      </Button>
      <Button onClick={() => openIn('chart', model)}>Show its forecast</Button>
    </div>
  );
}

function Card({ model: m }: { readonly model: ListedModel }) {
  const open = () => trainingStore.setState({ view: 'models', shownModelId: m.id });
  return (
    <div className="ft-model" data-testid="model-card">
      {m.conformal && <Coverage conformal={m.conformal} />}
      {m.testR2 !== null && <FitFigures model={m} />}
      {m.figures.length > 0 && <Figures figures={m.figures} />}
      <UseButtons model={m} />
      <SpanStrip model={m} />
      <dl className="ft-facts ft-small">
        <dt>Model</dt>
        <dd>
          {familyLabel(m.family)}, {formatNumber(m.parameters)} parameters, {barsText(m)}
        </dd>
        <dt>Trained</dt>
        <dd>
          <Time ms={m.createdMs} />, {m.engine}, seed {m.seed}
        </dd>
        {m.samplesLeftOut !== undefined && m.samplesLeftOut > 0 && (
          <>
            <dt>Left out</dt>
            <dd>{formatNumber(m.samplesLeftOut)} examples that touch repaired bars</dd>
          </>
        )}
      </dl>
      <Button onClick={open}>All about this model</Button>
    </div>
  );
}

/** What the model of the run on screen, else the chosen one, is worth, and on which part of history that was found out. */
export function ModelPanel({ runModelId }: { readonly runModelId?: string | undefined }) {
  const chosen = useWorkspace((w) => w.modelId);
  const shown = useTraining((s) => s.shownModelId);
  const modelId = runModelId ?? shown ?? chosen;
  const { data, error, reload } = useModel(modelId);
  const title = data ? `${data.symbol} ${data.timeframe} v${data.version}` : 'Model';
  return (
    <Panel
      title={
        <>
          {data ? `Model ${title}` : title}
          {data?.synthetic && <SyntheticBadge />}
        </>
      }
      actions={
        data && data.role !== 'regressor' && <span className="ft-dim ft-small">{ROLE_LABEL[data.role]}</span>
      }
    >
      {modelId === undefined ? (
        <EmptyState
          title="No model chosen"
          text="A finished run leaves a model. Its coverage, its fit and the parts of history behind them show here."
        />
      ) : data ? (
        <Card model={data} />
      ) : error ? (
        <ErrorState error={error} onRetry={reload} />
      ) : (
        <LoadingState label="Opening the model" />
      )}
    </Panel>
  );
}
