import { ActionIcon, Popover } from '@mantine/core';
import {
  IconArrowBackUp,
  IconLine,
  IconList,
  IconLock,
  IconMagnet,
  IconMinus,
  IconRectangle,
  IconTrash,
} from '@tabler/icons-react';
import { type ComponentType, useMemo, useState } from 'react';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import { type Command, useCommands } from '../../../state/commands.ts';
import { formatPrice, formatTime } from '../../../ui/format.ts';
import type { ChartCellInfo } from '../ChartExtras.tsx';
import { TOOL_KEYS, useDrawingKeys } from './drawingKeys.ts';
import { drawings, useDrawings } from './drawings.ts';
import { FibonacciIcon } from './FibonacciIcon.tsx';
import { type DrawingKind, kindName } from './geometry.ts';
import './drawings.css';

const ICON = { size: 16, stroke: 1.7, 'aria-hidden': true } as const;
const NONE: readonly Drawing[] = [];
const TOOLS: ReadonlyArray<readonly [DrawingKind, ComponentType<typeof ICON>]> = [
  ['trend', IconLine],
  ['horizontal', IconMinus],
  ['rectangle', IconRectangle],
  ['fibonacci', FibonacciIcon],
];

/** A drawing in words. */
export function drawingName(drawing: Drawing, digits: number): string {
  const [a, b] = drawing.points;
  const at = b
    ? `${formatPrice(a?.price, digits)} to ${formatPrice(b.price, digits)}`
    : formatPrice(a?.price, digits);
  return [drawing.text, kindName(drawing.kind), at].filter(Boolean).join(', ');
}

function ListRow({ drawing, cell }: { readonly drawing: Drawing; readonly cell: ChartCellInfo }) {
  const chosen = useDrawings((s) => s.chosen === drawing.id);
  const name = drawingName(drawing, cell.digits);
  const [first] = drawing.points;
  return (
    <li className="ft-draw-item" data-chosen={chosen}>
      <button
        type="button"
        className="ft-draw-pick"
        aria-pressed={chosen}
        title={`From ${formatTime(first?.timeMs)}`}
        onClick={() => {
          drawings.choose(drawing.id);
          const visible = cell.view.visible();
          if (!first || !visible) return;
          const seen = first.timeMs >= visible.fromMs && first.timeMs <= visible.toMs;
          if (!seen && drawing.kind !== 'horizontal') {
            cell.view.look({ kind: 'centre', ms: first.timeMs, bars: visible.to - visible.from });
          }
        }}
      >
        <span className="ft-draw-dot" style={{ background: drawing.color }} />
        <span className="ft-grow ft-ellipsis">{name}</span>
        {drawing.locked && <IconLock size={13} stroke={1.7} aria-label="locked" />}
      </button>
      <ActionIcon size={22} aria-label={`Delete ${name}`} onClick={() => void drawings.remove(drawing.id)}>
        <IconTrash size={14} stroke={1.7} aria-hidden />
      </ActionIcon>
    </li>
  );
}

function DrawingList({ cell }: { readonly cell: ChartCellInfo }) {
  const [opened, setOpened] = useState(false);
  const list = useDrawings((s) => s.bySymbol[cell.symbol] ?? NONE);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-end"
      trapFocus
      returnFocus
      withinPortal
      shadow="md"
    >
      <Popover.Target>
        <ActionIcon
          aria-label={`Drawings of ${cell.symbol}: ${list.length}`}
          title={`Drawings of ${cell.symbol}`}
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          <IconList {...ICON} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className="ft-draw-list" aria-label={`Drawings of ${cell.symbol}`}>
        <div className="ft-draw-list-head">
          <span className="ft-dim">Drawings of {cell.symbol}</span>
          <ActionIcon
            size={22}
            aria-label="Undo the last change of a drawing"
            title="Undo (Ctrl+Z)"
            onClick={() => void drawings.undo(cell.symbol)}
          >
            <IconArrowBackUp size={15} stroke={1.7} aria-hidden />
          </ActionIcon>
        </div>
        {list.length === 0 ? (
          <p className="ft-dim ft-small">
            Nothing is drawn yet. Take a tool, click its first point on the chart, then its second.
          </p>
        ) : (
          <ul>
            {list.map((d) => (
              <ListRow key={d.id} drawing={d} cell={cell} />
            ))}
          </ul>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function useToolCommands(symbol: string): void {
  useCommands(
    useMemo(
      (): Command[] => [
        ...TOOLS.map(([kind]) => ({
          id: `chart.draw.${kind}`,
          label: `Draw: ${kindName(kind)}`,
          group: 'Chart',
          shortcut: `Alt ${TOOL_KEYS[kind]}`,
          run: () => drawings.use(kind),
        })),
        {
          id: 'chart.draw.undo',
          label: 'Undo the last change of a drawing',
          group: 'Chart',
          shortcut: 'Ctrl Z',
          run: () => void drawings.undo(symbol),
        },
      ],
      [symbol],
    ),
  );
}

/** The drawing tools in the toolbar of the chart that has the keyboard. */
export function DrawingTools({ cell }: { readonly cell: ChartCellInfo }) {
  const tool = useDrawings((s) => s.tool);
  const magnet = useDrawings((s) => s.magnet);
  useDrawingKeys(cell);
  useToolCommands(cell.symbol);
  return (
    <span className="ft-draw-tools" role="toolbar" aria-label="Drawing tools">
      {TOOLS.map(([kind, Icon]) => (
        <ActionIcon
          key={kind}
          aria-label={kindName(kind)}
          aria-pressed={tool === kind}
          data-on={tool === kind}
          title={`${kindName(kind)} (Alt+${TOOL_KEYS[kind]})`}
          onClick={() => drawings.use(tool === kind ? undefined : kind)}
        >
          <Icon {...ICON} />
        </ActionIcon>
      ))}
      <ActionIcon
        aria-label="Magnet"
        aria-pressed={magnet}
        data-on={magnet}
        title="Magnet: points snap to open, high, low and close"
        onClick={() => drawings.store.setState({ magnet: !magnet })}
      >
        <IconMagnet {...ICON} />
      </ActionIcon>
      <DrawingList cell={cell} />
    </span>
  );
}
