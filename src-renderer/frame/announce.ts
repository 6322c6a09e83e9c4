import { notifications } from '@mantine/notifications';
import type { JobDto, JobStateDto } from '../../src-shared/contract/common.ts';
import { type TabName, workspace } from '../state/workspace.ts';
import { rpc } from '../ui/rpc.ts';

interface Ended {
  readonly jobId: string;
  readonly state: JobStateDto;
  readonly error?: { readonly message: string; readonly hint?: string | undefined } | undefined;
}

/** Long work whose end deserves a word, the tab that shows it, and where its outcome is found. */
const LONG_WORK: Readonly<Record<string, { tab: TabName; label: string; list: () => Promise<Ended[]> }>> = {
  train: { tab: 'training', label: 'Training', list: () => rpc.training.list() },
  study: { tab: 'optimise', label: 'Optimise', list: () => rpc.optimize.list() },
};

/**
 * Says that a job has ended, unless the tab that shows it is in front or it was stopped on purpose. A list that cannot
 * be had now leaves it unsaid: the tab itself tells all.
 */
export async function announce(job: JobDto): Promise<void> {
  const work = LONG_WORK[job.kind];
  if (!work || workspace.getState().tab === work.tab) return;
  const outcome = await work.list().then(
    (all) => all.find((one) => one.jobId === job.id),
    () => undefined,
  );
  if (outcome?.state === 'done') {
    notifications.show({
      color: 'accent',
      title: `${job.title}: done`,
      message: `The ${work.label} tab has the result.`,
    });
  } else if (outcome?.state === 'failed') {
    const { message = 'It failed.', hint = '' } = outcome.error ?? {};
    notifications.show({
      color: 'red',
      autoClose: false,
      title: `${job.title}: failed`,
      message: `${message} ${hint}`.trim(),
    });
  }
}
