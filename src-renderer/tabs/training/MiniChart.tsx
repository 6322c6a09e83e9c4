import { type PointerEvent, useMemo } from 'react';
import { useSize } from '../../ui/useSize.ts';

export interface MiniPoint {
  readonly step: number;
  readonly value: number;
}

export interface MiniSeries {
  readonly name: string;
  readonly points: readonly MiniPoint[];
}

interface MiniChartProps {
  readonly title: string;
  readonly series: readonly MiniSeries[];
  readonly format: (value: number) => string;
  readonly lastStep: number;
  /** The axis begins at 0 and ends at least here. */
  readonly atLeast?: number;
  readonly hover: number | undefined;
  readonly onHover: (step: number | undefined) => void;
}

const HEIGHT = 54;
const PAD = 3;

function valueAt(points: readonly MiniPoint[], step: number | undefined): number | undefined {
  if (step === undefined) return points.at(-1)?.value;
  return (points.findLast((p) => p.step <= step) ?? points[0])?.value;
}

/** One figure over the run, small. Its crosshair is that of the loss chart above. */
export function MiniChart(props: MiniChartProps) {
  const { title, series, format, lastStep, atLeast, hover, onHover } = props;
  const [ref, { width }] = useSize<HTMLDivElement>();
  const [low, high] = useMemo(() => {
    const values = series.flatMap((s) => s.points.map((p) => p.value)).filter(Number.isFinite);
    const least = atLeast === undefined ? Math.min(...values) : 0;
    const most = Math.max(atLeast ?? Number.NEGATIVE_INFINITY, ...values);
    return most > least ? [least, most] : [least - 1, least + 1];
  }, [series, atLeast]);
  const x = (step: number) => (Math.min(step, lastStep) / Math.max(1, lastStep)) * width;
  const y = (v: number) => HEIGHT - PAD - ((v - low) / (high - low)) * (HEIGHT - 2 * PAD);
  const onMove = (e: PointerEvent<SVGSVGElement>) => {
    const at = e.clientX - e.currentTarget.getBoundingClientRect().left;
    onHover(Math.round((Math.max(0, Math.min(width, at)) / Math.max(1, width)) * lastStep));
  };
  const shown = series.map((s) => ({ ...s, value: valueAt(s.points, hover) }));
  const text = shown.map((s) => (s.value === undefined ? '–' : format(s.value))).join(', ');
  return (
    <div className="ft-mini">
      <div className="ft-mini-head ft-num">
        <span className="ft-dim ft-ellipsis">{title}</span>
        <span className="ft-nowrap">{text}</span>
      </div>
      <div ref={ref} className="ft-mini-box">
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            aria-label={`${title} by step, now ${text}`}
            onPointerMove={onMove}
            onPointerLeave={() => onHover(undefined)}
          >
            {series.map((s, i) => (
              <path
                key={s.name}
                className="ft-mini-line"
                data-series={i % 4}
                d={s.points
                  .filter((p) => Number.isFinite(p.value))
                  .map((p, n) => `${n === 0 ? 'M' : 'L'}${x(p.step).toFixed(1)} ${y(p.value).toFixed(1)}`)
                  .join('')}
              />
            ))}
            {series.map(
              (s, i) =>
                s.points.length === 1 && (
                  <circle
                    key={`${s.name} dot`}
                    className="ft-mini-dot"
                    data-series={i % 4}
                    cx={Math.max(2, Math.min(width - 2, x(s.points[0]!.step)))}
                    cy={y(s.points[0]!.value)}
                    r={2}
                  />
                ),
            )}
            {hover !== undefined && (
              <line className="ft-loss-cross" x1={x(hover)} x2={x(hover)} y1={0} y2={HEIGHT} />
            )}
          </svg>
        )}
      </div>
    </div>
  );
}
