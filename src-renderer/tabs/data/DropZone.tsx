import { Button, Group } from '@mantine/core';
import { IconFileImport, IconFolder } from '@tabler/icons-react';
import { type DragEvent, useRef, useState } from 'react';
import { droppedFiles, MOST_FILES } from './dropped.ts';
import { useImportQueue } from './importQueue.ts';
import { addFiles } from './importWork.ts';
import { reportFailure } from './undo.ts';

const ACCEPT = '.csv,.txt,.tsv,.gz,.zip,.prn,.parquet';

/** The hidden inputs behind the buttons. The same file chosen again after it was corrected counts as a choice. */
function Chooser({
  input,
  folder,
}: {
  readonly input: React.RefObject<HTMLInputElement | null>;
  readonly folder?: boolean;
}) {
  return (
    <input
      ref={input}
      type="file"
      multiple
      hidden
      aria-label={folder ? 'Folder of history files' : 'History files'}
      {...(folder ? { webkitdirectory: '' } : { 'data-testid': 'import-file', accept: ACCEPT })}
      onChange={(e) => {
        const chosen = [...(e.currentTarget.files ?? [])];
        const files = folder
          ? chosen.filter((f) => /\.(csv|txt|tsv|gz|zip|prn|parquet)$/i.test(f.name))
          : chosen;
        e.currentTarget.value = '';
        addFiles(files.slice(0, MOST_FILES));
      }}
    />
  );
}

/** Takes files and folders, dropped or chosen. */
export function DropZone() {
  const some = useImportQueue((q) => q.items.some((i) => i.file !== undefined));
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    droppedFiles(event.dataTransfer).then(addFiles, reportFailure);
  };
  return (
    // The buttons inside are the way by keyboard; dropping is an extra for the mouse.
    // biome-ignore lint/a11y/noStaticElementInteractions: a drop target has no role of its own
    <div
      className="ft-drop"
      data-over={over}
      data-small={some}
      data-testid="import-drop"
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <Chooser input={files} />
      <Chooser input={folder} folder />
      <span className="ft-dim">
        {some ? 'Drop more files here' : 'Drop files or folders of history here'}
      </span>
      <Group gap={6} justify="center">
        <Button
          id="import-choose"
          leftSection={<IconFileImport size={15} aria-hidden />}
          onClick={() => files.current?.click()}
        >
          {some ? 'Choose another file' : 'Choose a file'}
        </Button>
        <Button leftSection={<IconFolder size={15} aria-hidden />} onClick={() => folder.current?.click()}>
          Folder
        </Button>
      </Group>
      {!some && (
        <span className="ft-dim ft-small">
          Bars or ticks as CSV, text or Parquet, also in .gz and .zip. The format is detected and shown before
          anything is stored.
        </span>
      )}
    </div>
  );
}
