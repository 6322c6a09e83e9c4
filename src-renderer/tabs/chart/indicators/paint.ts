/** Strokes and areas of indicators on a canvas: visible rows only, at most a few strokes per pixel column. */
import type { ChartColors } from '../../../ui/colors.ts';
import { withAlpha } from '../../../ui/colors.ts';
import type { ShownIndicator, ShownOutput } from './shown.ts';

/** Where rows and values lie. Pixels of the pane. */
export interface Scales {
  /** X of row 0 and distance of neighbouring rows. */
  readonly x0: number;
  readonly dx: number;
  readonly width: number;
  readonly y: (value: number) => number | null;
}
type Context = Pick<
  CanvasRenderingContext2D,
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'stroke'
  | 'fill'
  | 'closePath'
  | 'fillRect'
  | 'arc'
  | 'setLineDash'
  | 'strokeStyle'
  | 'fillStyle'
  | 'lineWidth'
  | 'lineJoin'
>;

/** First and last row (inclusive) of an output that can be seen, one beyond each edge. */
export function visibleRows(scales: Scales, shift: number, count: number): readonly [number, number] {
  const from = Math.floor(-scales.x0 / scales.dx) - 1 - shift;
  const to = Math.ceil((scales.width - scales.x0) / scales.dx) + 1 - shift;
  return [Math.max(0, from), Math.min(count - 1, to)];
}

/** A point of a path: a row, or the rows of one pixel column as first, least, most and last value. */
function trace(ctx: Context, output: ShownOutput, scales: Scales): void {
  const { values, shift, definition, begins } = output;
  const [from, to] = visibleRows(scales, shift, values.length);
  // Where rows crowd, one pixel column takes several: what is drawn then is where the line went inside it.
  const stride = Math.max(1, Math.floor(1 / scales.dx));
  let open = false;
  let before = Number.NaN;
  ctx.beginPath();
  for (let i = from - (from % stride); i <= to; i += stride) {
    const x = scales.x0 + (i + shift) * scales.dx;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    let last = Number.NaN;
    for (let k = Math.max(0, i); k < Math.min(values.length, i + stride); k++) {
      last = values[k]!;
      if (begins?.[k] === 1) open = false;
      if (last < least) least = last;
      if (last > most) most = last;
    }
    if (Number.isNaN(last)) {
      open = false;
      continue;
    }
    if (definition.steps && open && last !== before) open = false;
    before = last;
    for (const value of stride === 1 || least === most ? [last] : [least, most, last]) {
      const y = scales.y(value);
      if (y === null) continue;
      if (definition.steps && !open) ctx.moveTo(x - scales.dx / 2, y);
      else if (!open) ctx.moveTo(x, y);
      ctx.lineTo(definition.steps ? x + scales.dx / 2 : x, y);
      open = true;
    }
  }
}

