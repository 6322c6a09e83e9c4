import { useEffect, useRef } from 'react';
import type {
  DeviceDto,
  DeviceReading,
  FamilyInfo,
  FeatureInfo,
  ListedModel,
  TrainingRunDto,
  TrainLogEntry,
} from '../../../src-shared/contract/training.ts';
import { type Query, rpc, useQuery } from '../../ui/rpc.ts';
import { useTraining } from './trainingStore.ts';

/** All training runs, the newest first. */
export function useRuns(): Query<TrainingRunDto[]> {
  const query = useQuery('training.list', () => rpc.training.list(), []);
  const data = query.data && [...query.data].sort((a, b) => b.startedMs - a.startedMs);
  return { ...query, data };
}

/** All models, the newest first. */
export function useModels(): Query<ListedModel[]> {
  const query = useQuery('training.models', () => rpc.training.models(), []);
  const data = query.data && [...query.data].sort((a, b) => b.createdMs - a.createdMs);
  return { ...query, data };
}

/** The families that can be trained; `imported` ones come from files. */
export function useFamilies(): Query<FamilyInfo[]> {
  const query = useQuery('training.families', () => rpc.training.families(), []);
  const data = query.data?.filter((f) => f.name !== 'imported');
  return { ...query, data };
}

/** True for families that have no epochs: solved ones, and ensembles of models that are there already. */
export function isComputedAtOnce(family: FamilyInfo | undefined): boolean {
  return family?.fit === 'solved' || family?.name === 'ensemble';
}

/** The family of the draft, once the families are known. */
export function useFamily(): FamilyInfo | undefined {
  const name = useTraining((s) => s.draft.family);
  return useFamilies().data?.find((f) => f.name === name);
}

export function useFeatures(): Query<FeatureInfo[]> {
  return useQuery('training.features', () => rpc.training.features(), []);
}

export function useDevices(): Query<DeviceDto[]> {
  return useQuery('training.hardware', () => rpc.training.hardware({ probe: false }), []);
}

const AGAIN_MS = 2500;

/** Asks again every few seconds while `active`, and once more when it ends. */
export function useAgain(reload: () => void, active: boolean): void {
  const was = useRef(active);
  useEffect(() => {
    if (was.current && !active) reload();
    was.current = active;
    if (!active) return;
    const timer = setInterval(reload, AGAIN_MS);
    return () => clearInterval(timer);
  }, [reload, active]);
}

/** What the devices said of themselves during a run. */
export function useReadings(runId: string, active: boolean): Query<DeviceReading[]> {
  const query = useQuery('training.readings', () => rpc.training.readings({ runId }), [runId]);
  useAgain(query.reload, active);
  return query;
}

export function useRunLog(runId: string, active: boolean): Query<TrainLogEntry[]> {
  const query = useQuery('training.log', () => rpc.training.log({ runId }), [runId]);
  useAgain(query.reload, active);
  return query;
}
