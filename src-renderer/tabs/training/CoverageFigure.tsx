import type { ModelDto } from '../../../src-shared/contract/training.ts';
import { formatNumber, formatPct } from '../../ui/format.ts';

/** The coverage achieved on the test span against the one aimed at, with the band that chance allows. */
export function Coverage({ conformal: c }: { readonly conformal: NonNullable<ModelDto['conformal']> }) {
  const least = Math.min(c.target, c.low, c.achieved);
  const most = Math.max(c.target, c.high, c.achieved);
  const air = Math.max(0.02, (most - least) * 0.35);
  const from = Math.max(0, least - air);
  const to = Math.min(1, most + air);
  const x = (v: number) => `${(100 * (v - from)) / (to - from)}%`;
  const hit = c.target >= c.low && c.target <= c.high;
  const pct = (v: number) => formatPct(100 * v, { digits: 1 });
  return (
    <div>
      <div className="ft-figures">
        <div>
          <div className="ft-figure-name">Coverage aimed at</div>
          <div className="ft-figure-value">{pct(c.target)}</div>
        </div>
        <div>
          <div className="ft-figure-name">Achieved on the test span</div>
          <div className="ft-figure-value" data-testid="conformal-achieved">
            {pct(c.achieved)}
          </div>
        </div>
        <div>
          <div className="ft-figure-name">Judged on</div>
          <div className="ft-figure-value">{formatNumber(c.n)} forecasts</div>
        </div>
      </div>
      <svg
        className="ft-conformal"
        width="100%"
        height="46"
        role="img"
        aria-label={`Coverage ${pct(c.achieved)}, between ${pct(c.low)} and ${pct(c.high)}; aimed at ${pct(c.target)}`}
      >
        <line className="ft-conformal-axis" x1="0" x2="100%" y1="20" y2="20" />
        <line className="ft-conformal-band" x1={x(c.low)} x2={x(c.high)} y1="20" y2="20" />
        <line className="ft-conformal-target" x1={x(c.target)} x2={x(c.target)} y1="6" y2="34" />
        <circle className="ft-conformal-dot" cx={x(c.achieved)} cy="20" r="5" />
        <text x="0" y="44">
          {pct(from)}
        </text>
        <text x={x(c.target)} y="44" textAnchor="middle">
          target
        </text>
        <text x="100%" y="44" textAnchor="end">
          {pct(to)}
        </text>
      </svg>
      <p className="ft-dim ft-small">
        The target lies {hit ? 'inside' : 'outside'} the band that chance allows,{' '}
        <span className="ft-nowrap">
          {pct(c.low)} to {pct(c.high)}
        </span>
        {hit ? '.' : ': the test span behaves unlike the calibration span.'}
      </p>
    </div>
  );
}
