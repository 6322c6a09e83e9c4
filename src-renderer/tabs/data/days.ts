/** Days as date fields write them, `YYYY-MM-DD`, in UTC. */

const DAY_MS = 86_400_000;

/** First instant of a day; undefined for an empty or impossible one. */
export function dayStart(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const ms = Date.parse(`${day}T00:00:00Z`);
  // Parsing accepts the 31st of every month and moves on to the next.
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(day) ? ms : undefined;
}

/** Last millisecond of a day. */
export function dayEnd(day: string): number | undefined {
  const start = dayStart(day);
  return start === undefined ? undefined : start + DAY_MS - 1;
}

/** The day of an instant. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
