import { SegmentedControl } from '@mantine/core';
import { useMemo } from 'react';
import { type Command, useCommands } from '../../state/commands.ts';
import { Split } from '../../ui/Split.tsx';
import { History } from './History.tsx';
import { ModelPanel } from './ModelCard.tsx';
import { Models } from './Models.tsx';
import { useModels, useRuns } from './queries.ts';
import { RunPanel } from './RunPanel.tsx';
import { TrainForm } from './TrainForm.tsx';
import { type TrainingView, trainingStore, useTraining } from './trainingStore.ts';
import './training.css';
import './config.css';
import './models.css';

const VIEW_COMMANDS: readonly Command[] = [
  {
    id: 'training.view.train',
    label: 'Training: new run and progress',
    group: 'Training',
    run: () => trainingStore.setState({ view: 'train' }),
  },
  {
    id: 'training.view.history',
    label: 'Training: history of runs',
    group: 'Training',
    keywords: ['compare'],
    run: () => trainingStore.setState({ view: 'history' }),
  },
  {
    id: 'training.view.models',
    label: 'Training: models',
    group: 'Training',
    keywords: ['browser', 'verify', 'export', 'onnx', 'pin'],
    run: () => trainingStore.setState({ view: 'models' }),
  },
];

function counted(label: string, count: number | undefined): string {
  return count === undefined ? label : `${label} (${count})`;
}

interface TrainProps {
  readonly runId: string | undefined;
  readonly runModelId: string | undefined;
}

function Train({ runId, runModelId }: TrainProps) {
  return (
    <Split
      id="training"
      direction="horizontal"
      parts={[
        { id: 'form', content: <TrainForm />, size: 22, min: 250 },
        { id: 'middle', content: <RunPanel runId={runId} />, size: 51, min: 450 },
        { id: 'model', content: <ModelPanel runModelId={runModelId} />, size: 27, min: 290 },
      ]}
    />
  );
}

/** Train a model, watch it learn, compare it with others, see what it is worth. */
export function TrainingTab() {
  const runs = useRuns();
  const models = useModels();
  const view = useTraining((s) => s.view);
  const chosen = useTraining((s) => s.runId);
  const runId = chosen ?? runs.data?.[0]?.id;
  useCommands(VIEW_COMMANDS);
  const views = useMemo(
    () => [
      { value: 'train', label: 'Train' },
      { value: 'history', label: counted('History', runs.data?.length) },
      { value: 'models', label: counted('Models', models.data?.length) },
    ],
    [runs.data?.length, models.data?.length],
  );
  return (
    <div className="ft-training">
      <div className="ft-training-views">
        <SegmentedControl
          aria-label="Part of the Training tab"
          value={view}
          onChange={(v) => trainingStore.setState({ view: v as TrainingView })}
          data={views}
        />
      </div>
      <div className="ft-training-view">
        {view === 'train' && (
          <Train runId={runId} runModelId={runs.data?.find((r) => r.id === runId)?.modelId} />
        )}
        {view === 'history' && <History shownId={runId} />}
        {view === 'models' && <Models />}
      </div>
    </div>
  );
}
