import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import styles from './DataGrid.module.css';

export interface GridColumn<T> {
  readonly key: string;
  readonly label: string;
  /** Explains the figure; shown on hover of the heading. */
  readonly help?: string;
  /** Width in pixels at which the column still reads; spare room is shared in proportion. */
  readonly width: number;
  readonly align?: 'start' | 'end';
  readonly render: (row: T) => ReactNode;
  /** Full text behind a cell that may be cut. */
  readonly title?: (row: T) => string;
  /** What the column sorts by; without it the column does not sort. Unknown sorts last. */
  readonly sortBy?: (row: T) => number | string | undefined;
}

export interface GridSort {
  readonly key: string;
  readonly descending: boolean;
}

export interface DataGridProps<T> {
  readonly rows: readonly T[];
  readonly columns: readonly GridColumn<T>[];
  readonly rowKey: (row: T) => string;
  /** Accessible name of the table. */
  readonly label: string;
  readonly initialSort?: GridSort;
  readonly selectedKey?: string | undefined;
  readonly onSelect?: (row: T) => void;
  readonly emptyText: string;
  readonly testId?: string;
  readonly rowTestId?: string;
}

const ROW_HEIGHT = 26;

/** Rows in the order of a column; unknown values last whichever way, equal ones in their given order. */
export function sortRows<T>(
  rows: readonly T[],
  column: GridColumn<T> | undefined,
  descending: boolean,
): readonly T[] {
  const by = column?.sortBy;
  if (!by) return rows;
  const direction = descending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const va = by(a);
    const vb = by(b);
    if (va === undefined || vb === undefined) return va === vb ? 0 : va === undefined ? 1 : -1;
    if (va === vb) return 0;
    return (va < vb ? -1 : 1) * direction;
  });
}

function moveTo(key: string, index: number, count: number): number | undefined {
  const page = 12;
  const moves: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: count - 1,
  };
  const target = moves[key];
  return target === undefined ? undefined : Math.min(count - 1, Math.max(0, target));
}

/**
 * A table of any length: only the rows in view exist. Headings sort, arrows, page keys, Home and End move the
 * selection.
 */
export function DataGrid<T>(props: DataGridProps<T>) {
  const { rows, columns, rowKey, selectedKey, onSelect } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const [sort, setSort] = useState<GridSort | undefined>(props.initialSort);
  const [ownKey, setOwnKey] = useState<string>();
  const activeKey = onSelect ? selectedKey : ownKey;
  const sorted = useMemo(
    () =>
      sortRows(
        rows,
        columns.find((c) => c.key === sort?.key),
        sort?.descending ?? false,
      ),
    [rows, columns, sort],
  );
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  // A row that was chosen elsewhere, in the plot for instance, comes into view.
  const activeIndex = sorted.findIndex((row) => rowKey(row) === activeKey);
  useEffect(() => {
    if (activeIndex >= 0) virtual.scrollToIndex(activeIndex, { align: 'auto' });
  }, [activeIndex, virtual]);
  const choose = (row: T) => (onSelect ? onSelect(row) : setOwnKey(rowKey(row)));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || sorted.length === 0) return;
    const target = moveTo(event.key, activeIndex, sorted.length);
    if (target === undefined) return;
    event.preventDefault();
    choose(sorted[target]!);
    virtual.scrollToIndex(target);
  };
  const toggleSort = (column: GridColumn<T>) =>
    setSort((was) =>
      was?.key === column.key
        ? { key: column.key, descending: !was.descending }
        : { key: column.key, descending: column.align === 'end' },
    );
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div ref={scroller} className={styles.scroll} data-testid={props.testId}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its rows are chosen with pointer and arrow keys
        role="grid"
        className={styles.table}
        style={{ minWidth: columns.reduce((sum, c) => sum + c.width, 0) }}
        aria-label={props.label}
        aria-rowcount={sorted.length + 1}
        aria-activedescendant={activeIndex >= 0 ? `${id}-${activeIndex}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} style={{ width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeadCell key={column.key} column={column} sort={sort} onSort={() => toggleSort(column)} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {items.map((item) => {
            const row = sorted[item.index]!;
            const key = rowKey(row);
            return (
              <tr
                key={key}
                id={`${id}-${item.index}`}
                className={onSelect ? `${styles.row} ${styles.clickable}` : styles.row}
                aria-rowindex={item.index + 2}
                aria-selected={key === activeKey}
                onClick={() => choose(row)}
                data-testid={props.rowTestId}
                data-key={key}
              >
                {columns.map((column) => (
                  <td
                    key={column.key}
                    className={column.align === 'end' ? `${styles.cell} ${styles.end}` : styles.cell}
                    title={column.title?.(row)}
                  >
                    {column.render(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
      {sorted.length === 0 && <div className={styles.empty}>{props.emptyText}</div>}
    </div>
  );
}

interface HeadCellProps<T> {
  readonly column: GridColumn<T>;
  readonly sort: GridSort | undefined;
  readonly onSort: () => void;
}

function HeadCell<T>({ column, sort, onSort }: HeadCellProps<T>) {
  const sorted = sort?.key === column.key;
  const direction = sort?.descending ? 'descending' : 'ascending';
  const className = column.align === 'end' ? `${styles.head} ${styles.end}` : styles.head;
  if (!column.sortBy) {
    return (
      <th className={className} scope="col" title={column.help}>
        {column.label}
      </th>
    );
  }
  return (
    <th className={className} scope="col" title={column.help} aria-sort={sorted ? direction : 'none'}>
      <button
        type="button"
        className={sorted ? `${styles.sort} ${styles.sorted}` : styles.sort}
        onClick={onSort}
        aria-label={`Sort by ${column.label}`}
      >
        {column.label}
        <span className={styles.arrow} aria-hidden>
          {sorted ? (sort.descending ? '▼' : '▲') : ''}
        </span>
      </button>
    </th>
  );
}
