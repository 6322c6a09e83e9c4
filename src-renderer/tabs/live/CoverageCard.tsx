import type { LiveCoverage, SessionDto } from '../../../src-shared/contract/live.ts';
import { formatNumber, formatPct } from '../../ui/format.ts';
import { adaptiveWords, coverageWords, standingOf } from './coverage.ts';
import styles from './Live.module.css';

const BAR = 4;
const HEIGHT = 22;
/** Verdicts that fit. */
const SHOWN = 60;

/** One bar per forecast, oldest first: low where the interval held, full height where it missed. */
function Verdicts({ recent }: Pick<LiveCoverage, 'recent'>) {
  const shown = recent.slice(-SHOWN);
  const missed = shown.filter((held) => !held).length;
  return (
    <svg
      className={styles.verdicts}
      viewBox={`0 0 ${SHOWN * BAR} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Of the last ${shown.length} forecasts ${missed} missed their interval`}
    >
      <title>Last {shown.length} forecasts, oldest first: a tall bar is one that its interval missed</title>
      {shown.map((held, i) => (
        <rect
          // Places are fixed: the newest is always the last.
          // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity of their own
          key={i}
          className={held ? styles.held : styles.missed}
          x={i * BAR}
          width={BAR - 1}
          y={held ? HEIGHT - 6 : 0}
          height={held ? 6 : HEIGHT}
        />
      ))}
    </svg>
  );
}

const STANDING_CLASS = { 'as-aimed': '', 'too-narrow': 'ft-bad', 'too-wide': 'ft-warn' } as const;

/** Whether the forecast intervals of the session hold, each judged when its horizon had passed. */
export function CoverageCard({ session }: { readonly session: SessionDto }) {
  const { coverage } = session;
  return (
    <section className={styles.card} aria-label="Forecast intervals" data-testid="live-coverage">
      <h3 className={styles.cardHead}>
        Forecast intervals
        {coverage && <span>{formatNumber(coverage.windows.at(-1)?.n, 0)} judged</span>}
      </h3>
      {coverage ? (
        <Figures coverage={coverage} />
      ) : (
        <p className={styles.note}>
          No forecast has come due yet: each is judged when its horizon has passed.
        </p>
      )}
    </section>
  );
}

function Figures({ coverage }: { readonly coverage: LiveCoverage }) {
  const [short] = coverage.windows;
  const all = coverage.windows.find((w) => w.last === 200);
  const share = (value: number | undefined) =>
    formatPct(value === undefined ? undefined : 100 * value, { digits: 1 });
  return (
    <>
      <div className={styles.bigLine}>
        <span
          className={`${styles.big} ${STANDING_CLASS[standingOf(coverage)]}`}
          title={`Of the last ${all?.n ?? 0}; of the last ${short?.n ?? 0}: ${share(short?.achieved)}`}
        >
          {share(all?.achieved)}
        </span>
        <span className="ft-dim">
          held, aimed at {formatPct(100 * coverage.target, { digits: 1 })} over {coverage.horizonBars} bars
        </span>
      </div>
      <Verdicts recent={coverage.recent} />
      <p className={styles.explanation}>
        {coverageWords(coverage)} <span className="ft-dim">{adaptiveWords(coverage)}</span>
      </p>
    </>
  );
}
