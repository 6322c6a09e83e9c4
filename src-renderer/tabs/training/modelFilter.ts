import type { ListedModel } from '../../../src-shared/contract/training.ts';
import { familyLabel } from '../../ui/models.tsx';

export interface ModelFilter {
  readonly text: string;
  /** Empty is all. */
  readonly role: string;
  /** Only the market on screen. */
  readonly here: boolean;
  /** Also records whose files are gone. */
  readonly gone: boolean;
}

export const NO_FILTER: ModelFilter = { text: '', role: '', here: false, gone: true };

/** The models that pass. Every word of the text must occur in market, family, version, engine or id. */
export function filterModels(
  models: readonly ListedModel[],
  filter: ModelFilter,
  market: { readonly symbol: string | undefined; readonly timeframe: string | undefined },
): ListedModel[] {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
  return models.filter((m) => {
    if (filter.role !== '' && m.role !== filter.role) return false;
    if (filter.here && (m.symbol !== market.symbol || m.timeframe !== market.timeframe)) return false;
    if (!filter.gone && !m.present) return false;
    const text =
      `${m.symbol} ${m.timeframe} ${m.family} ${familyLabel(m.family)} v${m.version} ${m.engine} ${m.id}`.toLowerCase();
    return words.every((w) => text.includes(w));
  });
}
