import { Split } from '../../ui/Split.tsx';
import { DatasetTable } from './DatasetTable.tsx';
import { ImportPanel } from './ImportPanel.tsx';
import { QualityPanel } from './QualityPanel.tsx';
import './data.css';

/** Histories: bring them in, see what they are worth, remove them. */
export function DataTab() {
  const left = (
    <Split
      id="data-left"
      direction="vertical"
      parts={[
        { id: 'list', content: <DatasetTable />, size: 42, min: 130 },
        { id: 'quality', content: <QualityPanel />, size: 58, min: 160 },
      ]}
    />
  );
  return (
    <Split
      id="data"
      direction="horizontal"
      parts={[
        { id: 'stored', content: left, size: 70, min: 420 },
        { id: 'import', content: <ImportPanel />, size: 30, min: 300 },
      ]}
    />
  );
}
