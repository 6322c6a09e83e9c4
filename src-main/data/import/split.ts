/** What may stand between the cells of a row. */
export const SEPARATORS = ['\t', ';', '|', ',', ' '] as const;
export type Separator = (typeof SEPARATORS)[number];

/** The cells of a line; quotes around a cell are taken off. */
export function splitRow(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (const c of line) {
    if (c === '"') quoted = !quoted;
    else if (c === separator && !quoted) {
      cells.push(cell);
      cell = '';
    } else cell += c;
  }
  cells.push(cell);
  return cells;
}

/**
 * The separator of a table: the first of tab, semicolon, bar and comma that its first line has, so that decimal
 * commas and spaces inside times stay whole. Spaces separate only where nothing else does.
 */
export function separatorOf(lines: readonly string[]): Separator {
  const head = lines[0] ?? '';
  return SEPARATORS.find((s) => head.includes(s)) ?? ',';
}
