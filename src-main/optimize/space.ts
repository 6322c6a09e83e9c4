/**
 * The typed search space of a study and its mapping to the unit cube. Samplers see points of [0, 1]^d
 * only; strategies see named genes only; this file is the one place where the two meet.
 */
import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';
import type { StrategyGenes } from '../../src-shared/trading/types.ts';

const name = z.string().min(1).max(64);

const realGene = z.object({ kind: z.literal('real'), name, low: z.number(), high: z.number() });
/** Equal steps in the logarithm; for genes that matter by their ratio, such as risk. */
const logGene = z.object({ kind: z.literal('log'), name, low: z.number().positive(), high: z.number() });
/** low, low + step, ... up to high. */
const integerGene = z.object({
  kind: z.literal('integer'),
  name,
  low: z.int(),
  high: z.int(),
  step: z.int().positive().default(1),
});
const categoricalGene = z.object({
  kind: z.literal('categorical'),
  name,
  choices: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
});

/** One gene of a search space. Bounds are inclusive. */
export const geneSchema = z.discriminatedUnion('kind', [realGene, logGene, integerGene, categoricalGene]);

/** A search space: at least one gene, names unique, ranges not empty. */
export const searchSpaceSchema = z
  .object({ genes: z.array(geneSchema).min(1, 'a search space needs at least one gene') })
  .superRefine((space, context) => {
    const seen = new Set<string>();
    for (const [index, gene] of space.genes.entries()) {
      const problem = geneProblem(gene, seen);
      seen.add(gene.name);
      if (problem) context.addIssue({ code: 'custom', path: ['genes', index], message: problem });
    }
  });

export type Gene = z.infer<typeof geneSchema>;
export type SearchSpace = z.infer<typeof searchSpaceSchema>;
export type GeneValue = number | string | boolean;
/** Gene values by name. */
export type Genes = Readonly<Record<string, GeneValue>>;

function geneProblem(gene: Gene, seen: ReadonlySet<string>): string | undefined {
  if (seen.has(gene.name)) return `gene '${gene.name}' is named twice`;
  if (gene.kind === 'categorical') {
    const distinct = new Set(gene.choices).size === gene.choices.length;
    return distinct ? undefined : `gene '${gene.name}' lists a choice twice`;
  }
  const allowed = gene.kind === 'integer' ? gene.low <= gene.high : gene.low < gene.high;
  return allowed ? undefined : `gene '${gene.name}': low ${gene.low} is not below high ${gene.high}`;
}

/** Checks a space that came from outside. @throws FrontierError BAD_INPUT naming the gene */
export function parseSearchSpace(input: unknown): SearchSpace {
  const parsed = searchSpaceSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const where = issue.path.length > 0 ? ` (${issue.path.join('.')})` : '';
  throw new FrontierError(
    'BAD_INPUT',
    `The search space is not valid: ${issue.message}${where}.`,
    'Give every gene its own name and a range whose low end lies below its high end.',
  );
}

/** A search space bound to the unit cube. Dimension k is gene k. */
export interface SpaceCodec {
  readonly space: SearchSpace;
  readonly dimensions: number;
  /** 1 where the gene has no order, so that variation must not treat neighbours as similar. */
  readonly categorical: Uint8Array;
  /** Moves a point, in place, to the representative of the genes it stands for; equal genes, equal points. */
  snap(point: Float64Array): void;
  /** Genes of a point of [0, 1]^d; coordinates outside are clamped. */
  decode(point: ArrayLike<number>): Genes;
  /** @throws FrontierError BAD_INPUT when a gene is missing, unknown or outside its range */
  encode(genes: Genes): Float64Array;
}

/** @param input checked again, so that a space from a file cannot slip through */
export function createCodec(input: SearchSpace): SpaceCodec {
  const space = parseSearchSpace(input);
  const axes = space.genes.map(createAxis);
  const discrete = axes.map((axis, index) => ({ axis, index })).filter(({ axis }) => axis.cells > 0);
  const names = new Set(space.genes.map((gene) => gene.name));
  return {
    space,
    dimensions: axes.length,
    categorical: Uint8Array.from(space.genes, (gene) => (gene.kind === 'categorical' ? 1 : 0)),
    snap(point) {
      for (const { axis, index } of discrete) {
        point[index] = (cellOf(point[index]!, axis.cells) + 0.5) / axis.cells;
      }
    },
    decode(point) {
      const genes: Record<string, GeneValue> = {};
      for (let k = 0; k < axes.length; k++) genes[space.genes[k]!.name] = axes[k]!.decode(point[k]!);
      return genes;
    },
    encode(genes) {
      for (const key of Object.keys(genes)) if (!names.has(key)) throw geneError(key, 'is not in the space');
      return Float64Array.from(axes, (axis, k) => encodeGene(axis, space.genes[k]!, genes));
    },
  };
}

