import { formatNumber } from '../../ui/format.ts';

/** A quality score of 100, with a bar so that it reads without colour. */
export function Score({ value }: { readonly value: number }) {
  const tone = value >= 90 ? 'ok' : value >= 70 ? 'warn' : 'bad';
  return (
    <span className="ft-score" title={`Quality ${formatNumber(value, 1)} of 100`}>
      <span className="ft-score-bar ft-if-mid" aria-hidden>
        <span
          className={`ft-score-fill ft-bg-${tone}`}
          style={{ width: `${Math.max(0, Math.min(100, value))}%` }}
        />
      </span>
      <span className={`ft-num ft-${tone}`}>{formatNumber(value, 1, 1)}</span>
    </span>
  );
}
