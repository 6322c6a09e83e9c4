import { ActionIcon, Button } from '@mantine/core';
import {
  IconAdjustmentsHorizontal,
  IconDatabaseImport,
  IconPlayerPlay,
  IconRestore,
} from '@tabler/icons-react';
import { type FormEvent, useEffect, useMemo, useState } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import type { TrainInput } from '../../../src-shared/contract/training.ts';
import { type Command, useCommands } from '../../state/commands.ts';
import { useDataset } from '../../state/markets.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { formatDate, formatNumber } from '../../ui/format.ts';
import { Panel } from '../../ui/Panel.tsx';
import { invalidate, rpc, useConnection } from '../../ui/rpc.ts';
import { EmptyState, ErrorLine } from '../../ui/states.tsx';
import { loadDemoMarket } from '../data/importTask.ts';
import { openImport } from '../data/openImport.ts';
import { ConfigDialog } from './ConfigDialog.tsx';
import { changedFields } from './changed.ts';
import { EstimateBrief } from './EstimatePanel.tsx';
import { useEstimateFeed, useRefusal } from './estimate.ts';
import { FamilySelect } from './FamilySelect.tsx';
import { Field } from './Field.tsx';
import { type Checked, checkDraft } from './fields.ts';
import { isComputedAtOnce, useFamilies, useFamily } from './queries.ts';
import { meetFamilies, resetDraft, trainingStore, useTraining } from './trainingStore.ts';

export interface Starter {
  readonly start: (input: TrainInput) => Promise<void>;
  readonly error: unknown;
  readonly busy: boolean;
}

function useStart(): Starter {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const start = async (input: TrainInput) => {
    setBusy(true);
    setError(undefined);
    try {
      const { runId } = await rpc.training.start(input);
      trainingStore.setState({ runId, view: 'train', section: undefined, shownModelId: undefined });
      invalidate('training.list');
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return { start, error, busy };
}

const NO_ERRORS: Readonly<Record<string, string>> = {};
const QUICK = ['horizonBars', 'windowBars', 'epochs', 'engine'] as const;
const QUICK_SOLVED = ['horizonBars', 'windowBars'] as const;

/** Says which settings away from the quick ones differ from the defaults, so that nothing works unseen. */
function Differing() {
  const draft = useTraining((s) => s.draft);
  const family = useFamily();
  const quick: readonly string[] = isComputedAtOnce(family) ? QUICK_SOLVED : QUICK;
  const changed = changedFields(draft, family).filter((c) => !quick.includes(c.name) && c.name !== 'family');
  if (changed.length === 0) return null;
  return (
    <p className="ft-form-note" data-testid="changed-settings">
      Changed: {changed.map((c) => `${c.label.toLowerCase()} ${c.value}`).join(', ')}
    </p>
  );
}

function MarketLine({ dataset }: { readonly dataset: DatasetDto }) {
  return (
    <div className="ft-train-on">
      <span className="ft-cell-line">
        <strong>
          {dataset.symbol} {dataset.timeframe}
        </strong>
        {dataset.synthetic && <SyntheticBadge />}
      </span>
      <span className="ft-dim ft-small ft-num">
        {formatNumber(dataset.bars)} bars, <span className="ft-nowrap">{formatDate(dataset.fromMs)} to</span>{' '}
        <span className="ft-nowrap">{formatDate(dataset.toMs)}</span>
      </span>
    </div>
  );
}

function useFormCommands(checked: Checked, starter: Starter): void {
  const commands = useMemo(
    (): Command[] => [
      {
        id: 'training.configure',
        label: 'Configure training',
        group: 'Training',
        keywords: ['hardware', 'batch', 'features', 'settings', 'estimate'],
        run: () => trainingStore.setState({ section: 'market' }),
      },
      ...(checked.ok
        ? [
            {
              id: 'training.start',
              label: 'Start training',
              group: 'Training',
              run: () => void starter.start(checked.input),
            },
          ]
        : []),
    ],
    [checked, starter.start],
  );
  useCommands(commands);
}

function Form({ dataset }: { readonly dataset: DatasetDto }) {
  const draft = useTraining((s) => s.draft);
  const families = useFamilies().data;
  const family = useFamily();
  const starter = useStart();
  useEffect(() => {
    if (families) meetFamilies(families);
  }, [families]);
  const { symbol, timeframe } = dataset;
  const checked = useMemo(
    () => checkDraft(draft, symbol, timeframe, family, families),
    [draft, symbol, timeframe, family, families],
  );
  useEstimateFeed(checked.ok ? checked.input : undefined);
  useFormCommands(checked, starter);
  const errors = checked.ok ? NO_ERRORS : checked.errors;
  const refusal = useRefusal();
  const gone = useConnection() !== 'open';
  const solved = isComputedAtOnce(family);
  const elsewhere = Object.keys(errors).filter((name) => !(QUICK as readonly string[]).includes(name)).length;
  const onSubmit = (e: FormEvent) => {
    e.preventDefault();
    if (checked.ok) void starter.start(checked.input);
  };
  return (
    <>
      <form noValidate onSubmit={onSubmit} className="ft-train-quick">
        <MarketLine dataset={dataset} />
        <FamilySelect described />
        <div className="ft-form-grid">
          {(solved ? QUICK_SOLVED : QUICK).map((name) => (
            <Field key={name} name={name} errors={errors} place="quick" />
          ))}
        </div>
        {solved && (
          <p className="ft-form-note">
            This family is computed at once: it has no epochs and no learning rate.
          </p>
        )}
        <Differing />
        <Button
          fullWidth
          leftSection={<IconAdjustmentsHorizontal size={15} aria-hidden />}
          data-testid="train-configure"
          onClick={() => trainingStore.setState({ section: 'market' })}
        >
          All settings{elsewhere > 0 ? ` (${elsewhere} to correct)` : ''}
        </Button>
        <Button
          type="submit"
          variant="filled"
          fullWidth
          data-testid="train-start"
          loading={starter.busy}
          disabled={!checked.ok || refusal !== undefined || gone}
          title={refusal}
          leftSection={<IconPlayerPlay size={15} aria-hidden />}
        >
          Start training
        </Button>
        {starter.error ? <ErrorLine error={starter.error} /> : null}
        <EstimateBrief />
      </form>
      <ConfigDialog checked={checked} family={family} dataset={dataset} starter={starter} />
    </>
  );
}

/** What to train, and the button that starts it. */
export function TrainForm() {
  const dataset = useDataset();
  return (
    <Panel
      title="New training run"
      actions={
        dataset && (
          <ActionIcon
            size={24}
            aria-label="Back to the defaults of the family"
            title="Back to the defaults of the family"
            onClick={resetDraft}
          >
            <IconRestore size={15} aria-hidden />
          </ActionIcon>
        )
      }
    >
      {dataset ? (
        <Form dataset={dataset} />
      ) : (
        <EmptyState
          icon={<IconDatabaseImport size={28} stroke={1.3} aria-hidden />}
          title="No history to train on"
          text="A model learns from stored bars. Import some first, or load the demo market."
          action={
            <>
              <Button variant="filled" onClick={openImport}>
                Import history
              </Button>
              <Button onClick={() => void loadDemoMarket()}>Load the demo market</Button>
            </>
          }
        />
      )}
    </Panel>
  );
}
