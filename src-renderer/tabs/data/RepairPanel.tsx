import { Button, Group, Select } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useState } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { RepairAction, RepairPreview, RepairStep } from '../../../src-shared/contract/repairs.ts';
import { formatNumber } from '../../ui/format.ts';
import { invalidate, rpc, useQuery } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine, ErrorState, LoadingState } from '../../ui/states.tsx';
import { historyKey, refOf } from './dataStore.ts';
import { RepairChanges } from './RepairChanges.tsx';
import { ACTIONS, type RepairPlan, stepsOf } from './repairs.ts';
import { kindLabel } from './timeline.ts';
import { offerUndo } from './undo.ts';

interface Choice {
  readonly kind: string;
  readonly count: number;
  readonly actions: readonly RepairAction[];
}

interface RowProps {
  readonly choice: Choice;
  readonly action: RepairAction | undefined;
  readonly onChoose: (action: RepairAction | undefined) => void;
}

function KindRow({ choice, action, onChoose }: RowProps) {
  const label = kindLabel(choice.kind);
  return (
    <div className="ft-repair-row" data-testid="repair-kind">
      <span className="ft-ellipsis">
        {label} <span className="ft-dim ft-num">{formatNumber(choice.count)}</span>
      </span>
      {choice.actions.length === 0 ? (
        <span className="ft-dim">No repair fits</span>
      ) : (
        <Select
          aria-label={`What to do about: ${label}`}
          placeholder="Leave as it is"
          clearable
          data={choice.actions.map((a) => ({ value: a, label: ACTIONS[a].label }))}
          value={action ?? null}
          onChange={(v) => onChoose((v ?? undefined) as RepairAction | undefined)}
        />
      )}
      <span className="ft-dim ft-small">{action ? ACTIONS[action].does : ''}</span>
    </div>
  );
}

/** What was previewed, together with what it was a preview of. */
interface Previewed {
  readonly steps: readonly RepairStep[];
  readonly preview: RepairPreview;
}

function usePreview(dataset: DatasetDto) {
  const [shown, setShown] = useState<Previewed>();
  const [error, setError] = useState<unknown>();
  const [working, setWorking] = useState<'preview' | 'apply'>();
  const run = async (what: 'preview' | 'apply', work: () => Promise<void>) => {
    setWorking(what);
    setError(undefined);
    try {
      await work();
    } catch (failure) {
      setError(failure);
    }
    setWorking(undefined);
  };
  const preview = (steps: readonly RepairStep[]) =>
    run('preview', async () => {
      const answer = await rpc.data.repairs.preview({ ...refOf(dataset), steps: [...steps] });
      setShown({ steps, preview: answer });
    });
  const apply = (done: () => void) =>
    run('apply', async () => {
      if (!shown) return;
      const { changeId, quality } = await rpc.data.repairs.apply({
        ...refOf(dataset),
        steps: [...shown.steps],
      });
      const name = `${dataset.symbol} ${dataset.timeframe}`;
      offerUndo(changeId, `Repaired ${name}: quality is now ${formatNumber(quality.score, 1)} of 100.`);
      setShown(undefined);
      invalidate('data.');
      done();
    });
  return { shown, error, working, preview, apply, forget: () => setShown(undefined) };
}

function Plan({ dataset, choices }: { readonly dataset: DatasetDto; readonly choices: readonly Choice[] }) {
  const [plan, setPlan] = useState<RepairPlan>({});
  const { shown, error, working, preview, apply, forget } = usePreview(dataset);
  const steps = stepsOf(
    plan,
    choices.map((c) => c.kind),
  );
  const setAction = (kind: string, action: RepairAction | undefined) => {
    const { [kind]: _, ...rest } = plan;
    setPlan(action === undefined ? rest : { ...rest, [kind]: action });
    // What is shown must be what is applied.
    forget();
  };
  return (
    <div className="ft-repair" data-testid="repair-plan">
      <p className="ft-dim ft-small ft-flat">
        Nothing is chosen for you. A repair is shown before it is stored, can be undone, and its bars stay
        marked so that training and backtests can leave them out.
      </p>
      <div className="ft-repairs">
        {choices.map((choice) => (
          <KindRow
            key={choice.kind}
            choice={choice}
            action={plan[choice.kind]}
            onChoose={(a) => setAction(choice.kind, a)}
          />
        ))}
      </div>
      {error !== undefined && <ErrorLine error={error} />}
      <Group gap="xs">
        <Button
          disabled={steps.length === 0 || working !== undefined}
          data-testid="repair-preview"
          onClick={() => void preview(steps)}
        >
          {working === 'preview' ? 'Working it out…' : 'Preview'}
        </Button>
        {shown && (
          <Button
            variant="filled"
            disabled={working !== undefined}
            data-testid="repair-apply"
            onClick={() => void apply(() => setPlan({}))}
          >
            {working === 'apply' ? 'Repairing…' : 'Apply what is shown'}
          </Button>
        )}
      </Group>
      {shown && <RepairChanges preview={shown.preview} steps={shown.steps} digits={dataset.digits} />}
    </div>
  );
}

/** Repairs of a history: chosen by kind of finding, previewed, applied, undone. */
export function RepairPanel({ dataset }: { readonly dataset: DatasetDto }) {
  const { data, error, reload } = useQuery(
    'data.repairs.choices',
    () => rpc.data.repairs.choices(refOf(dataset)),
    [historyKey(dataset), dataset.dataHash],
  );
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={reload} />
    ) : (
      <LoadingState label="Looking for repairs" />
    );
  if (data.length === 0)
    return (
      <EmptyState
        icon={<IconCircleCheck size={28} stroke={1.4} className="ft-ok" aria-hidden />}
        title="Nothing to repair"
        text="The checks found nothing in this history that a repair would change."
      />
    );
  return <Plan dataset={dataset} choices={data} />;
}
