/** Most files that one drop takes in: a folder too many dropped by mistake must not fill the window. */
export const MOST_FILES = 500;

/** Endings of files that may be history; others in a dropped folder are passed over. */
const HISTORY = /\.(csv|txt|tsv|prn|hst\.csv|gz|zip|parquet)$/i;

function filesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  return new Promise((resolve, reject) => {
    // A reader gives a hundred entries at a time, and none once it is through.
    const more = () =>
      reader.readEntries((some) => {
        if (some.length === 0) return resolve(all);
        all.push(...some);
        more();
      }, reject);
    more();
  });
}

async function walk(entry: FileSystemEntry, into: File[], nested: boolean): Promise<void> {
  if (into.length >= MOST_FILES) return;
  if (entry.isDirectory) {
    const inside = await filesIn(entry as FileSystemDirectoryEntry);
    inside.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    for (const one of inside) await walk(one, into, true);
    return;
  }
  // What was dropped by itself is looked at whatever its name: content decides.
  if (nested && !HISTORY.test(entry.name)) return;
  into.push(
    await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
  );
}

/** The files of a drop, those in folders included, by name in each folder; at most `MOST_FILES`. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // Entries must be taken before the event is over; reading them may wait.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files];
  const files: File[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry) await walk(entry, files, false);
    else if (plain[i]) files.push(plain[i]);
  }
  return files;
}
