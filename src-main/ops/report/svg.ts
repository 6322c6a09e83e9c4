/** Small charts as SVG text, for reports that must open anywhere without a script. */

const WIDTH = 760;
const HEIGHT = 220;
const MARGIN = { left: 64, right: 12, top: 10, bottom: 26 };

export interface Line {
  readonly name: string;
  readonly color: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

interface Scale {
  readonly min: number;
  readonly max: number;
  (value: number): number;
}

function scale(values: readonly number[], from: number, to: number): Scale {
  const finite = values.filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const pad = high > low ? 0 : Math.abs(high) * 0.01 + 1e-9;
  const [min, max] = [low - pad, high + pad];
  return Object.assign((value: number): number => from + ((value - min) / (max - min)) * (to - from), {
    min,
    max,
  });
}

const escapeXml = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function frame(
  xText: (value: number) => string,
  yText: (value: number) => string,
  x: Scale,
  y: Scale,
): string {
  const parts: string[] = [];
  for (let i = 0; i <= 4; i++) {
    const value = y.min + ((y.max - y.min) * i) / 4;
    const at = y(value).toFixed(1);
    parts.push(`<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" class="grid"/>`);
    parts.push(
      `<text x="${MARGIN.left - 6}" y="${at}" dy="4" text-anchor="end">${escapeXml(yText(value))}</text>`,
    );
  }
  for (let i = 0; i <= 4; i++) {
    const value = x.min + ((x.max - x.min) * i) / 4;
    const anchor = i === 0 ? 'start' : i === 4 ? 'end' : 'middle';
    parts.push(
      `<text x="${x(value).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="${anchor}">${escapeXml(xText(value))}</text>`,
    );
  }
  return parts.join('');
}

const svg = (label: string, body: string): string =>
  `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(label)}">${body}</svg>`;

/** Lines over a common axis; names are written below. Empty input gives an empty text. */
export function lineChart(
  label: string,
  lines: readonly Line[],
  xText: (v: number) => string,
  yText: (v: number) => string,
): string {
  const used = lines.filter((line) => line.x.length > 1);
  if (used.length === 0) return '';
  const x = scale(
    used.flatMap((l) => l.x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = scale(
    used.flatMap((l) => l.y),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const paths = used.map((line) => {
    const points = line.x.map((value, i) => `${x(value).toFixed(1)},${y(line.y[i]!).toFixed(1)}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${line.color}" stroke-width="1.5"/>`;
  });
  const legend = used
    .map((l) => `<span><i style="background:${l.color}"></i>${escapeXml(l.name)}</span>`)
    .join('');
  return `<figure>${svg(label, frame(xText, yText, x, y) + paths.join(''))}<figcaption>${legend}</figcaption></figure>`;
}

export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly kind: 'dominated' | 'front' | 'chosen';
}

const DOTS: Readonly<Record<Dot['kind'], string>> = {
  dominated: 'r="2.5" class="dominated"',
  front: 'r="4" class="front"',
  chosen: 'r="7" class="chosen"',
};

/** Points of a study; the front above the dominated ones, the chosen one ringed. */
export function scatterChart(
  label: string,
  dots: readonly Dot[],
  xText: (v: number) => string,
  yText: (v: number) => string,
): string {
  if (dots.length === 0) return '';
  const x = scale(
    dots.map((d) => d.x),
    MARGIN.left + 8,
    WIDTH - MARGIN.right - 8,
  );
  const y = scale(
    dots.map((d) => d.y),
    HEIGHT - MARGIN.bottom - 8,
    MARGIN.top + 8,
  );
  const order = ['dominated', 'front', 'chosen'];
  const circles = [...dots]
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map((d) => `<circle cx="${x(d.x).toFixed(1)}" cy="${y(d.y).toFixed(1)}" ${DOTS[d.kind]}/>`);
  return `<figure>${svg(label, frame(xText, yText, x, y) + circles.join(''))}</figure>`;
}
