import { Split } from '../../ui/Split.tsx';
import { Lists, useRuns } from './Lists.tsx';
import { ModelPanel } from './ModelCard.tsx';
import { RunPanel } from './RunPanel.tsx';
import { TrainForm } from './TrainForm.tsx';
import { useTraining } from './trainingStore.ts';
import './training.css';

/** Train a model, watch it learn, see what it is worth. */
export function TrainingTab() {
  const runs = useRuns();
  const chosen = useTraining((s) => s.runId);
  const runId = chosen ?? runs.data?.[0]?.id;
  const middle = (
    <Split
      id="training-middle"
      direction="vertical"
      parts={[
        { id: 'run', content: <RunPanel runId={runId} />, size: 64, min: 240 },
        { id: 'lists', content: <Lists shownId={runId} />, size: 36, min: 120 },
      ]}
    />
  );
  return (
    <Split
      id="training"
      direction="horizontal"
      parts={[
        { id: 'form', content: <TrainForm />, size: 23, min: 266 },
        { id: 'middle', content: middle, size: 48, min: 430 },
        { id: 'model', content: <ModelPanel />, size: 29, min: 300 },
      ]}
    />
  );
}
