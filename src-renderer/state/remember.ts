/** Small things a window remembers, in the browser's own storage. Storage may be full or denied; then nothing is kept. */

/** What was kept under `key`, or undefined. */
export function recall(key: string): unknown {
  try {
    const text = localStorage.getItem(`frontier.${key}`);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Keeps a JSON value under `key`. */
export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`frontier.${key}`, JSON.stringify(value));
  } catch {
    // Remembering is a convenience; the workstation works without it.
  }
}

/** The fields of `raw` that pass their check; the fallback's for all others. */
export function pick<T extends object>(
  raw: unknown,
  fallback: T,
  checks: { readonly [K in keyof T]: (value: unknown) => boolean },
): T {
  if (typeof raw !== 'object' || raw === null) return fallback;
  const result = { ...fallback };
  for (const key of Object.keys(checks) as Array<keyof T & string>) {
    const value = (raw as Record<string, unknown>)[key];
    if (value !== undefined && checks[key](value)) result[key] = value as T[typeof key];
  }
  return result;
}
