import type { SpanDto, SpanName } from '../../../src-shared/contract/common.ts';

export interface SpanPiece {
  readonly kind: 'span' | 'gap';
  readonly name: SpanName | 'embargo';
  /** Share of the whole strip, 0 to 1. */
  readonly share: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bars: number;
}

/** What each part of history was used for. */
export const SPAN_USE: Readonly<Record<SpanName | 'embargo', string>> = {
  train: 'The network was fitted here.',
  validation: 'Decided when to stop fitting.',
  calibration: 'Sized the forecast band.',
  optimisation: 'Studies tune the strategy here.',
  test: 'Judged only: nothing was fitted here.',
  replay: 'Kept for the paper session.',
  embargo: 'Left out, so that no outcome reaches into the next part.',
};

/** The spans in time order with the gaps between them, by number of bars. */
export function spanPieces(spans: readonly SpanDto[]): SpanPiece[] {
  const ordered = [...spans].sort((a, b) => a.from - b.from);
  const first = ordered[0];
  const last = ordered.at(-1);
  if (!first || !last) return [];
  const total = Math.max(1, last.to - first.from);
  const pieces: SpanPiece[] = [];
  let before: SpanDto | undefined;
  for (const span of ordered) {
    if (before && span.from > before.to) {
      const bars = span.from - before.to;
      const gap = { fromMs: before.toMs, toMs: span.fromMs };
      pieces.push({ kind: 'gap', name: 'embargo', share: bars / total, bars, ...gap });
    }
    const bars = span.to - span.from;
    const { name, fromMs, toMs } = span;
    pieces.push({ kind: 'span', name, share: bars / total, bars, fromMs, toMs });
    before = span;
  }
  return pieces;
}
