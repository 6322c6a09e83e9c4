import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import type { StudyDto, TrialDto } from '../../../src-shared/contract/optimize.ts';
import { SessionBadge, SyntheticBadge } from '../../ui/Badge.tsx';
import { describeRules } from '../../ui/entryRules.ts';
import { formatField, GENE_FIELDS } from '../../ui/genes.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { openLiveWith } from '../live/view.ts';
import styles from './Optimise.module.css';

interface DeployDialogProps {
  readonly study: StudyDto;
  readonly trial: TrialDto;
  readonly parameterHash: string;
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** Asks once, naming everything that will be fixed; then deploys and opens the Live tab on the deployment. */
export function DeployDialog({ study, trial, parameterHash, opened, onClose }: DeployDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = () => {
    setError(undefined);
    onClose();
  };
  const deploy = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const deployment = await rpc.live.deploy({ studyId: study.id, trialId: trial.id, broker: 'paper' });
      invalidate('live.');
      close();
      openLiveWith(deployment.id);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={`Deploy ${study.symbol} to the paper broker?`} size="md">
      <dl className={styles.deployFacts}>
        <dt>Market</dt>
        <dd>
          {study.symbol} {study.timeframe} {study.synthetic && <SyntheticBadge />}
        </dd>
        <dt>Broker</dt>
        <dd>
          <SessionBadge badge="PAPER" /> orders are simulated, no money moves
        </dd>
        <dt>Genes</dt>
        <dd>
          {GENE_FIELDS.map((field) => (
            <div key={field.key}>
              {field.label} {formatField(field, trial.genes[field.key])}
            </div>
          ))}
        </dd>
        <dt>Left out</dt>
        <dd>{describeRules(study.input) ?? 'entries after repaired bars'}</dd>
        <dt>Parameter hash</dt>
        <dd className="ft-mono">{parameterHash}</dd>
      </dl>
      <Text size="sm">
        Frontier fixes the model with these genes and costs as a deployment of trial {trial.number}. No order
        is placed until you start a session in the Live tab, which opens next.
        {!trial.onFront &&
          ' This point is not on the Pareto front: others are at least as good in every respect.'}
      </Text>
      {error !== undefined && <ErrorLine error={error} />}
      <Group justify="flex-end" mt="lg">
        {/* The safe choice takes the focus. */}
        <Button data-autofocus onClick={close}>
          Cancel
        </Button>
        <Button variant="filled" loading={busy} onClick={() => void deploy()} data-testid="deploy-confirm">
          Deploy to PAPER
        </Button>
      </Group>
    </Modal>
  );
}
