import type { QualityDto } from '../../../src-shared/contract/data.ts';
import { formatNumber, formatPct } from '../../ui/format.ts';
import { useSize } from '../../ui/useSize.ts';
import { type HourProfile, inPerCent, linePath, logHeight, placeAmong, type Ranges } from './pictures.ts';

const HEIGHT = 140;
const LEFT = 34;
const BOTTOM = 18;
const TOP = 28;
/** The profile has no names above it. */
const PROFILE_TOP = 8;
const PLOT = HEIGHT - TOP - BOTTOM;

interface MarkProps {
  readonly x: number;
  readonly label: string;
  readonly row: 0 | 1;
  readonly tone: string;
  readonly width: number;
}

/** A vertical line with its name, on the side where there is room. */
function Mark({ x, label, row, tone, width }: MarkProps) {
  const left = x > width * 0.6;
  return (
    <g>
      <line x1={x} x2={x} y1={4 + row * 13} y2={TOP + PLOT} className={`ft-pic-mark ft-stroke-${tone}`} />
      <text
        x={left ? x - 4 : x + 4}
        y={10 + row * 13}
        textAnchor={left ? 'end' : 'start'}
        className={`ft-pic-text ft-fill-${tone}`}
      >
        {label}
      </text>
    </g>
  );
}

function Histogram({ ranges, width }: { readonly ranges: Ranges; readonly width: number }) {
  const { counts, edgesPips: edges } = ranges;
  const most = Math.max(...counts, 1);
  const inner = width - LEFT - 6;
  const step = inner / Math.max(1, counts.length);
  const at = (pips: number) => LEFT + placeAmong(edges, pips) * step;
  const labels =
    counts.length > 1 ? [0, 0.25, 0.5, 0.75].map((f) => Math.round(f * (edges.length - 1))) : [0];
  return (
    <svg width={width} height={HEIGHT} role="img" aria-label="Distribution of bar ranges in pips">
      {[...new Set([1, Math.round(Math.sqrt(most)), most])].map((n) => (
        <g key={n}>
          <line
            x1={LEFT}
            x2={width - 6}
            y1={TOP + PLOT * (1 - logHeight(n, most))}
            y2={TOP + PLOT * (1 - logHeight(n, most))}
            className="ft-pic-grid"
          />
          <text
            x={LEFT - 4}
            y={TOP + PLOT * (1 - logHeight(n, most)) + 3.5}
            textAnchor="end"
            className="ft-pic-text"
          >
            {n >= 10_000 ? `${Math.round(n / 1000)}k` : n}
          </text>
        </g>
      ))}
      {counts.map((n, i) => {
        const h = PLOT * logHeight(n, most);
        const wide = (edges[i] ?? 0) >= ranges.thresholdPips;
        return (
          <rect
            key={edges[i] ?? i}
            x={LEFT + i * step + 0.5}
            y={TOP + PLOT - h}
            width={Math.max(1, step - 1)}
            height={h}
            className={wide ? 'ft-fill-warn' : 'ft-pic-bar'}
          >
            <title>
              {formatNumber(n)} bars{' '}
              {i < counts.length - 1
                ? `from ${formatNumber(edges[i], 2)} to ${formatNumber(edges[i + 1], 2)} pips`
                : `of ${formatNumber(edges[i], 2)} pips and more`}
            </title>
          </rect>
        );
      })}
      <Mark
        x={at(ranges.p99Pips)}
        label={`99 % below ${formatNumber(ranges.p99Pips, 1)}`}
        row={0}
        tone="ok"
        width={width}
      />
      {ranges.thresholdPips < (edges.at(-1) ?? 0) && (
        <Mark
          x={at(ranges.thresholdPips)}
          label={`wide from ${formatNumber(ranges.thresholdPips, 1)}`}
          row={1}
          tone="warn"
          width={width}
        />
      )}
      {labels.map((i) => (
        <text
          key={i}
          x={LEFT + i * step}
          y={HEIGHT - 4}
          textAnchor={i === 0 ? 'start' : 'middle'}
          className="ft-pic-text"
        >
          {formatNumber(edges[i], edges[i]! < 10 ? 1 : 0)}
        </text>
      ))}
      <text x={width - 6} y={HEIGHT - 4} textAnchor="end" className="ft-pic-text">
        pips
      </text>
    </svg>
  );
}

