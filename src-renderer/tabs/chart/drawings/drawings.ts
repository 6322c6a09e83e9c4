import { notifications } from '@mantine/notifications';
import { useStore } from 'zustand/react';
import { pick, recall, remember } from '../../../state/remember.ts';
import { describeError, rpc } from '../../../ui/rpc.ts';
import { DRAWING_COLORS, type DrawingPreferences, type DrawingState, Drawings } from './drawingStore.ts';

const KEY = 'chart.drawing';
const preferences = pick<DrawingPreferences>(
  recall(KEY),
  { magnet: false, color: DRAWING_COLORS[0]! },
  {
    magnet: (v) => typeof v === 'boolean',
    color: (v) => typeof v === 'string' && DRAWING_COLORS.includes(v),
  },
);

/** The drawings of this window. */
export const drawings = new Drawings(
  {
    list: (symbol) => rpc.chart.drawings.list({ symbol }),
    save: (drawing) => rpc.chart.drawings.save(drawing),
    remove: (id) => rpc.chart.drawings.remove({ id }),
  },
  preferences,
  (error) => {
    const { title, hint } = describeError(error);
    notifications.show({ color: 'red', title: `Drawings: ${title}`, message: hint ?? '' });
  },
);
drawings.store.subscribe(({ magnet, color }, before) => {
  if (magnet !== before.magnet || color !== before.color) remember(KEY, { magnet, color });
});

/** The drawings, or a part of what is known of them. */
export function useDrawings<T>(select: (state: DrawingState) => T): T {
  return useStore(drawings.store, select);
}
