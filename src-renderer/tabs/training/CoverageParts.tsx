import type { ListedModel } from '../../../src-shared/contract/training.ts';
import { formatDate, formatNumber, formatPct, UNKNOWN } from '../../ui/format.ts';

type Part = NonNullable<NonNullable<ListedModel['conformal']>['regimes']>[number];

const pct = (v: number | null) => formatPct(v === null ? null : 100 * v, { digits: 1 });

interface CoveragePartsProps {
  readonly title: string;
  readonly parts: readonly Part[];
  readonly target: number;
}

interface Scale {
  readonly x: (v: number) => string;
  readonly from: number;
}

/** The axis reaches from a little below the lowest band to full coverage, the same for all rows. */
function scaleOf(parts: readonly Part[], target: number): Scale {
  const lows = parts.flatMap((p) => [p.low ?? 1, p.achieved ?? 1]);
  const from = Math.max(0, Math.min(target, ...lows) - 0.03);
  return { from, x: (v) => `${(100 * (v - from)) / (1 - from)}%` };
}

function Band({
  part: p,
  target,
  scale: { x },
}: {
  readonly part: Part;
  readonly target: number;
  readonly scale: Scale;
}) {
  return (
    <svg
      className="ft-part-band"
      width="100%"
      height="16"
      role="img"
      aria-label={`${p.name}: coverage ${pct(p.achieved)}, between ${pct(p.low)} and ${pct(p.high)}; aimed at ${pct(target)}`}
    >
      <line className="ft-conformal-axis" x1="0" x2="100%" y1="8" y2="8" />
      {p.low !== null && p.high !== null && (
        <line className="ft-conformal-band" x1={x(p.low)} x2={x(p.high)} y1="8" y2="8" />
      )}
      <line className="ft-conformal-target" x1={x(target)} x2={x(target)} y1="0" y2="16" />
      {p.achieved !== null && <circle className="ft-conformal-dot" cx={x(p.achieved)} cy="8" r="4" />}
    </svg>
  );
}

/** Coverage of parts of the test span, one row each, against the line that was aimed at. */
export function CoverageParts({ title, parts, target }: CoveragePartsProps) {
  const scale = scaleOf(parts, target);
  return (
    <table className="ft-table ft-parts" aria-label={title}>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col" className="ft-right">
            Forecasts
          </th>
          <th scope="col" className="ft-right">
            Coverage
          </th>
          <th scope="col" className="ft-part-cell">
            {pct(scale.from)} to 100 %
          </th>
          <th scope="col" className="ft-right" title="Mean width of the band, in units of the target">
            Width
          </th>
        </tr>
      </thead>
      <tbody>
        {parts.map((p) => {
          const off = p.low !== null && p.high !== null && (target < p.low || target > p.high);
          return (
            <tr key={`${p.name} ${p.fromMs ?? ''}`}>
              <td title={p.fromMs === undefined ? undefined : `From ${formatDate(p.fromMs)}`}>{p.name}</td>
              <td className="ft-right">{formatNumber(p.n)}</td>
              <td
                className={off ? 'ft-right ft-warn' : 'ft-right'}
                title={off ? 'The target lies outside the band that chance allows' : undefined}
              >
                {off && <span aria-hidden>! </span>}
                {pct(p.achieved)}
              </td>
              <td className="ft-part-cell">
                <Band part={p} target={target} scale={scale} />
              </td>
              <td className="ft-right">{p.width === null ? UNKNOWN : formatNumber(p.width, 3)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
