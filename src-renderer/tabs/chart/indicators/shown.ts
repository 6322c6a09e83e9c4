import type { BarColumnsDto } from '../../../../src-shared/contract/data.ts';
import {
  computeIndicator,
  type IndicatorContext,
  type IndicatorDef,
  indicatorById,
  indicatorTitle,
  type OutputDef,
} from '../../../../src-shared/indicators/index.ts';
import type { ChartColors } from '../../../ui/colors.ts';
import { formatNumber, formatPct, UNKNOWN } from '../../../ui/format.ts';
import type { IndicatorInstance } from './indicatorStore.ts';

/** One output with its values and the colour it is drawn in. */
export interface ShownOutput {
  readonly definition: OutputDef;
  /** One per bar, NaN where it is not known. */
  readonly values: Float64Array;
  readonly shift: number;
  /** 1 for bars at which the line begins anew. */
  readonly begins?: Uint8Array | undefined;
  readonly color: string;
}
/** An indicator as it is drawn. */
export interface ShownIndicator {
  readonly instance: IndicatorInstance;
  readonly definition: IndicatorDef;
  readonly title: string;
  readonly outputs: readonly ShownOutput[];
}

type Computed = ReturnType<typeof computeIndicator>;
interface Kept {
  readonly bars: BarColumnsDto;
  readonly key: string;
  readonly computed: Computed;
}

/** Values of the indicators of one chart; computes those anew whose bars or parameters have changed. */
export class IndicatorValues {
  readonly #kept = new Map<string, Kept>();

  of(instance: IndicatorInstance, bars: BarColumnsDto, context: IndicatorContext): Computed {
    const key = JSON.stringify([instance.kind, instance.values, context]);
    const kept = this.#kept.get(instance.id);
    if (kept && kept.bars === bars && kept.key === key) return kept.computed;
    const computed = computeIndicator(indicatorById(instance.kind), instance.values, bars, context);
    this.#kept.set(instance.id, { bars, key, computed });
    return computed;
  }

  /** Forgets indicators that are gone. */
  keepOnly(instances: readonly IndicatorInstance[]): void {
    const ids = new Set(instances.map((x) => x.id));
    for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id);
  }
}

/** The palette's colour of an output. What follows the sign or the bar has the colour of the rising side. */
export function toneColor(tone: OutputDef['tone'], colors: ChartColors): string {
  if (typeof tone === 'number') return colors.series[tone % colors.series.length]!;
  if (tone === 'down') return colors.down;
  return tone === 'faint' ? colors.dim : colors.up;
}

/** An indicator with its values and colours. */
export function showIndicator(
  instance: IndicatorInstance,
  computed: Computed,
  colors: ChartColors,
): ShownIndicator {
  const definition = indicatorById(instance.kind);
  return {
    instance,
    definition,
    title: indicatorTitle(definition, instance.values),
    outputs: definition.outputs.map((output, k) => ({
      definition: output,
      values: computed[k]!.values,
      shift: computed[k]!.shift,
      begins: computed[k]!.begins,
      color: instance.colors[output.key] ?? toneColor(output.tone, colors),
    })),
  };
}

function compact(v: number): string {
  const size = Math.abs(v);
  if (size >= 1e9) return `${formatNumber(v / 1e9, 2)}B`;
  if (size >= 1e6) return `${formatNumber(v / 1e6, 2)}M`;
  return size >= 1e4 ? `${formatNumber(v / 1e3, 1)}k` : formatNumber(v, 0);
}

/** A value as the legend and the axis write it. @param digits of the instrument's prices */
export function formatValue(value: number | undefined, definition: IndicatorDef, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  if (definition.unit === 'volume') return compact(value);
  if (definition.unit === 'percent') return formatPct(value);
  if (definition.unit === 'number') return formatNumber(value, 2, 2);
  // Differences of prices are smaller than prices.
  const decimals = definition.group === 'pane' ? digits + 1 : digits;
  return formatNumber(value, decimals, decimals);
}
