export interface ZoneOption {
  readonly value: string;
  readonly label: string;
}

/** Zones that history files are often written in. */
const OFTEN: readonly ZoneOption[] = [
  { value: 'UTC', label: 'UTC' },
  { value: '-05:00', label: '−05:00, New York without summer time (HistData)' },
  { value: 'Europe/Athens', label: 'Europe/Athens (many MetaTrader servers)' },
  { value: 'America/New_York', label: 'America/New_York' },
  { value: 'Europe/London', label: 'Europe/London' },
  { value: 'Europe/Berlin', label: 'Europe/Berlin' },
  { value: 'Asia/Kolkata', label: 'Asia/Kolkata' },
  { value: 'Asia/Tokyo', label: 'Asia/Tokyo' },
];

let all: ReadonlyArray<{ group: string; items: ZoneOption[] }> | undefined;

/**
 * Zones to choose from, those often needed first.
 * @param extra a zone that must be among them, such as an offset that a file states
 */
export function zoneOptions(
  first: ZoneOption | undefined,
  extra?: string,
): ReadonlyArray<{ group: string; items: ZoneOption[] }> {
  const often = new Set(OFTEN.map((z) => z.value));
  all ??= [
    { group: 'Often needed', items: [...OFTEN] },
    {
      group: 'All zones',
      items: Intl.supportedValuesOf('timeZone')
        .filter((z) => !often.has(z))
        .map((z) => ({ value: z, label: z })),
    },
  ];
  const known =
    extra === undefined || extra === '' || all.some((g) => g.items.some((z) => z.value === extra));
  const head = [...(first ? [first] : []), ...(known ? [] : [{ value: extra, label: extra }])];
  return head.length === 0 ? all : [{ group: 'This file', items: head }, ...all];
}

/** True for a zone that can be computed with here: an IANA name or a fixed offset. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** A moment in a zone, `2026-05-04 13:30`; undefined for a zone that is not known here. */
export function inZone(ms: number, zone: string): string | undefined {
  if (!isZone(zone)) return undefined;
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(ms);
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.find((p) => p.type === type)?.value ?? '';
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}`;
}
