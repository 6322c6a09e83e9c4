import type { ObjectiveName, TrialDto } from '../../../src-shared/contract/optimize.ts';
import { OBJECTIVE_DIRECTION } from '../../../src-shared/contract/optimize.ts';
import { formatNumber } from '../../ui/format.ts';
import { formatField, GENE_FIELDS } from '../../ui/genes.ts';
import type { PlotLayout, PlotTrace } from '../../ui/Plot.tsx';
import type { ChartColors } from '../../ui/theme.ts';
import { AXES, type AxisChoice, extent, markerSizes, objectiveOf, type ScatterGroups } from './pareto.ts';

/** Blue-grey to yellow after Cividis: rises evenly in lightness and reads the same with colour blindness. */
const SCALES: Readonly<Record<ChartColors['scheme'], readonly (readonly [number, string])[]>> = {
  dark: [
    [0, '#43547e'],
    [0.35, '#6f7487'],
    [0.65, '#a89f76'],
    [1, '#ffe652'],
  ],
  light: [
    [0, '#00285c'],
    [0.35, '#4d5771'],
    [0.65, '#8f8664'],
    [1, '#d9b400'],
  ],
};

/** An objective with its unit. */
export function formatObjective(trial: TrialDto, name: ObjectiveName): string {
  const { decimals, unit } = AXES[name];
  const text = formatNumber(objectiveOf(trial, name), decimals, decimals);
  return unit === '' ? text : `${text} ${unit}`;
}

/** What hovering a point tells: its objectives and its genes. */
export function hoverText(trial: TrialDto, recommended: boolean): string {
  const objectives = (Object.keys(AXES) as ObjectiveName[]).map(
    (name) => `${AXES[name].label} <b>${formatObjective(trial, name)}</b>`,
  );
  const genes = GENE_FIELDS.map((field) => `${field.label} ${formatField(field, trial.genes[field.key])}`);
  const title = `<b>Trial ${trial.number}</b>${recommended ? ' ★ recommended' : ''}, ${trial.trades} trades`;
  return [title, ...objectives, '', ...genes].join('<br>');
}

export interface ScatterInput {
  readonly groups: ScatterGroups;
  readonly axes: AxisChoice;
  readonly selectedId: string | undefined;
  readonly recommendedId: string | undefined;
  readonly colors: ChartColors;
}

function positions(trials: readonly TrialDto[], axes: AxisChoice) {
  return {
    type: 'scatter',
    mode: 'markers',
    x: trials.map((t) => objectiveOf(t, axes.x)),
    y: trials.map((t) => objectiveOf(t, axes.y)),
    customdata: trials.map((t) => t.id),
  };
}

/** Rings and stars sit on top of points; they must not swallow the pointer. */
function overlay(trials: readonly TrialDto[], axes: AxisChoice, marker: object): PlotTrace {
  return { ...positions(trials, axes), hoverinfo: 'skip', marker };
}

/** The traces of the Pareto chart: dominated points faint, the front in colour and size, marks on top. */
export function scatterTraces({
  groups,
  axes,
  selectedId,
  recommendedId,
  colors,
}: ScatterInput): PlotTrace[] {
  const shown = [...groups.dominated, ...groups.front];
  const colorOf = (trials: readonly TrialDto[]) => trials.map((t) => objectiveOf(t, axes.color) ?? null);
  const [cmin, cmax] = extent(shown.map((t) => objectiveOf(t, axes.color))) ?? [0, 1];
  const sizeRange = extent(shown.map((t) => objectiveOf(t, axes.size))) ?? [0, 1];
  const sizeOf = (trials: readonly TrialDto[], pixels: readonly [number, number]) =>
    markerSizes(
      trials.map((t) => objectiveOf(t, axes.size)),
      sizeRange,
      pixels,
    );
  const scale = { cmin, cmax, colorscale: SCALES[colors.scheme] };
  const colorbar = {
    title: { text: AXES[axes.color].title, side: 'right', font: { size: 11 } },
    thickness: 10,
    outlinewidth: 0,
    len: 0.9,
    xpad: 8,
  };
  const text = (trials: readonly TrialDto[]) => trials.map((t) => hoverText(t, t.id === recommendedId));
  const marked = (id: string | undefined) => shown.filter((t) => t.id === id);
  return [
    {
      ...positions(groups.dominated, axes),
      name: 'Dominated',
      text: text(groups.dominated),
      hoverinfo: 'text',
      marker: {
        ...scale,
        color: colorOf(groups.dominated),
        size: sizeOf(groups.dominated, [4, 9]),
        opacity: 0.28,
      },
    },
    {
      ...positions(groups.front, axes),
      name: 'Front',
      text: text(groups.front),
      hoverinfo: 'text',
      marker: {
        ...scale,
        color: colorOf(groups.front),
        size: sizeOf(groups.front, [8, 20]),
        opacity: 0.95,
        line: { width: 1, color: colors.text },
        showscale: true,
        colorbar,
      },
    },
    overlay(marked(recommendedId), axes, {
      symbol: 'star',
      size: 13,
      color: colors.text,
      line: { width: 1.5, color: colors.background },
    }),
    overlay(marked(selectedId), axes, {
      symbol: 'circle-open',
      size: 28,
      color: colors.accent,
      line: { width: 2.5, color: colors.accent },
    }),
  ];
}

function axisTitle(name: ObjectiveName): string {
  const { label, unit } = AXES[name];
  return `${unit === '' ? label : `${label}, ${unit}`} (${OBJECTIVE_DIRECTION[name] === 'maximise' ? '↑' : '↓'} better)`;
}

/** A range around the front with room for its neighbours; undefined lets Plotly choose. */
export function frontRange(front: readonly TrialDto[], name: ObjectiveName): [number, number] | undefined {
  const range = extent(front.map((t) => objectiveOf(t, name)));
  if (!range) return undefined;
  const [low, high] = range;
  const room = high > low ? 0.25 * (high - low) : Math.max(1, Math.abs(high)) * 0.25;
  return [low - room, high + room];
}

/** Axes of the Pareto chart, named with units and with the direction that is better. */
export function scatterLayout(
  axes: AxisChoice,
  front: readonly TrialDto[],
  fit: 'front' | 'all',
): PlotLayout {
  const rangeOf = (name: ObjectiveName) => {
    const range = fit === 'front' ? frontRange(front, name) : undefined;
    return range ? { range, autorange: false } : { autorange: true };
  };
  return {
    xaxis: {
      ...rangeOf(axes.x),
      title: { text: axisTitle(axes.x), standoff: 8 },
    },
    yaxis: {
      ...rangeOf(axes.y),
      title: { text: axisTitle(axes.y), standoff: 8 },
    },
    margin: { l: 56, r: 8, t: 10, b: 44 },
    hoverdistance: 12,
  };
}
