import { OBJECTIVES, type ObjectiveName, type TrialDto } from '../../../src-shared/contract/optimize.ts';

export interface AxisDefinition {
  readonly name: ObjectiveName;
  readonly label: string;
  /** With the unit, for an axis title. */
  readonly title: string;
  readonly unit: string;
  readonly decimals: number;
}

export const AXES: Readonly<Record<ObjectiveName, AxisDefinition>> = {
  netReturnPct: { name: 'netReturnPct', label: 'Return', title: 'Net return, %', unit: '%', decimals: 2 },
  maxDrawdownPct: {
    name: 'maxDrawdownPct',
    label: 'Drawdown',
    title: 'Max drawdown, %',
    unit: '%',
    decimals: 2,
  },
  sharpe: { name: 'sharpe', label: 'Sharpe', title: 'Sharpe ratio', unit: '', decimals: 2 },
  winRatePct: { name: 'winRatePct', label: 'Win rate', title: 'Win rate, %', unit: '%', decimals: 1 },
};

/** Which objective each visual channel shows. */
export interface AxisChoice {
  readonly x: ObjectiveName;
  readonly y: ObjectiveName;
  readonly color: ObjectiveName;
  readonly size: ObjectiveName;
}
export type Channel = keyof AxisChoice;

export const DEFAULT_AXES: AxisChoice = {
  x: 'netReturnPct',
  y: 'maxDrawdownPct',
  color: 'sharpe',
  size: 'winRatePct',
};

/** Gives a channel an objective; the channel that had it takes the old one, so that all four stay on show. */
export function chooseAxis(axes: AxisChoice, channel: Channel, objective: ObjectiveName): AxisChoice {
  const channels: readonly Channel[] = ['x', 'y', 'color', 'size'];
  const holder = channels.find((c) => axes[c] === objective);
  const next = { ...axes, [channel]: objective };
  return holder === undefined || holder === channel ? next : { ...next, [holder]: axes[channel] };
}

/** An objective of a trial; undefined where too few trades support the figure. */
export function objectiveOf(trial: TrialDto, name: ObjectiveName): number | undefined {
  const value = trial.objectives[OBJECTIVES.indexOf(name)];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Marker diameters in pixels, linear in the value over the given range; unknown gets the smallest. */
export function markerSizes(
  values: readonly (number | undefined)[],
  range: readonly [number, number],
  pixels: readonly [number, number] = [7, 19],
): number[] {
  const [low, high] = range;
  const [small, large] = pixels;
  return values.map((value) => {
    if (value === undefined || high <= low) return value === undefined ? small : (small + large) / 2;
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return small + share * (large - small);
  });
}

/** Lowest and highest known value; undefined when none is known. */
export function extent(values: Iterable<number | undefined>): [number, number] | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === undefined || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

/** Points of the front cover what lies within this share of its extent. */
const COVERED_SHARE = 0.012;

/**
 * The point that is meant by a click on a trial: markers of the front lie on top, so where one covers the trial in
 * this view, the one on the front is meant.
 */
export function meantBy(trials: readonly TrialDto[], id: string, axes: AxisChoice): string {
  const clicked = trials.find((t) => t.id === id);
  if (!clicked || clicked.onFront) return id;
  const front = trials.filter((t) => t.onFront);
  const distance = (name: ObjectiveName) => {
    const range = extent(front.map((t) => objectiveOf(t, name)));
    const span = range ? range[1] - range[0] : 0;
    const at = objectiveOf(clicked, name);
    return (trial: TrialDto) => {
      const value = objectiveOf(trial, name);
      if (at === undefined || value === undefined) return Number.POSITIVE_INFINITY;
      return at === value ? 0 : Math.abs(value - at) / span;
    };
  };
  const [across, up] = [distance(axes.x), distance(axes.y)];
  const near = front
    .map((trial) => ({ trial, away: Math.max(across(trial), up(trial)) }))
    .filter(({ away }) => away <= COVERED_SHARE)
    .sort((a, b) => a.away - b.away)[0];
  return near?.trial.id ?? id;
}

/** Dominated points kept on screen: SVG markers beyond this make panning slow and say nothing more. */
export const MAX_DOMINATED_SHOWN = 3000;

export interface ScatterGroups {
  readonly front: readonly TrialDto[];
  /** The newest ones, at most `MAX_DOMINATED_SHOWN`. */
  readonly dominated: readonly TrialDto[];
  readonly dominatedTotal: number;
  /** Too few trades, so without all figures, or without a place on the chosen axes. */
  readonly infeasible: number;
}

/** Sorts the trials into what the chart shows and how. Points without a value on an axis have no place. */
export function scatterGroups(trials: readonly TrialDto[], axes: AxisChoice): ScatterGroups {
  const front: TrialDto[] = [];
  const dominated: TrialDto[] = [];
  let infeasible = 0;
  for (const trial of trials) {
    const placed = objectiveOf(trial, axes.x) !== undefined && objectiveOf(trial, axes.y) !== undefined;
    if (!trial.feasible || !placed) infeasible++;
    else if (trial.onFront) front.push(trial);
    else dominated.push(trial);
  }
  return {
    front,
    dominated: dominated.slice(-MAX_DOMINATED_SHOWN),
    dominatedTotal: dominated.length,
    infeasible,
  };
}
