import { Button, SegmentedControl, Stack } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { useDatasets } from '../../state/markets.ts';
import { SyntheticBadge } from '../../ui/Badge.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { DownloadPanel } from './DownloadPanel.tsx';
import { DropZone } from './DropZone.tsx';
import { dataView, type Intake, useDataView } from './dataStore.ts';
import { ImportFiles } from './ImportFiles.tsx';
import { isImporting, useImportQueue } from './importQueue.ts';
import { DEMO_SYMBOL, loadDemoMarket } from './importTask.ts';

function Demo() {
  const runs = useImportQueue((q) => q.items.some((i) => !i.file && isImporting(i.phase)));
  const { data } = useDatasets();
  // Once it is stored it needs no invitation any more.
  if (data?.some((d) => d.symbol === DEMO_SYMBOL)) return null;
  return (
    <div className="ft-demo">
      <div>
        <div className="ft-demo-head">
          <IconFlask size={16} stroke={1.7} aria-hidden /> Demo market <SyntheticBadge />
        </div>
        <p className="ft-dim ft-small">
          Generated bars with FX-like sessions and a weak pattern that can be learned: enough to try every
          step without a file of your own.
        </p>
      </div>
      <Button disabled={runs} onClick={() => void loadDemoMarket()}>
        Load the demo market
      </Button>
    </div>
  );
}

/** Brings history in: files, a provider, or the market that comes with Frontier. */
export function ImportPanel() {
  const intake = useDataView((v) => v.intake);
  return (
    <Panel
      title="Bring history in"
      actions={
        <SegmentedControl
          aria-label="Where history comes from"
          value={intake}
          data={[
            { value: 'import', label: 'Files' },
            { value: 'download', label: 'Download' },
          ]}
          onChange={(v) => dataView.setState({ intake: v as Intake })}
        />
      }
    >
      {intake === 'download' ? (
        <DownloadPanel />
      ) : (
        <Stack gap="sm">
          <DropZone />
          <ImportFiles />
          <Demo />
        </Stack>
      )}
    </Panel>
  );
}
