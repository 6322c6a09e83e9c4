import { Button } from '@mantine/core';
import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatDate, formatNumber, formatPct, formatSigned } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorState, LoadingState } from '../../ui/states.tsx';
import { Time } from '../../ui/Time.tsx';
import { SPAN_USE, spanPieces } from './spans.ts';

function Coverage({ conformal: c }: { readonly conformal: NonNullable<ModelDto['conformal']> }) {
  const least = Math.min(c.target, c.low, c.achieved);
  const most = Math.max(c.target, c.high, c.achieved);
  const air = Math.max(0.02, (most - least) * 0.35);
  const from = Math.max(0, least - air);
  const to = Math.min(1, most + air);
  const x = (v: number) => `${(100 * (v - from)) / (to - from)}%`;
  const hit = c.target >= c.low && c.target <= c.high;
  const pct = (v: number) => formatPct(100 * v, { digits: 1 });
  return (
    <div>
      <div className="ft-figures">
        <div>
          <div className="ft-figure-name">Coverage aimed at</div>
          <div className="ft-figure-value">{pct(c.target)}</div>
        </div>
        <div>
          <div className="ft-figure-name">Achieved on the test span</div>
          <div className="ft-figure-value" data-testid="conformal-achieved">
            {pct(c.achieved)}
          </div>
        </div>
        <div>
          <div className="ft-figure-name">Judged on</div>
          <div className="ft-figure-value">{formatNumber(c.n)} forecasts</div>
        </div>
      </div>
      <svg
        className="ft-coverage"
        width="100%"
        height="46"
        role="img"
        aria-label={`Coverage ${pct(c.achieved)}, between ${pct(c.low)} and ${pct(c.high)}; aimed at ${pct(c.target)}`}
      >
        <line className="ft-coverage-axis" x1="0" x2="100%" y1="20" y2="20" />
        <line className="ft-coverage-band" x1={x(c.low)} x2={x(c.high)} y1="20" y2="20" />
        <line className="ft-coverage-target" x1={x(c.target)} x2={x(c.target)} y1="6" y2="34" />
        <circle className="ft-coverage-dot" cx={x(c.achieved)} cy="20" r="5" />
        <text x="0" y="44">
          {pct(from)}
        </text>
        <text x={x(c.target)} y="44" textAnchor="middle">
          target
        </text>
        <text x="100%" y="44" textAnchor="end">
          {pct(to)}
        </text>
      </svg>
      <p className="ft-dim ft-small">
        The target lies {hit ? 'inside' : 'outside'} the band that chance allows,{' '}
        <span className="ft-nowrap">
          {pct(c.low)} to {pct(c.high)}
        </span>
        {hit ? '.' : ': the test span behaves unlike the calibration span.'}
      </p>
    </div>
  );
}

function SpanStrip({ model }: { readonly model: ModelDto }) {
  const pieces = spanPieces(model.spans);
  const spans = pieces.filter((p) => p.kind === 'span');
  const gaps = pieces.filter((p) => p.kind === 'gap');
  return (
    <div>
      <div className="ft-strip" role="img" aria-label="How the history was divided, in time order">
        {pieces.map((p) => (
          <span
            key={`${p.name}-${p.fromMs}`}
            className={`ft-strip-piece ft-span-${p.name}`}
            style={{ flexGrow: p.share }}
            title={`${p.name}: ${formatNumber(p.bars)} bars, ${formatDate(p.fromMs)} to ${formatDate(p.toMs)}. ${SPAN_USE[p.name]}`}
          />
        ))}
      </div>
      <table className="ft-table ft-span-table" aria-label="Parts of the history">
        <tbody>
          {spans.map((p) => (
            <tr key={p.name} title={SPAN_USE[p.name]}>
              <td>
                <span className="ft-cell-line">
                  <span className={`ft-span-key ft-span-${p.name}`} aria-hidden />
                  {p.name}
                </span>
              </td>
              <td className="ft-right">{formatNumber(p.bars)}</td>
              <td className="ft-dim" title={`${formatDate(p.fromMs)} to ${formatDate(p.toMs)}`}>
                {formatDate(p.fromMs).slice(0, 7)} – {formatDate(p.toMs).slice(0, 7)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {gaps.length > 0 && (
        <p className="ft-dim ft-small">
          Hatched: {gaps.length} embargo {gaps.length === 1 ? 'gap' : 'gaps'} of {formatNumber(gaps[0]?.bars)}{' '}
          bars, so that no outcome reaches into the next part.
        </p>
      )}
    </div>
  );
}

function Card({ model: m }: { readonly model: ModelDto }) {
  const setTab = useWorkspace((w) => w.setTab);
  return (
    <div className="ft-model" data-testid="model-card">
      {m.conformal && <Coverage conformal={m.conformal} />}
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
      <SpanStrip model={m} />
      <dl className="ft-facts ft-small">
        <dt>Network</dt>
        <dd>
          {m.family.toUpperCase()}, {formatNumber(m.parameters)} parameters, window {m.windowBars} bars,{' '}
          {m.horizonBars} bars ahead
        </dd>
        <dt>Trained</dt>
        <dd>
          <Time ms={m.createdMs} />, {m.engine}, seed {m.seed}
        </dd>
        <dt>Features</dt>
        <dd>{m.features.join(', ')}</dd>
        {m.samplesLeftOut !== undefined && m.samplesLeftOut > 0 && (
          <>
            <dt>Left out</dt>
            <dd>{formatNumber(m.samplesLeftOut)} examples that touch repaired bars</dd>
          </>
        )}
        <dt>Model file</dt>
        <dd className="ft-mono" title={`SHA-256 ${m.sha256}`}>
          {m.sha256.slice(0, 16)}…
        </dd>
        <dt>Data</dt>
        <dd className="ft-mono" title={m.dataHash}>
          {m.dataHash.slice(0, 16)}…
        </dd>
      </dl>
      <div className="ft-cell-line">
        <Button variant="filled" onClick={() => setTab('backtest')}>
          Backtest it
        </Button>
        <Button onClick={() => setTab('chart')}>Show its forecast</Button>
      </div>
    </div>
  );
}

/** What the chosen model is worth, and on which part of history that was found out. */
export function ModelPanel() {
  const modelId = useWorkspace((w) => w.modelId);
  const { data, error, reload } = useQuery(
    'training.model',
    () => (modelId === undefined ? Promise.resolve(undefined) : rpc.training.model({ modelId })),
    [modelId],
  );
  const title = data ? `Model ${data.symbol} ${data.timeframe} v${data.version}` : 'Model';
  return (
    <Panel
      title={
        <>
          {title}
          {data?.synthetic && <SyntheticBadge />}
        </>
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
