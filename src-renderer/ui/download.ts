/** Hands the user a file that was made in the window, without asking the engine. */
export function downloadText(fileName: string, text: string, type = 'text/csv;charset=utf-8'): void {
  save(fileName, new Blob([text], { type }));
}

/** Hands the user what the window holds, as a file. */
export function save(fileName: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The browser reads the blob after the click returns; freeing it at once would save an empty file.
  setTimeout(() => URL.revokeObjectURL(url), 30_000);
}

/** Hands the user a file that the engine made. */
export function downloadFile(file: { name: string; mime: string; base64: string }): void {
  const bytes = Uint8Array.from(atob(file.base64), (c) => c.charCodeAt(0));
  save(file.name, new Blob([bytes], { type: file.mime }));
}