function Profile({ profile, width }: { readonly profile: HourProfile; readonly width: number }) {
  const winter = inPerCent(profile.standard);
  const summer = inPerCent(profile.daylight);
  const most = Math.max(100, ...[...winter, ...summer].filter((v) => v !== null));
  const inner = width - LEFT - 10;
  const x = (hour: number) => LEFT + (hour / 23) * inner;
  const y = (v: number) => PROFILE_TOP + (HEIGHT - PROFILE_TOP - BOTTOM) * (1 - v / most);
  return (
    <svg
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={`Mean ${profile.of} by hour of the day, in winter and in summer`}
    >
      {[0, 100, Math.floor(most / 100) * 100].map((v) => (
        <g key={v}>
          <line x1={LEFT} x2={width - 10} y1={y(v)} y2={y(v)} className="ft-pic-grid" />
          <text x={LEFT - 4} y={y(v) + 3.5} textAnchor="end" className="ft-pic-text">
            {v}%
          </text>
        </g>
      ))}
      <path d={linePath(winter, x, y)} className="ft-pic-line ft-pic-winter" />
      <path d={linePath(summer, x, y)} className="ft-pic-line ft-pic-summer" />
      {[0, 6, 12, 18, 23].map((hour) => (
        <text key={hour} x={x(hour)} y={HEIGHT - 4} textAnchor="middle" className="ft-pic-text">
          {String(hour).padStart(2, '0')}
        </text>
      ))}
    </svg>
  );
}

function RangePicture({ ranges }: { readonly ranges: Ranges }) {
  const [box, { width }] = useSize<HTMLDivElement>();
  return (
    <figure className="ft-picture" data-testid="range-histogram">
      <figcaption>
        <strong>Ranges of the bars</strong>
        <span className="ft-dim">
          mean {formatNumber(ranges.meanPips, 1)}, median {formatNumber(ranges.medianPips, 1)}, largest{' '}
          {formatNumber(ranges.largestPips, 1)} pips;{' '}
          {formatPct(ranges.sharePctAboveThreshold, { digits: 3 })} above{' '}
          {formatNumber(ranges.thresholdPips, 1)}
        </span>
      </figcaption>
      <div ref={box} style={{ height: HEIGHT }}>
        {width > 120 && <Histogram ranges={ranges} width={width} />}
      </div>
    </figure>
  );
}

function ProfilePicture({ profile }: { readonly profile: HourProfile }) {
  const [box, { width }] = useSize<HTMLDivElement>();
  const both = [profile.standard, profile.daylight].every((season) => season.some((v) => v !== null));
  return (
    <figure className="ft-picture" data-testid="hour-profile">
      <figcaption>
        <strong>{profile.of === 'volume' ? 'Volume' : 'Range'} by hour (UTC)</strong>
        <span className="ft-pic-key">
          <span className="ft-pic-swatch ft-pic-winter-bg" aria-hidden /> winter
        </span>
        <span className="ft-pic-key">
          <span className="ft-pic-swatch ft-pic-summer-bg" aria-hidden /> summer time in New York
        </span>
      </figcaption>
      <div ref={box} style={{ height: HEIGHT }}>
        {width > 120 && <Profile profile={profile} width={width} />}
      </div>
      <span className="ft-dim ft-small">
        {both
          ? 'Of the mean hour. With the right zone the day of a market that follows summer time is one hour earlier in summer.'
          : 'Of the mean hour. The history has bars in one season only: a shift cannot be seen.'}
      </span>
    </figure>
  );
}

/** How large the bars are, and when in the day the market moves. */
export function QualityPictures({ pictures }: { readonly pictures: NonNullable<QualityDto['pictures']> }) {
  return (
    <div className="ft-pictures">
      <RangePicture ranges={pictures.ranges} />
      <ProfilePicture profile={pictures.hourProfile} />
    </div>
  );
}
