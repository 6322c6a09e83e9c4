import { Button, NumberInput, Slider, Text } from '@mantine/core';
import { IconPlayerPlayFilled } from '@tabler/icons-react';
import type { DeploymentDto } from '../../../src-shared/contract/live.ts';
import { workspace } from '../../state/workspace.ts';
import { SessionBadge, SyntheticBadge } from '../../ui/Badge.tsx';
import { FieldList } from '../../ui/FieldInputs.tsx';
import { GENE_FIELDS } from '../../ui/genes.ts';
import { ParameterHash } from '../../ui/ParameterHash.tsx';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import styles from './Live.module.css';
import { SPEEDS, speedIndex, speedLabel } from './session.ts';
import { liveView, useLiveView } from './view.ts';

const MAX_BARS = 1_000_000;

/** What is wrong with the number of bars, in words; empty takes the replay span. */
export function barsProblem(bars: number | string): string | undefined {
  if (bars === '') return undefined;
  const value = Number(bars);
  if (!Number.isInteger(value) || value < 1 || value > MAX_BARS) return 'A whole number from 1 to 1,000,000.';
  return undefined;
}

async function startSession(deploymentId: string): Promise<void> {
  const { bars, speed, starting } = liveView.getState();
  if (starting || barsProblem(bars) !== undefined) return;
  liveView.setState({ starting: true, error: undefined });
  try {
    const input = { deploymentId, speed, ...(bars === '' ? {} : { bars: Number(bars) }) };
    const { sessionId } = await rpc.live.start(input);
    workspace.getState().setSessionId(sessionId);
    invalidate('live.');
  } catch (error) {
    liveView.setState({ error });
  } finally {
    liveView.setState({ starting: false });
  }
}

/** Chooses a replay speed, from one bar a second up to as fast as possible. */
export function SpeedSlider({
  speed,
  onChange,
  labelled = false,
}: {
  readonly speed: number;
  readonly onChange: (s: number) => void;
  /** The speed stands beside the slider already. */
  readonly labelled?: boolean;
}) {
  return (
    <Slider
      size="sm"
      min={0}
      max={SPEEDS.length - 1}
      step={1}
      value={speedIndex(speed)}
      onChange={(index) => onChange(SPEEDS[index] ?? 0)}
      label={labelled ? null : (index) => speedLabel(SPEEDS[index] ?? 0)}
      thumbLabel="Replay speed"
      thumbValueText={(index) => speedLabel(SPEEDS[index] ?? 0)}
    />
  );
}

/** The chosen deployment, and how its history is replayed through a session. */
export function StartForm({ deployment }: { readonly deployment: DeploymentDto }) {
  const bars = useLiveView((v) => v.bars);
  const speed = useLiveView((v) => v.speed);
  const starting = useLiveView((v) => v.starting);
  const error = useLiveView((v) => v.error);
  const problem = barsProblem(bars);
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void startSession(deployment.id);
      }}
    >
      <div className={styles.headLine}>
        <strong>
          {deployment.symbol} {deployment.timeframe}
        </strong>
        <SessionBadge badge="PAPER" />
        {deployment.synthetic && <SyntheticBadge />}
        <ParameterHash hash={deployment.parameterHash} />
      </div>
      <FieldList fields={GENE_FIELDS} values={deployment.genes} />
      <NumberInput
        label="Bars to replay"
        description="The last bars of the stored history; empty takes the replay span."
        placeholder="Replay span"
        value={bars}
        onChange={(value) => liveView.setState({ bars: typeof value === 'bigint' ? Number(value) : value })}
        min={1}
        step={100}
        allowDecimal={false}
        allowNegative={false}
        clampBehavior="none"
        thousandSeparator=","
        error={problem}
      />
      <div>
        <Text size="xs" fw={500}>
          Speed: {speedLabel(speed).toLowerCase()}
        </Text>
        <SpeedSlider labelled speed={speed} onChange={(next) => liveView.setState({ speed: next })} />
      </div>
      {error !== undefined && <ErrorLine error={error} />}
      <div className={styles.run}>
        <Button
          type="submit"
          variant="filled"
          leftSection={<IconPlayerPlayFilled size={13} aria-hidden />}
          loading={starting}
          disabled={problem !== undefined}
          data-testid="live-start"
          fullWidth
        >
          Start replay session
        </Button>
      </div>
    </form>
  );
}
