import type { ClockZone } from '../../state/preferences.ts';

/**
 * The instant that was typed as `2015-03`, `2015-03-04` or `2015-03-04 13:30`, in the shown zone; a month alone is its first day.
 * @returns undefined for anything else, and for days and times that do not exist
 */
export function typedInstant(text: string, zone: ClockZone): number | undefined {
  const found = /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(
    text.trim(),
  );
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found
    .slice(1)
    .map((part, i) => (part === undefined ? (i === 2 ? 1 : 0) : Number(part))) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(asUtc);
  const exists =
    back.getUTCMonth() === month - 1 &&
    back.getUTCDate() === day &&
    back.getUTCHours() === hour &&
    minute < 60;
  if (!exists || second >= 60) return undefined;
  if (zone === 'utc') return asUtc;
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}
