/**
 * Whether the forecast intervals of a session hold. Each is judged at the bar that ends its horizon; verdict and counts
 * are journaled with the decision of that bar, so that they are the same however often the session is opened again.
 */
import type { LiveCoverage } from '../../src-shared/contract/live.ts';
import { clopperPearson } from '../../src-shared/metrics/binomial.ts';
import type { JournaledForecast } from '../store/journalReader.ts';
import type { Judgement } from '../store/tradingSchemas.ts';
import type { IntervalJudge, PendingForecast } from './types.ts';

/** What the tracker reads of a journal when a session begins or goes on. */
export interface CoverageJournal {
  recentForecasts(sessionId: string, bars: number): JournaledForecast[];
  judgements(sessionId: string, limit: number): Judgement[];
}

/** Forecasts that have not come due, one place per bar. */
export class CoverageTracker {
  readonly #judge: IntervalJudge;
  /** Forecasts of bars decided before the session was opened again. */
  readonly #journaled: ReadonlyMap<number, PendingForecast>;
  readonly #pending: (PendingForecast | undefined)[] = [];
  #last: Judgement | undefined;

  constructor(judge: IntervalJudge, journal: CoverageJournal, sessionId: string) {
    this.#judge = judge;
    const recent = journal.recentForecasts(sessionId, judge.horizonBars);
    this.#journaled = new Map(recent.map((forecast) => [forecast.barTimeMs, forecast]));
    this.#last = journal.judgements(sessionId, 1)[0];
  }

  /**
   * A bar that is not decided on now: of the warm-up, decided earlier, or lost with the power. What came due at it was
   * journaled then or is lost; its own forecast waits on where it was journaled.
   */
  remember(barTimeMs: number): void {
    this.#next(this.#journaled.get(barTimeMs));
  }

  /**
   * The next decided bar.
   * @param forecast of this bar; undefined where there is none
   * @returns the verdict on the forecast that comes due at its close; undefined where none does
   */
  decided(close: number, forecast: PendingForecast | undefined): Judgement | undefined {
    const due = this.#next(forecast);
    // Without volatility there is no target: such a row is in no training sample and no test either.
    if (due === undefined || !(due.atr > 0)) return undefined;
    this.#last = this.#judge.judge(this.#last, due, close);
    return this.#last;
  }

  #next(forecast: PendingForecast | undefined): PendingForecast | undefined {
    this.#pending.push(forecast);
    return this.#pending.length > this.#judge.horizonBars ? this.#pending.shift() : undefined;
  }
}

/** Verdicts that a snapshot shows. */
export const SHOWN_VERDICTS = 200;
const SHORT_WINDOW = 50;
const BAND = 0.95;

/**
 * Coverage over the newest verdicts and over all of the session.
 * @param verdicts the newest `SHOWN_VERDICTS`, oldest first
 * @returns undefined before the first
 */
export function coverageOf(verdicts: readonly Judgement[]): LiveCoverage | undefined {
  const newest = verdicts.at(-1);
  if (newest === undefined) return undefined;
  const { confidence, horizonBars, n, hits, adaptive } = newest;
  const window = (last: number, count: number, held: number) => ({
    last,
    n: count,
    achieved: held / count,
    ...clopperPearson(held / horizonBars, count / horizonBars, BAND),
  });
  const of = (last: number) => {
    const recent = verdicts.slice(-last);
    return window(last, recent.length, recent.filter((v) => v.covered).length);
  };
  return {
    target: confidence,
    horizonBars,
    windows: [of(SHORT_WINDOW), of(SHOWN_VERDICTS), window(0, n, hits)],
    recent: verdicts.map((v) => v.covered),
    ...(adaptive === undefined
      ? {}
      : {
          adaptive: {
            confidence: 1 - adaptive.alpha,
            achieved: 1 - adaptive.misses / adaptive.n,
            n: adaptive.n,
          },
        }),
  };
}
