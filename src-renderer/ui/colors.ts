import type { ColourPair, Scheme } from '../state/preferences.ts';

/** Colours that canvases need; the style sheet has the same values as custom properties. */
export interface ChartColors {
  readonly scheme: Scheme;
  readonly background: string;
  readonly text: string;
  readonly dim: string;
  readonly grid: string;
  readonly border: string;
  readonly crosshair: string;
  readonly accent: string;
  readonly up: string;
  readonly down: string;
  /** Up and down, faint, for volume and areas. */
  readonly upFaint: string;
  readonly downFaint: string;
  readonly forecast: string;
  readonly forecastFill: string;
  readonly warning: string;
  readonly error: string;
  /** For lines side by side; told apart without relying on red and green. */
  readonly series: readonly string[];
}

const PAIRS: Record<Scheme, Record<ColourPair, { up: string; down: string }>> = {
  dark: {
    'blue-orange': { up: '#4ba0f5', down: '#f0913a' },
    'green-red': { up: '#2fb886', down: '#f05d63' },
  },
  light: {
    'blue-orange': { up: '#1767c2', down: '#b95a08' },
    'green-red': { up: '#0c7f58', down: '#c92f38' },
  },
};

type Neutral = Omit<ChartColors, 'up' | 'down' | 'upFaint' | 'downFaint'>;
const DARK: Neutral = {
  scheme: 'dark',
  background: '#13171d',
  text: '#d5dae2',
  dim: '#929cab',
  grid: '#1e242d',
  border: '#2a313c',
  crosshair: '#6c7686',
  accent: '#5b93f2',
  forecast: '#35c3b1',
  forecastFill: 'rgba(53, 195, 177, 0.16)',
  warning: '#e2b93b',
  error: '#f26d73',
  series: ['#5b93f2', '#f0913a', '#35c3b1', '#d987d3', '#e2b93b', '#9aa5b4'],
};
const LIGHT: Neutral = {
  scheme: 'light',
  background: '#ffffff',
  text: '#1c232d',
  dim: '#596474',
  grid: '#edf0f3',
  border: '#d5dae1',
  crosshair: '#8a94a3',
  accent: '#2563c9',
  forecast: '#08766a',
  forecastFill: 'rgba(8, 118, 106, 0.13)',
  warning: '#8a6100',
  error: '#c3303a',
  series: ['#2563c9', '#b95a08', '#08766a', '#9c3f95', '#8a6100', '#596474'],
};

/** A colour `#rrggbb` made transparent. `alpha` from 0 to 1. */
export function withAlpha(hex: string, alpha: number): string {
  const n = Number.parseInt(hex.slice(1), 16);
  return `rgba(${(n >> 16) & 255}, ${(n >> 8) & 255}, ${n & 255}, ${alpha})`;
}

/** The chart palette of a scheme and an up/down pair. */
export function chartColors(scheme: Scheme, pair: ColourPair): ChartColors {
  const { up, down } = PAIRS[scheme][pair];
  const neutral = scheme === 'dark' ? DARK : LIGHT;
  return { ...neutral, up, down, upFaint: withAlpha(up, 0.38), downFaint: withAlpha(down, 0.38) };
}
