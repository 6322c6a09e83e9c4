import type { BacktestSummary } from '../../../src-shared/contract/backtest.ts';
import { formatTime } from '../../ui/format.ts';
import { SPAN_INFO } from '../../ui/models.tsx';

/** Short names of one result, or of two that stand side by side; never the same. */
export function resultNames(a: BacktestSummary, b: BacktestSummary | undefined): readonly [string, string] {
  if (!b) return [SPAN_INFO[a.span].label, ''];
  const name = (result: BacktestSummary) =>
    `${SPAN_INFO[result.span].label} ${formatTime(result.createdMs, { bare: true, date: false, seconds: true })}`;
  const [first, second] = [name(a), name(b)];
  return first === second ? [`${first} (A)`, `${second} (B)`] : [first, second];
}