interface Axis {
  /** Number of equal cells of [0, 1] for discrete genes; 0 for continuous ones. */
  readonly cells: number;
  decode(u: number): GeneValue;
  /** Undefined when the value is outside the range. */
  encode(value: GeneValue): number | undefined;
}

function createAxis(gene: Gene): Axis {
  if (gene.kind === 'categorical') {
    const { choices } = gene;
    return discreteAxis(
      choices.length,
      (cell) => choices[cell]!,
      (value) => choices.indexOf(value),
    );
  }
  if (gene.kind === 'integer') return integerAxis(gene.low, gene.high, gene.step);
  return gene.kind === 'log' ? logAxis(gene.low, gene.high) : realAxis(gene.low, gene.high);
}

function discreteAxis(
  cells: number,
  valueAt: (cell: number) => GeneValue,
  cellFor: (value: GeneValue) => number,
): Axis {
  return {
    cells,
    decode: (u) => valueAt(cellOf(u, cells)),
    encode: (value) => {
      const cell = cellFor(value);
      return cell >= 0 && cell < cells ? (cell + 0.5) / cells : undefined;
    },
  };
}

function integerAxis(low: number, high: number, step: number): Axis {
  const cells = Math.floor((high - low) / step) + 1;
  return discreteAxis(
    cells,
    (cell) => low + cell * step,
    (value) => {
      const cell = typeof value === 'number' ? (value - low) / step : -1;
      return Number.isInteger(cell) ? cell : -1;
    },
  );
}

function realAxis(low: number, high: number): Axis {
  return {
    cells: 0,
    decode: (u) => clamp(low + clamp(u, 0, 1) * (high - low), low, high),
    encode: (value) => (inRange(value, low, high) ? (value - low) / (high - low) : undefined),
  };
}

function logAxis(low: number, high: number): Axis {
  const logLow = Math.log(low);
  const width = Math.log(high) - logLow;
  return {
    cells: 0,
    decode: (u) => clamp(Math.exp(logLow + clamp(u, 0, 1) * width), low, high),
    encode: (value) =>
      inRange(value, low, high) ? clamp((Math.log(value) - logLow) / width, 0, 1) : undefined,
  };
}

function encodeGene(axis: Axis, gene: Gene, genes: Genes): number {
  const value = genes[gene.name];
  if (value === undefined) throw geneError(gene.name, 'is missing');
  const coordinate = axis.encode(value);
  if (coordinate === undefined) throw geneError(gene.name, `has the value ${value}, outside its range`);
  return coordinate;
}

function geneError(gene: string, problem: string): FrontierError {
  return new FrontierError('BAD_INPUT', `Gene '${gene}' ${problem}.`, 'Compare it with the search space.');
}

function cellOf(u: number, cells: number): number {
  return Math.min(cells - 1, Math.max(0, Math.floor(u * cells)));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function inRange(value: GeneValue, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high;
}

/** The genes of the thresholded strategy with the ranges a study searches unless told otherwise. */
export const DEFAULT_SPACE: SearchSpace = {
  genes: [
    { kind: 'real', name: 'entryThreshold', low: 0.2, high: 2.5 },
    { kind: 'real', name: 'stopAtr', low: 0.5, high: 6 },
    { kind: 'real', name: 'targetAtr', low: 0.5, high: 10 },
    { kind: 'log', name: 'riskFraction', low: 0.0025, high: 0.02 },
    { kind: 'integer', name: 'maxHoldingBars', low: 1, high: 96, step: 1 },
  ],
};

const strategyGenesSchema = z.object({
  entryThreshold: z.number().nonnegative(),
  stopAtr: z.number().positive(),
  targetAtr: z.number().positive(),
  riskFraction: z.number().positive().max(1),
  maxHoldingBars: z.int().positive(),
});

/** The genes as the strategy takes them. @throws FrontierError BAD_INPUT when one is missing or impossible */
export function toStrategyGenes(genes: Genes): StrategyGenes {
  const parsed = strategyGenesSchema.safeParse(genes);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw geneError(issue.path.join('.'), `does not suit the strategy: ${issue.message}`);
}
