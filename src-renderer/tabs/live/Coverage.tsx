import type { LiveCoverage, SessionDto } from '../../../src-shared/contract/live.ts';
import { formatNumber, formatPct } from '../../ui/format.ts';
import { adaptiveWords, coverageWords, judgedWindow, standingOf } from './coverageWords.ts';
import styles from './Live.module.css';
import { isComplete } from './session.ts';

const BAR = 4;
const HEIGHT = 18;
/** Verdicts that fit. */
const SHOWN = 50;

/** One bar per forecast, oldest first: low where the interval held, full height where it missed. */
function Verdicts({ recent }: Pick<LiveCoverage, 'recent'>) {
  const shown = recent.slice(-SHOWN);
  const missed = shown.filter((held) => !held).length;
  const said = `${missed} of the last ${shown.length} forecasts missed their interval`;
  return (
    <svg
      className={styles.verdicts}
      width={SHOWN * BAR}
      height={HEIGHT}
      viewBox={`0 0 ${SHOWN * BAR} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={said}
    >
      <title>{said}: the tall bars, oldest first</title>
      {shown.map((held, i) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity of their own
          key={i}
          className={held ? styles.held : styles.missed}
          x={i * BAR}
          width={BAR - 1}
          y={held ? HEIGHT - 5 : 0}
          height={held ? 5 : HEIGHT}
        />
      ))}
    </svg>
  );
}

const STANDING = {
  'as-aimed': { className: 'ft-ok', words: 'as aimed' },
  'too-narrow': { className: 'ft-bad', words: 'too narrow' },
  'too-wide': { className: 'ft-warn', words: 'wider than needed' },
} as const;

const share = (value: number | undefined, digits = 1): string =>
  formatPct(value === undefined ? undefined : 100 * value, { digits });

/** Whether the forecast intervals of the session hold, each judged when its horizon had passed. */
export function Coverage({ session }: { readonly session: SessionDto }) {
  const { coverage } = session;
  // A session of an earlier release journaled no intervals: there is nothing to wait for.
  if (!coverage && isComplete(session.state)) return null;
  return (
    <section className={styles.coverage} aria-label="Forecast intervals" data-testid="live-coverage">
      <strong>Forecast intervals</strong>
      {coverage ? (
        <Figures coverage={coverage} />
      ) : (
        <span className="ft-dim">
          none has come due yet: each is judged when the horizon of its forecast has passed
        </span>
      )}
    </section>
  );
}

function Figures({ coverage }: { readonly coverage: LiveCoverage }) {
  const window = judgedWindow(coverage);
  const [short] = coverage.windows;
  const standing = STANDING[standingOf(coverage)];
  return (
    <>
      <span title={`Of the last ${formatNumber(short?.n, 0)}: ${share(short?.achieved)}`}>
        <b>{share(window?.achieved)}</b> of the last {formatNumber(window?.n, 0)} held, aimed at{' '}
        {share(coverage.target)}
      </span>
      <Verdicts recent={coverage.recent} />
      <span className={standing.className} title={coverageWords(coverage)}>
        {standing.words} ({formatNumber(100 * (window?.low ?? 0), 0)} to {share(window?.high, 0)})
      </span>
      {coverage.adaptive && (
        <span className="ft-dim" title={adaptiveWords(coverage)}>
          adaptive level {share(coverage.adaptive.confidence)}
        </span>
      )}
    </>
  );
}
