import { useEffect } from 'react';
import type { Drawing } from '../../../../src-shared/contract/chart.ts';
import type { ChartCellInfo } from '../ChartExtras.tsx';
import { handOf } from './canvases.ts';
import { drawings } from './drawings.ts';
import type { DrawingKind } from './geometry.ts';

/** Keys of the tools, with Alt. */
export const TOOL_KEYS: Readonly<Record<DrawingKind, string>> = {
  trend: 'T',
  horizontal: 'H',
  rectangle: 'R',
  fibonacci: 'F',
};

/** How far a copy lies from the original: a share of its price, and of its length in time where it has one. */
const COPY_SHARE = 0.0008;

/** Adds a copy a little above and chooses it. */
export async function duplicate(drawing: Drawing): Promise<void> {
  const { id: _id, locked: _locked, ...rest } = drawing;
  const [first, second] = drawing.points;
  const height = first && second ? Math.abs(first.price - second.price) * 0.15 : 0;
  const points = drawing.points.map((p) => ({
    timeMs: p.timeMs,
    price: p.price + Math.max(height, Math.abs(p.price) * COPY_SHARE),
  }));
  await drawings.add({ ...rest, points });
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** What a key does to the drawings of a chart; undefined where it means nothing to them. */
function actOf(event: KeyboardEvent, cell: ChartCellInfo): (() => void) | undefined {
  const { tool, chosen } = drawings.store.getState();
  const command = event.ctrlKey || event.metaKey;
  if (event.altKey && !command) {
    const kind = (Object.keys(TOOL_KEYS) as DrawingKind[]).find((k) => event.code === `Key${TOOL_KEYS[k]}`);
    return kind && (() => drawings.use(tool === kind ? undefined : kind));
  }
  if (command && !event.shiftKey && event.code === 'KeyZ') return () => void drawings.undo(cell.symbol);
  const drawing = drawings.of(cell.symbol).find((d) => d.id === chosen);
  if (command && event.code === 'KeyD' && drawing) return () => void duplicate(drawing);
  if (command) return undefined;
  if ((event.key === 'Delete' || event.key === 'Backspace') && drawing && !drawing.locked) {
    return () => void drawings.remove(drawing.id);
  }
  if (event.key !== 'Escape') return undefined;
  if (tool !== undefined) {
    return () => {
      handOf(cell.view)?.cancel();
      drawings.use(undefined);
    };
  }
  if (handOf(cell.view)?.cancel()) return () => undefined;
  return drawing && (() => drawings.choose(undefined));
}

/** Keys of the drawings, while a chart is on the screen. They come before the chart's own. */
export function useDrawingKeys(cell: ChartCellInfo): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return;
      // An open menu or dialogue has the keys for itself.
      if (event.target instanceof Element && event.target.closest('[role=dialog], [role=menu]')) return;
      const act = actOf(event, cell);
      if (!act) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, [cell]);
}
