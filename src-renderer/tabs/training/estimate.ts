import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand/react';
import { createStore } from 'zustand/vanilla';
import type { EstimateDto, TrainInput } from '../../../src-shared/contract/training.ts';
import { isAbort } from '../../ui/errors.ts';
import { rpc } from '../../ui/rpc.ts';
import { setField, trainingStore, useTraining } from './trainingStore.ts';

interface EstimateState {
  /** The newest answer; it may belong to earlier settings while `loading`. */
  readonly estimate: EstimateDto | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  readonly measuring: boolean;
}

const NOTHING: EstimateState = { estimate: undefined, error: undefined, loading: false, measuring: false };
const store = createStore<EstimateState>(() => NOTHING);
/** So long nothing is asked while the user still types. */
const QUIET_MS = 450;

let asked: AbortController | undefined;

async function ask(input: TrainInput, trial: boolean): Promise<void> {
  asked?.abort();
  const control = new AbortController();
  asked = control;
  store.setState({ loading: true, measuring: trial });
  try {
    const estimate = await rpc.training.estimate({ input, trial }, { signal: control.signal });
    if (asked === control) store.setState({ ...NOTHING, estimate });
  } catch (error) {
    if (asked !== control || isAbort(error)) return;
    store.setState({ ...NOTHING, error });
  }
}

/** What a run of the form would take, for whoever shows it. */
export function useEstimate(): EstimateState {
  return useStore(store);
}

/** Why the run of the form cannot be done; undefined where it can, or is not known yet. */
export function useRefusal(): string | undefined {
  const { estimate, loading } = useEstimate();
  return loading ? undefined : (estimate?.refusal ?? undefined);
}

/** Trains a few steps to measure what an estimate can only guess. */
export function measure(input: TrainInput): void {
  void ask(input, true);
}

/** Stops asking: the trial ends with it. */
export function stopMeasuring(): void {
  asked?.abort();
  asked = undefined;
  store.setState({ loading: false, measuring: false });
}

/** Keeps the estimate up to date with the form. Used once, by the form. */
export function useEstimateFeed(input: TrainInput | undefined): void {
  const key = useMemo(() => (input ? JSON.stringify(input) : ''), [input]);
  useEffect(() => {
    if (key === '') return;
    const timer = setTimeout(() => void ask(JSON.parse(key) as TrainInput, false), QUIET_MS);
    return () => clearTimeout(timer);
  }, [key]);
  useAutoBatch(key);
}

let adjustedFor = '';

/** Where the batch is chosen automatically, takes the one that the estimate finds best, once per set of the others. */
function useAutoBatch(key: string): void {
  const auto = useTraining((s) => s.autoBatch);
  const { estimate, loading } = useEstimate();
  useEffect(() => {
    if (!auto || !estimate || loading || key === '') return;
    const { batch: _batch, ...others } = JSON.parse(key) as TrainInput;
    const othersKey = JSON.stringify(others);
    if (othersKey === adjustedFor) return;
    adjustedFor = othersKey;
    if (estimate.autoBatch !== trainingStore.getState().draft.batch) setField('batch', estimate.autoBatch);
  }, [auto, estimate, loading, key]);
}

/** Turns the automatic batch on or off. */
export function setAutoBatch(on: boolean): void {
  adjustedFor = '';
  trainingStore.setState({ autoBatch: on });
}
