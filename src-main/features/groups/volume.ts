import { Ring } from '../indicators.ts';
import type { FeatureDefinition } from '../types.ts';

/** Log volume against its own window; 0 where the history carries no volume. */
function volumeZ(window: number): FeatureDefinition {
  return {
    name: `volume_z_${window}`,
    doc: `Standard score of ln(1 + volume) within the last ${window} bars; 0 when volume never changes.`,
    warmupBars: window - 1,
    create() {
      const logs = new Ring(window);
      return {
        push(bar) {
          const x = Math.log1p(bar.volume);
          logs.push(x);
          if (!logs.full) return Number.NaN;
          const mean = logs.mean(window);
          const variance = logs.meanSquare(window) - mean * mean;
          return variance > 1e-12 ? (x - mean) / Math.sqrt(variance) : 0;
        },
      };
    },
  };
}

export const VOLUME_FEATURES: readonly FeatureDefinition[] = [volumeZ(48)];
