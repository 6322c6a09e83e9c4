import type { LiveCoverage } from '../../../src-shared/contract/live.ts';
import { formatNumber, formatPct } from '../../ui/format.ts';

export type CoverageStanding = 'as-aimed' | 'too-narrow' | 'too-wide';

/** The part of the verdicts that is judged by: the last 200, or fewer while there are fewer. */
export function judgedWindow({ windows }: LiveCoverage): LiveCoverage['windows'][number] | undefined {
  return windows.find((w) => w.last === 200) ?? windows[0];
}

/** Whether the band of the last verdicts still holds what was aimed at. */
export function standingOf(coverage: LiveCoverage): CoverageStanding {
  const window = judgedWindow(coverage);
  if (window === undefined) return 'as-aimed';
  if (window.high < coverage.target) return 'too-narrow';
  return window.low > coverage.target ? 'too-wide' : 'as-aimed';
}

const percent = (share: number, digits = 0): string => formatPct(100 * share, { digits });

/** In plain words what the verdicts say, and what they cannot say. */
export function coverageWords(coverage: LiveCoverage): string {
  const window = judgedWindow(coverage);
  if (window === undefined) return '';
  const band = `${formatNumber(100 * window.low, 0)} to ${percent(window.high)}`;
  switch (standingOf(coverage)) {
    case 'too-narrow':
      return `Too narrow: the true share is ${band}. The market is wilder than when the model was calibrated.`;
    case 'too-wide':
      return `Wider than needed: the true share is ${band}. The market is calmer than in calibration.`;
    default:
      return `As aimed, as far as ${formatNumber(window.n, 0)} overlapping forecasts can tell: ${band}.`;
  }
}

/** What the adaptive level says; undefined for a model without one. */
export function adaptiveWords({ adaptive, target }: LiveCoverage): string | undefined {
  if (adaptive === undefined) return undefined;
  if (adaptive.confidence >= 1)
    return 'To keep its coverage, an adaptive interval would have to hold everything now.';
  if (adaptive.confidence <= 0) return 'To keep its coverage, an adaptive interval could hold nothing now.';
  return `To keep ${percent(target)}, an adaptive interval would aim at ${percent(adaptive.confidence, 1)} now.`;
}
