/** The exact confidence interval of a proportion, and the incomplete beta function behind it. */
import { FrontierError } from '../errors.ts';

export interface ProportionBand {
  readonly low: number;
  readonly high: number;
}

/**
 * Clopper and Pearson (1934): the proportions that a two-sided exact binomial test does not reject.
 * low = Beta^-1(a/2; k, n-k+1), high = Beta^-1(1-a/2; k+1, n-k) with a = 1 - confidence.
 *
 * @param successes 0 to `trials`; need not be whole where `trials` is an effective number
 * @param confidence e.g. 0.95
 * @throws FrontierError BAD_INPUT for impossible figures
 */
export function clopperPearson(successes: number, trials: number, confidence: number): ProportionBand {
  const isValid = trials > 0 && successes >= 0 && successes <= trials && confidence > 0 && confidence < 1;
  if (!isValid) {
    throw new FrontierError(
      'BAD_INPUT',
      `No band for ${successes} of ${trials} at confidence ${confidence}.`,
    );
  }
  const tail = (1 - confidence) / 2;
  const failures = trials - successes;
  return {
    low: successes === 0 ? 0 : betaQuantile(tail, successes, failures + 1),
    high: failures === 0 ? 1 : betaQuantile(1 - tail, successes + 1, failures),
  };
}

/** Bisection: the function is monotone and 60 halvings exhaust a double. */
function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 60; i++) {
    const mid = 0.5 * (low + high);
    if (regularisedBeta(mid, a, b) < probability) low = mid;
    else high = mid;
  }
  return 0.5 * (low + high);
}

/** I_x(a, b), by the continued fraction DLMF 8.17.22 on the side where it converges fast. */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - regularisedBeta(1 - x, b, a);
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(logFront) / a) * betaFraction(x, a, b);
}

/** Modified Lentz (Thompson and Barnett 1986). The number of terms grows with sqrt(max(a, b)). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const guard = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  const terms = 200 + 10 * Math.ceil(Math.sqrt(Math.max(a, b)));
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= terms; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return fraction;
}

/** ln Gamma(x) for x > 0: Stirling's series (DLMF 5.11.1) after shifting x above 10 by the recurrence. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 10) {
    shift += Math.log(z);
    z += 1;
  }
  const inverse = 1 / z;
  const square = inverse * inverse;
  const series =
    inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
