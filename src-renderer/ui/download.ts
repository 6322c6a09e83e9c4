/** Hands the user a file that was made in the window, without asking the engine. */
export function downloadText(fileName: string, text: string, type = 'text/csv;charset=utf-8'): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser reads the blob after the click returns; freeing it at once would save an empty file.
  setTimeout(() => URL.revokeObjectURL(url), 30_000);
}
