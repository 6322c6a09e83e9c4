import { useMemo } from 'react';
import { formatNumber, formatTime } from '../../ui/format.ts';
import { TONES } from './SeverityMark.tsx';
import { type Issue, kindLabel, type Lane, laneShape, lanesOf } from './timeline.ts';

/** Stretches of time that a lane is drawn in: about one for every two pixels. */
const BINS = 300;
const HEIGHT = 14;
const TICKS = [0, 0.25, 0.5, 0.75, 1];
/** Below this the days alone would repeat. */
const SHORT_MS = 12 * 86_400_000;

function tickLabel(ms: number, spanMs: number): string {
  const text = formatTime(ms, { zone: 'utc', bare: true });
  return spanMs < SHORT_MS ? text.slice(5) : text.slice(0, 10);
}

function Track({ lane }: { readonly lane: Lane }) {
  const path = useMemo(() => laneShape(lane.bins, HEIGHT), [lane]);
  return (
    <svg className="ft-lane-track" viewBox={`0 0 ${BINS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
      <path d={path} className={`ft-fill-${TONES[lane.severity]}`} shapeRendering="crispEdges" />
    </svg>
  );
}

function Name({
  lane,
  chosen,
  onChoose,
}: {
  readonly lane: Lane;
  readonly chosen: boolean;
  readonly onChoose: (() => void) | undefined;
}) {
  const label = kindLabel(lane.kind);
  if (!onChoose) return <span className="ft-lane-name ft-ellipsis">{label}</span>;
  return (
    <button
      type="button"
      className="ft-lane-name ft-plain ft-ellipsis"
      aria-pressed={chosen}
      title={chosen ? 'List all findings' : `List only: ${label}`}
      onClick={onChoose}
    >
      {label}
    </button>
  );
}

interface LanesProps {
  readonly issues: readonly Issue[];
  readonly fromMs: number;
  readonly toMs: number;
  /** The kind that the list below is about. */
  readonly kind?: string | undefined;
  readonly onKind?: (kind: string | undefined) => void;
}

/** When findings occur: a row for each kind on one axis of time, with how many bars are concerned. */
export function KindLanes({ issues, fromMs, toMs, kind, onKind }: LanesProps) {
  const lanes = useMemo(() => lanesOf(issues, fromMs, toMs, BINS), [issues, fromMs, toMs]);
  return (
    <section className="ft-lanes" aria-label="When the findings occur" data-testid="kind-lanes">
      {lanes.map((lane) => (
        <div key={lane.kind} className="ft-lane" data-chosen={lane.kind === kind}>
          <span className={`ft-lane-mark ft-bg-${TONES[lane.severity]}`} title={lane.severity} aria-hidden />
          <Name
            lane={lane}
            chosen={lane.kind === kind}
            onChoose={onKind && (() => onKind(lane.kind === kind ? undefined : lane.kind))}
          />
          <Track lane={lane} />
          <span className="ft-lane-count ft-num" title={`${formatNumber(lane.findings)} findings`}>
            {formatNumber(lane.count)}
          </span>
        </div>
      ))}
      <div className="ft-lane ft-lane-axis">
        <span />
        <span>UTC</span>
        <span className="ft-lane-ends ft-num">
          {TICKS.map((at) => (
            <span key={at}>{tickLabel(fromMs + (toMs - fromMs) * at, toMs - fromMs)}</span>
          ))}
        </span>
        <span className="ft-lane-count">bars</span>
      </div>
    </section>
  );
}
