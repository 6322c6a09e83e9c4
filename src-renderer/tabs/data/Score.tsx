import { formatNumber } from '../../ui/format.ts';

/** How good a score is: the same limits wherever it is shown. */
export function scoreTone(value: number): 'ok' | 'warn' | 'bad' {
  return value >= 90 ? 'ok' : value >= 70 ? 'warn' : 'bad';
}

/** A quality score of 100, with a bar so that it reads without colour. */
export function Score({ value }: { readonly value: number }) {
  const tone = scoreTone(value);
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

const RADIUS = 25;
const AROUND = 2 * Math.PI * RADIUS;
const WORDS = { ok: 'good', warn: 'usable with care', bad: 'not to be trusted' } as const;

/** The score as a ring that is closed at 100, with the figure and its meaning in words. */
export function ScoreRing({ value }: { readonly value: number }) {
  const tone = scoreTone(value);
  const filled = (Math.max(0, Math.min(100, value)) / 100) * AROUND;
  return (
    <div className="ft-ring">
      <svg width={60} height={60} viewBox="0 0 60 60" aria-hidden>
        <circle cx={30} cy={30} r={RADIUS} className="ft-ring-back" />
        <circle
          cx={30}
          cy={30}
          r={RADIUS}
          className={`ft-ring-fill ft-stroke-${tone}`}
          strokeDasharray={`${filled} ${AROUND}`}
          transform="rotate(-90 30 30)"
        />
      </svg>
      <div>
        <div className="ft-figure-name">Score of 100</div>
        <div className="ft-figure-value">{formatNumber(value, 1, 1)}</div>
        <div className={`ft-small ft-${tone}`}>{WORDS[tone]}</div>
      </div>
    </div>
  );
}
