import { Progress } from '@mantine/core';
import type { ReactNode } from 'react';
import type { TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { formatDuration, formatNumber, UNKNOWN } from '../../ui/format.ts';
import { lossText } from './curve.ts';
import { RunState } from './RunState.tsx';
import { engineText, epochShare, stoppedEarly } from './runText.ts';

function Figure({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <div className="ft-figure-name">{name}</div>
      <div className="ft-figure-value">{children}</div>
    </div>
  );
}

const COLOUR: Partial<Record<TrainingRunDto['state'], string>> = { paused: 'yellow', failed: 'red' };

/** What a run counts: steps of a network, fits of a set of models, or nothing where all is computed at once. */
export type Counted = 'steps' | 'fits' | 'nothing';

interface FactsProps {
  readonly run: TrainingRunDto;
  readonly counted: Counted;
}

function Bars({ run, counted }: FactsProps) {
  const whole = run.state === 'done' ? 100 : run.totalSteps > 0 ? (100 * run.step) / run.totalSteps : 0;
  const epoch = epochShare(run);
  const colour = COLOUR[run.state];
  return (
    <div className="ft-run-bars">
      <span className="ft-dim ft-small">Run</span>
      <Progress
        value={whole}
        aria-label="Training progress"
        size={6}
        {...(colour ? { color: colour } : {})}
      />
      {counted === 'steps' && (
        <>
          <span className="ft-dim ft-small">Epoch</span>
          <Progress
            value={epoch === undefined ? 0 : 100 * epoch}
            aria-label="Progress of the epoch"
            size={6}
            transitionDuration={0}
            {...(colour ? { color: colour } : {})}
          />
        </>
      )}
    </div>
  );
}

function TimeFigure({ run }: { readonly run: TrainingRunDto }) {
  if (run.endedMs !== undefined) {
    const taken = run.seconds === undefined ? run.endedMs - run.startedMs : run.seconds * 1000;
    return <Figure name="Took">{formatDuration(taken)}</Figure>;
  }
  return <Figure name="Time left">{run.state === 'running' ? formatDuration(run.etaMs) : UNKNOWN}</Figure>;
}

function Notes({ run }: { readonly run: TrainingRunDto }) {
  return (
    <>
      {run.error && run.state === 'stopped' && (
        <p className="ft-run-note ft-dim">
          {run.error.message} {run.error.hint}
        </p>
      )}
      {stoppedEarly(run) && (
        <p className="ft-run-note ft-dim">
          Ended early: no better validation loss for {run.input.patience}{' '}
          {run.input.patience === 1 ? 'epoch' : 'epochs'}. The best weights were kept.
        </p>
      )}
      {run.engineNote && (
        <p
          className={`ft-run-note ft-run-engine ${run.input.engine === 'auto' ? 'ft-dim' : 'ft-warn'}`}
          title={run.engineNote}
        >
          {run.engineNote}
        </p>
      )}
      {run.workers !== undefined && run.workers < run.input.devices && (
        <p className="ft-run-note ft-warn">
          {run.workers} of {run.input.devices} workers are at work: the run goes on without the others.
        </p>
      )}
    </>
  );
}

function StepFigures({ run }: { readonly run: TrainingRunDto }) {
  return (
    <>
      <Figure name="Step">
        {run.totalSteps > 0 ? formatNumber(run.step) : UNKNOWN}{' '}
        <span className="ft-dim ft-small">
          {run.totalSteps > 0 ? `of ${formatNumber(run.totalSteps)}` : ''}
        </span>
      </Figure>
      <Figure name="Epoch">
        {formatNumber(run.epoch)} <span className="ft-dim ft-small">of {formatNumber(run.input.epochs)}</span>
      </Figure>
      <Figure name="Steps per second">{formatNumber(run.stepsPerSecond, 0)}</Figure>
    </>
  );
}

/** Of a run that makes several models one after the other. */
function FitFigures({ run }: { readonly run: TrainingRunDto }) {
  const known = run.totalSteps > 0;
  return (
    <Figure name="Models fitted">
      {known ? formatNumber(run.step) : UNKNOWN}{' '}
      <span className="ft-dim ft-small">{known ? `of ${formatNumber(run.totalSteps)}` : ''}</span>
    </Figure>
  );
}

/** How far a run is, on what it runs, and what is worth knowing about it. */
export function RunFacts({ run, counted }: FactsProps) {
  return (
    <div className="ft-run-facts">
      <Bars run={run} counted={counted} />
      <div className="ft-figures ft-run-figures">
        <Figure name="State">
          <RunState state={run.state} testId="train-state" />
        </Figure>
        {counted === 'steps' && <StepFigures run={run} />}
        {counted === 'fits' && <FitFigures run={run} />}
        <TimeFigure run={run} />
        {counted === 'steps' && <Figure name="Best validation">{lossText(run.bestValidation)}</Figure>}
        {(run.engine !== undefined || counted === 'steps') && (
          <Figure name="Engine">{engineText(run)}</Figure>
        )}
        {run.workers !== undefined && run.input.devices > 1 && (
          <Figure name="Workers">
            {formatNumber(run.workers)}{' '}
            <span className="ft-dim ft-small">of {formatNumber(run.input.devices)}</span>
          </Figure>
        )}
        {counted === 'steps' && <Figure name="Saved at step">{formatNumber(run.savedStep)}</Figure>}
        {run.restarts > 0 && <Figure name="Worker restarts">{formatNumber(run.restarts)}</Figure>}
      </div>
      <Notes run={run} />
    </div>
  );
}
