import type { SourceSpan } from './barsFiles.ts';

/** Spans by provider and time, those of one provider that overlap or touch joined, empty ones left out. */
export function joinSpans(spans: readonly SourceSpan[]): SourceSpan[] {
  const joined: SourceSpan[] = [];
  const ordered = spans
    .filter((s) => s.fromMs < s.toMs)
    .sort((a, b) =>
      a.providerId === b.providerId ? a.fromMs - b.fromMs : a.providerId < b.providerId ? -1 : 1,
    );
  for (const { providerId, fromMs, toMs } of ordered) {
    const last = joined.at(-1);
    if (last === undefined || last.providerId !== providerId || fromMs > last.toMs) {
      joined.push({ providerId, fromMs, toMs });
    } else if (toMs > last.toMs) {
      joined[joined.length - 1] = { ...last, toMs };
    }
  }
  return joined;
}
