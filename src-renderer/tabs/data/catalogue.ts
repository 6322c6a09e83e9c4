import type { DatasetDto } from '../../../src-shared/contract/data.ts';

/**
 * The histories that contain every word of a text in symbol, timeframe, side, source, format or provider. `EUR h1 bid`
 * finds EURUSD H1 of bid prices.
 */
export function filterHistories(all: readonly DatasetDto[], text: string): readonly DatasetDto[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return all;
  return all.filter((d) => {
    const where = [d.symbol, d.timeframe, d.priceSide, d.source, d.format, d.providerId ?? 'file']
      .join(' ')
      .toLowerCase();
    return words.every((word) => where.includes(word));
  });
}

/** Why a history cannot be brought up to date over the network; undefined where it can. */
export function whyNoUpdate(d: DatasetDto): string | undefined {
  if (d.providerId !== null) return undefined;
  if (d.synthetic) return 'The demo market is generated: it has nothing newer.';
  return 'It came from a file. Import a newer file and merge it, or download the symbol from a provider.';
}

/** Where a history is from, in a few words. */
export function originOf(d: DatasetDto): string {
  return d.providerId ?? d.source;
}
