/** Time zones to choose from: what traders need first, then every zone that the platform knows. */
export const OFTEN_NEEDED_ZONES = [
  { value: '', label: 'As stated, else UTC' },
  { value: 'UTC', label: 'UTC' },
  { value: '-05:00', label: '−05:00, New York without summer time (HistData)' },
  { value: 'Europe/Athens', label: 'Europe/Athens (many MetaTrader servers)' },
  { value: 'America/New_York', label: 'America/New_York' },
  { value: 'Europe/London', label: 'Europe/London' },
  { value: 'Europe/Berlin', label: 'Europe/Berlin' },
  { value: 'Asia/Kolkata', label: 'Asia/Kolkata' },
  { value: 'Asia/Tokyo', label: 'Asia/Tokyo' },
];
const COMMON = new Set(OFTEN_NEEDED_ZONES.map((z) => z.value));

/** For a searchable select; the empty value leaves the zone to the file. */
export const ALL_ZONES = [
  { group: 'Often needed', items: OFTEN_NEEDED_ZONES },
  {
    group: 'All zones',
    items: Intl.supportedValuesOf('timeZone')
      .filter((z) => !COMMON.has(z))
      .map((z) => ({ value: z, label: z })),
  },
];
