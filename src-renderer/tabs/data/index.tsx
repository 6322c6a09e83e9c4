import { Split } from '../../ui/Split.tsx';
import { Catalogue } from './Catalogue.tsx';
import { useDataView } from './dataStore.ts';
import { useFetchFeed } from './fetchFeed.ts';
import { ImportPanel } from './ImportPanel.tsx';
import { useImportQueue } from './importQueue.ts';
import { QualityPanel } from './QualityPanel.tsx';
import { ReviewSheet } from './ReviewSheet.tsx';
import { useDropAnywhere } from './useDropAnywhere.ts';
import './data.css';
import './review.css';
import './quality.css';

function Stored() {
  return (
    <Split
      id="data-left"
      direction="vertical"
      parts={[
        { id: 'list', content: <Catalogue />, size: 42, min: 130 },
        { id: 'quality', content: <QualityPanel />, size: 58, min: 160 },
      ]}
    />
  );
}

/** Histories: bring them in, see what they are worth, repair, update, export and remove them. */
export function DataTab() {
  useFetchFeed();
  useDropAnywhere();
  const main = useDataView((v) => v.main);
  const reviewed = useImportQueue((q) => q.items.some((i) => i.id === q.shown && i.file !== undefined));
  const review = main === 'review' && reviewed;
  return (
    <Split
      id="data"
      direction="horizontal"
      parts={[
        { id: 'stored', content: review ? <ReviewSheet /> : <Stored />, size: 72, min: 420 },
        { id: 'import', content: <ImportPanel />, size: 28, min: 300 },
      ]}
    />
  );
}
