import { TAB_INFO } from './tabs.ts';

const mac = typeof navigator !== 'undefined' && /Mac/.test(navigator.userAgent);

/** The key that commands are given with on this machine. */
export const COMMAND_KEY = mac ? '⌘' : 'Ctrl';

export interface Shortcut {
  readonly keys: readonly string[];
  readonly does: string;
}

/** Every shortcut, as Settings lists them. */
export const SHORTCUTS: readonly Shortcut[] = [
  {
    keys: [`1 … ${TAB_INFO.length}`],
    does: `Switch tabs: ${TAB_INFO.map((t) => t.label).join(', ')}. On the chart 1 to 7 begin a timeframe; Esc leaves it`,
  },
  { keys: [COMMAND_KEY, 'K'], does: 'Command palette: every action by name' },
  {
    keys: ['Ctrl', 'Shift', 'F'],
    does: 'Flatten & stop: asks, then closes every position and stops every session',
  },
  { keys: ['Tab'], does: 'Next control; Shift+Tab goes back' },
  { keys: ['↑', '↓'], does: 'Move through the rows of a table; Enter selects' },
  {
    keys: ['1', '5', '15', '60', '240', 'D', 'W', 'M'],
    does: 'On the chart: type a timeframe, then Enter',
  },
  { keys: ['A … Z'], does: 'On the chart: search a symbol' },
  {
    keys: [COMMAND_KEY, 'G'],
    does: 'On the chart: go to a date, as does Alt+G; G alone too, with Enter where a symbol begins with G',
  },
  { keys: ['←', '→'], does: 'On the chart: pan; with Shift faster' },
  { keys: ['+', '−'], does: 'On the chart: zoom' },
  { keys: ['Home', 'End'], does: 'On the chart: fit the whole history, go to the latest bar' },
  {
    keys: ['Alt', 'T / H / R / F'],
    does: 'On the chart: draw a trend line, a horizontal line, a rectangle, a Fibonacci retracement',
  },
  { keys: ['Alt', 'I'], does: 'On the chart: indicators and patterns' },
  {
    keys: [COMMAND_KEY, 'Z / D'],
    does: 'On the chart: take the last change of a drawing back, duplicate the chosen one; Del deletes it',
  },
  { keys: ['Esc'], does: 'Close a dialogue or the palette; leave the chart' },
];
