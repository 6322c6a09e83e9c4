import { NativeSelect } from '@mantine/core';
import { COLUMN_ROLES, type ColumnRole, type Inspection } from '../../../src-shared/contract/import.ts';
import { type ImportItem, isImporting } from './importQueue.ts';
import { choose } from './importWork.ts';

const ROLE_NAMES: Readonly<Record<ColumnRole, string>> = {
  time: 'Time',
  date: 'Date',
  clock: 'Time of day',
  open: 'Open',
  high: 'High',
  low: 'Low',
  close: 'Close',
  volume: 'Volume',
  bid: 'Bid',
  ask: 'Ask',
  ignore: 'Not used',
};
const ROLES = COLUMN_ROLES.map((value) => ({ value, label: ROLE_NAMES[value] }));

/** The first rows of the file under the role of each column, which can be changed where the detection is wrong. */
export function ReviewColumns({ item, seen }: { readonly item: ImportItem; readonly seen: Inspection }) {
  if (seen.columns.length === 0) return null;
  const roles = item.choices.columns ?? seen.columns.map((c) => c.role);
  const setRole = (index: number, role: ColumnRole) =>
    choose(item.id, { columns: roles.map((was, i) => (i === index ? role : was)) });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className="ft-sample" aria-label="First rows of the file" tabIndex={0}>
      <table className="ft-table" data-testid="import-sample">
        <thead>
          <tr>
            {seen.columns.map((column, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns are known by their place
              <th key={i} scope="col" data-role={roles[i]}>
                <span className="ft-sample-name ft-ellipsis" title={column.name}>
                  {column.name || `Column ${i + 1}`}
                </span>
                <NativeSelect
                  size="xs"
                  aria-label={`Role of column ${i + 1}, ${column.name}`}
                  data={ROLES}
                  value={roles[i] ?? 'ignore'}
                  disabled={isImporting(item.phase)}
                  onChange={(e) => setRole(i, e.currentTarget.value as ColumnRole)}
                />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {seen.sample.map((row, r) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are known by their place
            <tr key={r}>
              {seen.columns.map((_, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells are known by their place
                <td key={i} className={roles[i] === 'ignore' ? 'ft-dim ft-mono' : 'ft-mono'}>
                  {row[i] ?? ''}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
