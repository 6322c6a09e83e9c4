import { Button, Group, Modal, Select, Stack } from '@mantine/core';
import { useState } from 'react';
import type { DatasetDto } from '../../../src-shared/contract/data.ts';
import { TIMEFRAMES, type Timeframe, timeframeMs } from '../../../src-shared/market/timeframes.ts';
import { useDatasets } from '../../state/markets.ts';
import { formatNumber } from '../../ui/format.ts';
import { invalidate, rpc } from '../../ui/rpc.ts';
import { ErrorLine } from '../../ui/states.tsx';
import { chooseHistory, refOf } from './dataStore.ts';
import { offerUndo } from './undo.ts';

/** Timeframes that a history can be made into. */
export function longerFrames(timeframe: Timeframe): Timeframe[] {
  return TIMEFRAMES.filter((t) => timeframeMs(t) > timeframeMs(timeframe));
}

/** Stores a history in a longer timeframe. */
export function ResampleDialog({
  dataset,
  onClose,
}: {
  readonly dataset: DatasetDto;
  readonly onClose: () => void;
}) {
  const frames = longerFrames(dataset.timeframe);
  const { data } = useDatasets();
  const [target, setTarget] = useState<Timeframe>(
    frames.find((t) => t === 'H1') ?? frames[0] ?? dataset.timeframe,
  );
  const [error, setError] = useState<unknown>();
  const [working, setWorking] = useState(false);
  const replaced = data?.find(
    (d) => d.symbol === dataset.symbol && d.timeframe === target && d.priceSide === dataset.priceSide,
  );
  const start = async () => {
    setWorking(true);
    setError(undefined);
    try {
      const { dataset: made, changeId } = await rpc.data.resample({ ...refOf(dataset), target });
      invalidate('data.');
      chooseHistory(made);
      offerUndo(changeId, `Stored ${made.symbol} ${made.timeframe}: ${formatNumber(made.bars)} bars.`);
      onClose();
    } catch (failure) {
      setError(failure);
      setWorking(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={`Resample ${dataset.symbol} ${dataset.timeframe}`} size="sm">
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void start();
        }}
      >
        <Stack gap="sm">
          <Select
            label="To timeframe"
            data={frames}
            value={target}
            onChange={(v) => v && setTarget(v as Timeframe)}
          />
          <p className="ft-dim ft-small ft-flat">
            Bars start with the market’s own day and week: for FX the day starts at 17:00 New York. The{' '}
            {dataset.timeframe} history stays as it is.
          </p>
          {replaced && (
            <p className="ft-warn ft-small ft-flat">
              {replaced.symbol} {replaced.timeframe} is stored already ({formatNumber(replaced.bars)} bars,{' '}
              {replaced.source}). It is replaced; that can be undone.
            </p>
          )}
          {error !== undefined && <ErrorLine error={error} />}
          <Group justify="flex-end">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="filled" disabled={working} data-testid="resample-start">
              {working ? 'Resampling…' : replaced ? `Replace ${target}` : `Store ${target}`}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
