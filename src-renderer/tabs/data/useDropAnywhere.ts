import { useEffect } from 'react';
import { droppedFiles } from './dropped.ts';
import { addFiles } from './importWork.ts';
import { reportFailure } from './undo.ts';

/**
 * Takes files dropped anywhere on the tab. Without it, a file dropped beside the drop zone would replace the window
 * with its content.
 */
export function useDropAnywhere(): void {
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onOver = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      // The drop zone has taken it already.
      if (event.defaultPrevented || !event.dataTransfer || !hasFiles(event)) return;
      event.preventDefault();
      droppedFiles(event.dataTransfer).then(addFiles, reportFailure);
    };
    window.addEventListener('dragover', onOver);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('drop', onDrop);
    };
  }, []);
}