function drawLine(ctx: Context, output: ShownOutput, scales: Scales, width: number): void {
  ctx.strokeStyle = output.color;
  ctx.lineWidth = width;
  ctx.lineJoin = 'round';
  ctx.setLineDash(output.definition.dashed ? [4, 3] : []);
  trace(ctx, output, scales);
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawDots(ctx: Context, output: ShownOutput, scales: Scales, width: number): void {
  const [from, to] = visibleRows(scales, output.shift, output.values.length);
  const stride = Math.max(1, Math.floor(1 / scales.dx));
  const radius = Math.min(1.2 + width * 0.4, Math.max(0.6, scales.dx * 0.25));
  ctx.fillStyle = output.color;
  ctx.beginPath();
  for (let i = from; i <= to; i += stride) {
    const y = Number.isNaN(output.values[i]!) ? null : scales.y(output.values[i]!);
    if (y === null) continue;
    const x = scales.x0 + (i + output.shift) * scales.dx;
    ctx.moveTo(x + radius, y);
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
}

/** Which of two colours the bar of a row has. */
type Rising = (row: number) => boolean;

function drawBars(
  ctx: Context,
  output: ShownOutput,
  scales: Scales,
  colors: ChartColors,
  rising: Rising,
): void {
  const { values, shift, definition } = output;
  const [from, to] = visibleRows(scales, shift, values.length);
  const base = scales.y(0);
  if (base === null) return;
  const stride = Math.max(1, Math.floor(1 / scales.dx));
  const wide = Math.max(1, scales.dx * 0.7);
  const up = withAlpha(output.color, 0.7);
  const down = withAlpha(colors.down, 0.7);
  for (let i = from - (from % stride); i <= to; i += stride) {
    // The farthest from zero stands for its pixel column.
    let row = -1;
    for (let k = Math.max(0, i); k < Math.min(values.length, i + stride); k++) {
      if (row < 0 ? !Number.isNaN(values[k]!) : Math.abs(values[k]!) > Math.abs(values[row]!)) row = k;
    }
    const value = row < 0 ? Number.NaN : values[row]!;
    const y = Number.isNaN(value) ? null : scales.y(value);
    if (y === null) continue;
    ctx.fillStyle = (definition.tone === 'bar' ? rising(row) : value >= 0) ? up : down;
    const x = scales.x0 + (i + shift) * scales.dx - wide / 2;
    ctx.fillRect(x, Math.min(y, base), wide, Math.max(0.5, Math.abs(y - base)));
  }
}

interface Edge {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

function fillRun(ctx: Context, run: readonly Edge[], color: string): void {
  if (run.length < 2) return;
  ctx.fillStyle = color;
  ctx.beginPath();
  for (const e of run) ctx.lineTo(e.x, e.top);
  for (let i = run.length - 1; i >= 0; i--) ctx.lineTo(run[i]!.x, run[i]!.bottom);
  ctx.closePath();
  ctx.fill();
}

/** The point between two edges where the two lines meet. */
function crossing(a: Edge, b: Edge): Edge {
  const [da, db] = [a.top - a.bottom, b.top - b.bottom];
  const share = da / (da - db);
  const y = a.top + share * (b.top - a.top);
  return { x: a.x + share * (b.x - a.x), top: y, bottom: y };
}

function drawFill(
  ctx: Context,
  upper: ShownOutput,
  lower: ShownOutput,
  scales: Scales,
  colorOf: (upperIsAbove: boolean) => string,
): void {
  const [from, to] = visibleRows(scales, upper.shift, upper.values.length);
  const stride = Math.max(1, Math.floor(1 / scales.dx));
  let run: Edge[] = [];
  let above = true;
  const flush = () => {
    fillRun(ctx, run, colorOf(above));
    run = [];
  };
  for (let i = from - (from % stride); i <= to; i += stride) {
    const [u, l] = [upper.values[i]!, lower.values[i]!];
    const top = Number.isNaN(u) ? null : scales.y(u);
    const bottom = Number.isNaN(l) ? null : scales.y(l);
    if (top === null || bottom === null) {
      flush();
      continue;
    }
    const edge = { x: scales.x0 + (i + upper.shift) * scales.dx, top, bottom };
    const before = run.at(-1);
    const isAbove = u >= l;
    if (before && isAbove !== above) {
      const meeting = crossing(before, edge);
      run.push(meeting);
      flush();
      run.push(meeting);
    }
    above = isAbove;
    run.push(edge);
  }
  flush();
}

function drawFills(ctx: Context, shown: ShownIndicator, scales: Scales, colors: ChartColors): void {
  for (const fill of shown.definition.fills ?? []) {
    const upper = shown.outputs.find((o) => o.definition.key === fill.upper);
    const lower = shown.outputs.find((o) => o.definition.key === fill.lower);
    if (!upper || !lower) continue;
    const alpha = colors.scheme === 'dark' ? 0.08 : 0.09;
    drawFill(ctx, upper, lower, scales, (isAbove) =>
      withAlpha(fill.tone === 'signed' && !isAbove ? lower.color : upper.color, alpha),
    );
  }
}

function drawLevels(ctx: Context, shown: ShownIndicator, scales: Scales, colors: ChartColors): void {
  ctx.strokeStyle = withAlpha(colors.crosshair, 0.7);
  ctx.lineWidth = 1;
  ctx.setLineDash([2, 3]);
  ctx.beginPath();
  for (const level of shown.definition.levels ?? []) {
    const y = scales.y(level);
    if (y === null) continue;
    ctx.moveTo(0, Math.round(y) + 0.5);
    ctx.lineTo(scales.width, Math.round(y) + 0.5);
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Draws an indicator: levels, areas, histogram, lines, dots, in this order. */
export function paintIndicator(
  ctx: Context,
  shown: ShownIndicator,
  scales: Scales,
  colors: ChartColors,
  rising: Rising,
): void {
  if (!shown.instance.visible || !(scales.dx > 0)) return;
  if (shown.definition.group === 'pane') drawLevels(ctx, shown, scales, colors);
  drawFills(ctx, shown, scales, colors);
  const { width } = shown.instance;
  for (const output of shown.outputs) {
    const { style } = output.definition;
    if (style === 'bars') drawBars(ctx, output, scales, colors, rising);
    else if (style === 'dots') drawDots(ctx, output, scales, width);
    else drawLine(ctx, output, scales, width + 0.3);
  }
}

/** Least and most value of outputs on visible rows; undefined where nothing is known. */
export function valueRange(
  outputs: readonly ShownOutput[],
  fromLogical: number,
  toLogical: number,
): { readonly minValue: number; readonly maxValue: number } | undefined {
  let minValue = Number.POSITIVE_INFINITY;
  let maxValue = Number.NEGATIVE_INFINITY;
  for (const { values, shift, definition } of outputs) {
    const from = Math.max(0, Math.floor(fromLogical) - shift);
    const to = Math.min(values.length - 1, Math.ceil(toLogical) - shift);
    for (let i = from; i <= to; i++) {
      const v = values[i]!;
      if (v < minValue) minValue = v;
      if (v > maxValue) maxValue = v;
    }
    // A histogram stands on zero.
    if (definition.style !== 'bars' || from > to) continue;
    minValue = Math.min(minValue, 0);
    maxValue = Math.max(maxValue, 0);
  }
  if (minValue > maxValue) return undefined;
  return { minValue, maxValue };
}
