import { Button, SegmentedControl } from '@mantine/core';
import { IconBrain, IconPointer, IconTargetArrow } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { StudyDto, StudySummary } from '../../../src-shared/contract/optimize.ts';
import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { useWorkspace } from '../../state/workspace.ts';
import { useChosenModel } from '../../ui/models.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { rpc, useQuery, useWatch } from '../../ui/rpc.ts';
import { Split } from '../../ui/Split.tsx';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { FrontTable } from './FrontTable.tsx';
import { Hypervolume } from './Hypervolume.tsx';
import styles from './Optimise.module.css';
import { Parallel } from './Parallel.tsx';
import { ParetoPlot } from './ParetoPlot.tsx';
import { PointDetail } from './PointDetail.tsx';
import { StudyForm } from './StudyForm.tsx';
import { isActive, StudyHead } from './StudyHead.tsx';
import { StudyList } from './StudyList.tsx';
import { useStudyView } from './view.ts';

/** The study on screen: the chosen one, or the newest while none (or one that is gone) is chosen. */
function useStudies() {
  const list = useQuery('optimize.list', () => rpc.optimize.list(), []);
  const chosenId = useWorkspace((w) => w.studyId);
  const studies = list.data ?? [];
  const newest = studies.toSorted((a, b) => b.startedMs - a.startedMs)[0];
  const known = studies.some((s) => s.id === chosenId);
  // A study that was started a moment ago may not be in the list yet.
  const shownId = known || (chosenId !== undefined && list.loading) ? chosenId : newest?.id;
  return { list, studies, shownId };
}

/** The Optimise tab: searches genes on several objectives at once and shows what can be had for what. */
export function OptimiseTab() {
  const { query, model } = useChosenModel();
  const setTab = useWorkspace((w) => w.setTab);
  if (query.data === undefined) {
    if (query.error !== undefined) return <ErrorState error={query.error} onRetry={query.reload} />;
    return <LoadingState label="Loading models" />;
  }
  if (!model) {
    return (
      <EmptyState
        icon={<IconBrain size={28} stroke={1.4} aria-hidden />}
        title="A study needs a model"
        text="Train one first; then its strategy is searched here for the best trade-offs of return, drawdown, Sharpe and win rate."
        action={
          <Button variant="filled" onClick={() => setTab('training')}>
            Train a model
          </Button>
        }
      />
    );
  }
  return <Workbench models={query.data} model={model} />;
}

function Workbench({ models, model }: { readonly models: readonly ModelDto[]; readonly model: ModelDto }) {
  const { list, studies, shownId } = useStudies();
  const setStudyId = useWorkspace((w) => w.setStudyId);
  const watch = useWatch<StudyDto>(
    (signal) => (shownId === undefined ? undefined : rpc.optimize.watch({ studyId: shownId }, { signal })),
    [shownId],
  );
  const study = watch.data;
  const { reload } = list;
  const state = study?.state;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a study that changes its state changes the list
  useEffect(reload, [reload, state]);
  const chosen = useStudyView((v) => v.selected);
  const selectedId =
    chosen !== undefined && chosen.studyId === study?.id
      ? chosen.trialId
      : study && !isActive(study)
        ? study.recommendedTrialId
        : undefined;
  const side = (
    <Split
      id="optimise.side"
      direction="vertical"
      parts={[
        {
          id: 'form',
          size: 58,
          min: 180,
          content: (
            <Panel title="New study">
              <StudyForm models={models} model={model} />
            </Panel>
          ),
        },
        {
          id: 'studies',
          size: 42,
          min: 100,
          content: (
            <Panel title={`Studies (${studies.length})`} flush>
              {list.error !== undefined ? (
                <ErrorLine error={list.error} onRetry={list.reload} />
              ) : (
                <StudyList studies={upToDate(studies, study)} selectedId={shownId} onSelect={setStudyId} />
              )}
            </Panel>
          ),
        },
      ]}
    />
  );
  return (
    <Split
      id="optimise"
      direction="horizontal"
      parts={[
        { id: 'side', size: 22, min: 302, content: side },
        {
          id: 'study',
          size: 52,
          min: 380,
          content: study ? (
            <StudyArea study={study} selectedId={selectedId} />
          ) : (
            <NoStudy loading={shownId !== undefined || list.data === undefined} error={watch.error} />
          ),
        },
        {
          id: 'point',
          size: 26,
          min: 310,
          content: (
            <Panel title="Point">
              <SelectedPoint study={study} selectedId={selectedId} />
            </Panel>
          ),
        },
      ]}
    />
  );
}

/** The list with what the stream says of the study on screen: the list itself is asked for less often. */
function upToDate(studies: readonly StudySummary[], study: StudyDto | undefined): readonly StudySummary[] {
  if (!study) return studies;
  const { evaluations, state } = study;
  const frontSize = study.trials.filter((t) => t.onFront).length;
  return studies.map((s) => (s.id === study.id ? { ...s, evaluations, state, frontSize } : s));
}

function NoStudy({ loading, error }: { readonly loading: boolean; readonly error: unknown }) {
  if (error !== undefined) return <ErrorState error={error} />;
  if (loading) return <LoadingState label="Loading the study" />;
  return (
    <EmptyState
      icon={<IconTargetArrow size={28} stroke={1.4} aria-hidden />}
      title="No study yet"
      text="A study tries hundreds of gene sets and keeps those that no other beats in every respect: the Pareto front. Start one at the left; the front grows here while it runs."
    />
  );
}

interface SelectedPointProps {
  readonly study: StudyDto | undefined;
  readonly selectedId: string | undefined;
}

function SelectedPoint({ study, selectedId }: SelectedPointProps) {
  const trial = study?.trials.find((t) => t.id === selectedId);
  if (study && trial) return <PointDetail study={study} trial={trial} />;
  return (
    <EmptyState
      icon={<IconPointer size={24} stroke={1.4} aria-hidden />}
      title="No point selected"
      text="Click a point of the front, or a row of its table, to see its genes, figures and equity."
    />
  );
}

type Lower = 'genes' | 'hypervolume';

function StudyArea({
  study,
  selectedId,
}: {
  readonly study: StudyDto;
  readonly selectedId: string | undefined;
}) {
  const [lower, setLower] = useState<Lower>('genes');
  const front = study.trials.filter((t) => t.onFront).length;
  return (
    <div className={styles.center}>
      <StudyHead study={study} />
      <div className={styles.body}>
        <Split
          id="optimise.study"
          direction="vertical"
          parts={[
            { id: 'plot', size: 50, min: 300, content: <ParetoPlot study={study} selectedId={selectedId} /> },
            {
              id: 'front',
              size: 28,
              min: 90,
              content: (
                <Panel title={`Front (${front})`} flush>
                  <FrontTable study={study} selectedId={selectedId} />
                </Panel>
              ),
            },
            {
              id: 'lower',
              size: 22,
              min: 100,
              content: (
                <Panel
                  title={lower === 'genes' ? 'Genes of the front' : 'Progress of the search'}
                  flush
                  actions={
                    <SegmentedControl
                      aria-label="Lower chart"
                      data={[
                        { value: 'genes', label: 'Genes' },
                        { value: 'hypervolume', label: 'Hypervolume' },
                      ]}
                      value={lower}
                      onChange={(value) => setLower(value as Lower)}
                    />
                  }
                >
                  {lower === 'genes' ? (
                    <Parallel study={study} selectedId={selectedId} />
                  ) : (
                    <Hypervolume study={study} />
                  )}
                </Panel>
              ),
            },
          ]}
        />
      </div>
    </div>
  );
}
