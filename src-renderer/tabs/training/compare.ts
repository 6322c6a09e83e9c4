import type { ListedModel, TrainingRunDto } from '../../../src-shared/contract/training.ts';
import { formatDuration, formatNumber, formatPct, formatSigned, UNKNOWN } from '../../ui/format.ts';
import { bestPoint, lossText, thin } from './curve.ts';
import { settingLabel } from './familySettings.ts';
import { FIELDS } from './fields.ts';
import { engineText } from './runText.ts';
import { shownSetting } from './SettingsList.tsx';

/** One line of a comparison: a name and its value in each run. */
export interface CompareRow {
  readonly key: string;
  readonly label: string;
  readonly values: readonly string[];
  /** Where the best run stands, of figures that have a better and a worse. */
  readonly best?: number;
}

function flatSettings(run: TrainingRunDto): Map<string, unknown> {
  const { model, ...rest } = run.input;
  const own = Object.entries(model).map(([name, value]) => [`model.${name}`, value] as const);
  return new Map<string, unknown>([...Object.entries(rest), ...own]);
}

function settingName(key: string): string {
  const name = key.replace(/^model\./, '');
  return FIELDS.find((f) => f.name === key)?.label ?? settingLabel(name);
}

/** The settings in which the runs are not all the same; what a run does not have reads as unknown. */
export function differingSettings(runs: readonly TrainingRunDto[]): CompareRow[] {
  const settings = runs.map(flatSettings);
  const keys = [...new Set(settings.flatMap((s) => [...s.keys()]))];
  return keys.flatMap((key) => {
    const values = settings.map((s) => (s.has(key) ? shownSetting(s.get(key), key) : UNKNOWN));
    return new Set(values).size > 1 ? [{ key, label: settingName(key), values }] : [];
  });
}

interface Metric {
  readonly key: string;
  readonly label: string;
  readonly of: (run: TrainingRunDto, model: ListedModel | undefined) => number | undefined;
  readonly format: (v: number) => string;
  readonly better: 'low' | 'high' | 'none';
}

const METRICS: readonly Metric[] = [
  {
    key: 'bestValidation',
    label: 'Best validation loss',
    of: (r) => r.bestValidation ?? bestPoint(r.curve)?.validation,
    format: lossText,
    better: 'low',
  },
  {
    key: 'finalLoss',
    label: 'Last training loss',
    of: (r) => r.finalLoss ?? r.curve.at(-1)?.train,
    format: lossText,
    better: 'none',
  },
  {
    key: 'r2',
    label: 'Test R²',
    of: (_r, m) => m?.testR2 ?? undefined,
    format: (v) => formatSigned(v, 4),
    better: 'high',
  },
  {
    key: 'rank',
    label: 'Rank correlation',
    of: (_r, m) => m?.testRankCorrelation ?? undefined,
    format: (v) => formatSigned(v, 3),
    better: 'high',
  },
  {
    key: 'coverage',
    label: 'Coverage achieved',
    of: (_r, m) => m?.conformal?.achieved,
    format: (v) => formatPct(100 * v, { digits: 1 }),
    better: 'none',
  },
  {
    key: 'parameters',
    label: 'Parameters',
    of: (_r, m) => m?.parameters,
    format: (v) => formatNumber(v),
    better: 'none',
  },
  { key: 'steps', label: 'Steps', of: (r) => r.step, format: (v) => formatNumber(v), better: 'none' },
  {
    key: 'seconds',
    label: 'Time',
    of: (r) => r.seconds,
    format: (v) => formatDuration(v * 1000),
    better: 'low',
  },
  {
    key: 'stepsPerSecond',
    label: 'Steps per second',
    of: (r) => r.stepsPerSecond,
    format: (v) => formatNumber(v, 0),
    better: 'high',
  },
];

/** Place of the one best value; undefined where none or several are best. */
export function bestOf(
  values: readonly (number | undefined)[],
  better: Metric['better'],
): number | undefined {
  if (better === 'none') return undefined;
  const known = values.filter((v): v is number => v !== undefined && Number.isFinite(v));
  if (known.length < 2) return undefined;
  const best = better === 'low' ? Math.min(...known) : Math.max(...known);
  return known.filter((v) => v === best).length === 1 ? values.indexOf(best) : undefined;
}

/** Figures that say nothing against those of another target. */
const OF_TARGET: ReadonlySet<string> = new Set(['r2', 'rank']);

/** What came out of each run. Losses of different kinds are not told better or worse. */
export function comparedMetrics(
  runs: readonly TrainingRunDto[],
  models: readonly ListedModel[],
): CompareRow[] {
  const sameLoss =
    new Set(runs.map((r) => `${r.input.loss} ${r.input.symbol} ${r.input.timeframe}`)).size === 1;
  const sameTarget =
    new Set(runs.map(({ input: i }) => `${i.symbol} ${i.timeframe} ${i.horizonBars}`)).size === 1;
  const rows = METRICS.map(({ key, label, of, format, better }) => {
    const values = runs.map((r) =>
      of(
        r,
        models.find((m) => m.id === r.modelId),
      ),
    );
    const comparable = key === 'bestValidation' ? sameLoss : !OF_TARGET.has(key) || sameTarget;
    const texts = values.map((v) => (v === undefined ? UNKNOWN : format(v)));
    const place = comparable ? bestOf(values, better) : undefined;
    // What reads the same is not told better.
    const best =
      texts.filter((t) => place !== undefined && t === texts[place]).length === 1 ? place : undefined;
    return {
      key,
      label,
      values: texts,
      ...(best === undefined ? {} : { best }),
    };
  });
  return [...rows, { key: 'engine', label: 'Engine', values: runs.map(engineText) }];
}

/** Lines of a run are told apart by colour and dashes both. */
export const DASHES = ['solid', 'dash', 'dot', 'dashdot', 'longdash', 'longdashdot'] as const;

/** Points of one line of the overlay, at most. */
const MOST_POINTS = 1500;

export interface OverlayLine {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A run's curve by step or by share of the run. */
export function overlayLine(
  run: TrainingRunDto,
  loss: 'train' | 'validation',
  by: 'step' | 'share',
): OverlayLine {
  const points = thin(run.curve, MOST_POINTS).flatMap((p) => {
    const v = p[loss];
    return v === undefined ? [] : [{ step: p.step, v }];
  });
  const last = Math.max(1, run.totalSteps);
  return {
    x: points.map((p) => (by === 'step' ? p.step : (100 * p.step) / last)),
    y: points.map((p) => p.v),
  };
}
