import { type PointerEvent, useMemo } from 'react';
import { formatNumber } from '../../ui/format.ts';
import { useSize } from '../../ui/useSize.ts';
import {
  type Axis,
  bestPoint,
  type CurvePoint,
  lossAxis,
  lossText,
  niceTicks,
  pointAt,
  thin,
} from './curve.ts';

interface LossChartProps {
  readonly curve: readonly CurvePoint[];
  readonly totalSteps: number;
  readonly log: boolean;
  /** The step under the pointer, here or in a chart beside this one. */
  readonly hover: number | undefined;
  readonly onHover: (step: number | undefined) => void;
}
const LEFT = 62;
const RIGHT = 26;
const TOP = 30;
const BOTTOM = 34;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly y: Axis;
  readonly x: (step: number) => number;
  readonly toY: (loss: number) => number;
}

function path(points: readonly CurvePoint[], value: (p: CurvePoint) => number | undefined, f: Frame): string {
  const parts: string[] = [];
  for (const p of points) {
    const v = value(p);
    if (v === undefined || !Number.isFinite(v) || f.y.place(v) === Number.NEGATIVE_INFINITY) continue;
    parts.push(`${parts.length === 0 ? 'M' : 'L'}${f.x(p.step).toFixed(1)} ${f.toY(v).toFixed(1)}`);
  }
  return parts.join('');
}

function Grid({ f, totalSteps }: { readonly f: Frame; readonly totalSteps: number }) {
  const bottom = f.height - BOTTOM;
  return (
    <g className="ft-loss-grid">
      {f.y.ticks.map((t) => (
        <g key={t}>
          <line x1={LEFT} x2={f.width - RIGHT} y1={f.toY(t)} y2={f.toY(t)} />
          <text x={LEFT - 7} y={f.toY(t) + 4} textAnchor="end">
            {lossText(t)}
          </text>
        </g>
      ))}
      {niceTicks(0, Math.max(1, totalSteps), Math.max(2, Math.floor(f.width / 110))).map((t) => (
        <g key={t}>
          <line x1={f.x(t)} x2={f.x(t)} y1={TOP} y2={bottom} />
          <text x={f.x(t)} y={bottom + 15} textAnchor="middle">
            {formatNumber(t, 0)}
          </text>
        </g>
      ))}
      <text x={(LEFT + f.width - RIGHT) / 2} y={f.height - 4} textAnchor="middle">
        step
      </text>
    </g>
  );
}

interface LegendProps {
  readonly point: CurvePoint | undefined;
  /** The newest point with a validation loss, up to `point`. */
  readonly validated: CurvePoint | undefined;
  readonly best: CurvePoint | undefined;
}

function Legend({ point, validated, best }: LegendProps) {
  return (
    <div className="ft-loss-legend ft-num">
      <span>step {formatNumber(point?.step)}</span>
      <span className="ft-key-train">train {lossText(point?.train)}</span>
      <span className="ft-key-validation">validation {lossText(validated?.validation)}</span>
      {best && (
        <span className="ft-dim">
          best {lossText(best.validation)} at step {formatNumber(best.step)}
        </span>
      )}
    </div>
  );
}

/** The newest point with a validation loss, not after `step`. */
function validatedAt(curve: readonly CurvePoint[], step = Number.POSITIVE_INFINITY): CurvePoint | undefined {
  return curve.findLast((p) => p.validation !== undefined && p.step <= step);
}

/** Training and validation loss by step. Values under the pointer show in the legend. */
export function LossChart({ curve, totalSteps, log, hover, onHover }: LossChartProps) {
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const points = useMemo(() => thin(curve, 1500), [curve]);
  const y = useMemo(
    () =>
      lossAxis(
        points.flatMap((p) => (p.validation === undefined ? [p.train] : [p.train, p.validation])),
        log,
      ),
    [points, log],
  );
  const inner = Math.max(1, width - LEFT - RIGHT);
  const last = Math.max(1, totalSteps, curve.at(-1)?.step ?? 0);
  const f: Frame = {
    width,
    height,
    y,
    x: (step) => LEFT + (step / last) * inner,
    toY: (loss) => height - BOTTOM - y.place(loss) * (height - TOP - BOTTOM),
  };
  const best = bestPoint(curve);
  const point = hover === undefined ? curve.at(-1) : pointAt(curve, hover);
  const onMove = (e: PointerEvent<SVGSVGElement>) => {
    const at = e.clientX - e.currentTarget.getBoundingClientRect().left;
    onHover(Math.max(0, Math.min(last, Math.round(((at - LEFT) / inner) * last))));
  };
  return (
    <div className="ft-loss" ref={ref} data-testid="loss-chart" data-points={curve.length}>
      <Legend point={point} validated={validatedAt(curve, point?.step)} best={best} />
      {width > 0 && height > TOP + BOTTOM && (
        <svg
          className="ft-loss-drawing"
          width={width}
          height={height}
          role="img"
          aria-label={`Loss by step: ${curve.length} points, training loss now ${lossText(curve.at(-1)?.train)}`}
          onPointerMove={onMove}
          onPointerLeave={() => onHover(undefined)}
        >
          <Grid f={f} totalSteps={last} />
          <path className="ft-loss-train" d={path(points, (p) => p.train, f)} />
          <path className="ft-loss-validation" d={path(points, (p) => p.validation, f)} />
          {points
            .filter((p) => p.validation !== undefined && points.length < 400)
            .map((p) => (
              <circle
                key={p.step}
                className="ft-loss-dot"
                cx={f.x(p.step)}
                cy={f.toY(p.validation ?? 0)}
                r={2}
              />
            ))}
          {best?.validation !== undefined && (
            <circle className="ft-loss-best" cx={f.x(best.step)} cy={f.toY(best.validation)} r={4.5} />
          )}
          {hover !== undefined && point && (
            <line
              className="ft-loss-cross"
              x1={f.x(point.step)}
              x2={f.x(point.step)}
              y1={TOP}
              y2={height - BOTTOM}
            />
          )}
        </svg>
      )}
    </div>
  );
}
