import { Button, Loader } from '@mantine/core';
import { IconAlertTriangle, IconBan, IconStopwatch } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { EstimateDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { formatBytes, formatDuration, formatNumber, UNKNOWN } from '../../ui/format.ts';
import { useConnection } from '../../ui/rpc.ts';
import { ErrorLine, LoadingState } from '../../ui/states.tsx';
import { measure, stopMeasuring, useEstimate } from './estimate.ts';
import { MemoryBar } from './MemoryBar.tsx';

/** Above this share of the limit a run is warned of. */
const TIGHT = 0.9;

/** How much of the memory a run would take, with a mark at nine tenths of the limit. */
function Memory({ estimate: e }: { readonly estimate: EstimateDto }) {
  const share = e.memoryLimitBytes > 0 ? e.memoryBytes / e.memoryLimitBytes : 0;
  const tone = share > 1 ? 'bad' : share > TIGHT ? 'warn' : 'ok';
  return (
    <div>
      <div className="ft-estimate-line">
        <span className="ft-dim">Memory</span>
        <span className={tone === 'ok' ? '' : `ft-${tone}`}>
          {formatBytes(e.memoryBytes)} <span className="ft-dim">of {formatBytes(e.memoryLimitBytes)}</span>
        </span>
      </div>
      <MemoryBar
        label="Memory of the run"
        usedBytes={e.memoryBytes}
        ofBytes={e.memoryLimitBytes}
        tone={tone}
        marked
      />
    </div>
  );
}

function Line({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="ft-estimate-line">
      <span className="ft-dim">{name}</span>
      <span>{children}</span>
    </div>
  );
}

function Time({ estimate: e }: { readonly estimate: EstimateDto }) {
  if (e.seconds === null) return <span className="ft-dim">not measured yet</span>;
  return (
    <>
      {e.msPerStep === null ? 'about ' : ''}
      {formatDuration(e.seconds * 1000)}
    </>
  );
}

function Refusal({ text }: { readonly text: string }) {
  return (
    <div className="ft-error-line" role="alert">
      <IconBan size={15} stroke={1.7} aria-hidden />
      <div>{text}</div>
    </div>
  );
}

function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  return warnings.map((text) => (
    <p key={text} className="ft-estimate-warning">
      <IconAlertTriangle size={14} stroke={1.7} aria-hidden /> <span title={text}>{text}</span>
    </p>
  ));
}

/** Memory, time and what speaks against it, small: for the quick form. */
export function EstimateBrief() {
  const { estimate: e, error, loading } = useEstimate();
  if (!e) {
    return (
      <div className="ft-estimate ft-estimate-brief" data-state={error ? 'error' : 'none'}>
        {error ? (
          <ErrorLine error={error} />
        ) : (
          <p className="ft-form-note">{loading ? 'Estimating memory and time…' : 'No estimate yet.'}</p>
        )}
      </div>
    );
  }
  return (
    <div className="ft-estimate ft-estimate-brief" data-testid="estimate" data-stale={loading}>
      <Memory estimate={e} />
      <Line name="Device">{e.device}</Line>
      {e.totalSteps > 0 && (
        <>
          <Line name="Time">
            <Time estimate={e} />
          </Line>
          <Line name="Steps">
            {formatNumber(e.totalSteps)}{' '}
            <span className="ft-dim">of {formatNumber(e.effectiveBatch)} windows</span>
          </Line>
        </>
      )}
      {e.refusal === null ? <Warnings warnings={e.warnings} /> : <Refusal text={e.refusal} />}
    </div>
  );
}

function StepLines({ estimate: e }: { readonly estimate: EstimateDto }) {
  return (
    <>
      <Line name="Time">
        <Time estimate={e} />
      </Line>
      <Line name="Per step">
        {e.msPerStep === null ? UNKNOWN : `${formatNumber(e.msPerStep, e.msPerStep < 1 ? 3 : 1)} ms`}
      </Line>
      <Line name="Steps per epoch">{formatNumber(e.stepsPerEpoch)}</Line>
      <Line name="Steps in all">{formatNumber(e.totalSteps)}</Line>
      <Line name="Effective batch">{formatNumber(e.effectiveBatch)}</Line>
    </>
  );
}

function Full({ estimate: e }: { readonly estimate: EstimateDto }) {
  return (
    <>
      <Memory estimate={e} />
      <div className="ft-estimate-lines ft-num">
        <Line name="Device">{e.device}</Line>
        <Line name="Parameters">{formatNumber(e.parameters)}</Line>
        <Line name="Training windows">{formatNumber(e.trainWindows)}</Line>
        {e.totalSteps > 0 && <StepLines estimate={e} />}
      </div>
      {e.refusal !== null && <Refusal text={e.refusal} />}
      <Warnings warnings={e.warnings} />
      {e.decisions.length > 0 && (
        <div>
          <h3 className="ft-group">Decided for you</h3>
          <ul className="ft-notes">
            {e.decisions.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** All that is known of a run before it starts. */
export function EstimatePanel({ input }: { readonly input: TrainInput | undefined }) {
  const { estimate, error, loading, measuring } = useEstimate();
  const gone = useConnection() !== 'open';
  return (
    <aside className="ft-config-estimate" aria-label="Estimate" data-testid="estimate-panel">
      <div className="ft-config-estimate-head">
        <h3 className="ft-panel-title">Estimate</h3>
        {loading && <Loader size={12} aria-label="Estimating" />}
        <Button
          size="compact-xs"
          ml="auto"
          leftSection={<IconStopwatch size={13} aria-hidden />}
          disabled={!measuring && (input === undefined || gone)}
          title="Trains a few steps to measure speed and memory"
          onClick={() => (measuring ? stopMeasuring() : input && measure(input))}
        >
          {measuring ? 'Stop measuring' : 'Measure'}
        </Button>
      </div>
      <div className="ft-estimate" data-stale={loading} aria-live="polite">
        {error ? <ErrorLine error={error} /> : null}
        {estimate ? (
          <Full estimate={estimate} />
        ) : error ? null : loading ? (
          <LoadingState label="Estimating" />
        ) : (
          <p className="ft-form-note">What the run would take shows here once the settings are complete.</p>
        )}
      </div>
    </aside>
  );
}
