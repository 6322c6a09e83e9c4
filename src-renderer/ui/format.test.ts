import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatMoney,
  formatNumber,
  formatPct,
  formatPrice,
  formatSigned,
  formatSignedMoney,
  formatTime,
  formatUtc,
  UNKNOWN,
} from './format.ts';

describe('figures', () => {
  it('shows a dash for what is not known, never 0', () => {
    for (const v of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(formatPrice(v, 5)).toBe(UNKNOWN);
      expect(formatMoney(v, 'EUR')).toBe(UNKNOWN);
      expect(formatPct(v)).toBe(UNKNOWN);
      expect(formatNumber(v)).toBe(UNKNOWN);
      expect(formatDuration(v)).toBe(UNKNOWN);
      expect(formatTime(v)).toBe(UNKNOWN);
    }
    expect(formatNumber(0)).toBe('0');
  });

  it('shows prices in the precision of the instrument', () => {
    expect(formatPrice(1.1, 5)).toBe('1.10000');
    expect(formatPrice(156.0025, 3)).toBe('156.003');
    expect(formatPrice(64000, 2)).toBe('64,000.00');
  });

  it('gives profit and loss a sign, and a rounded nothing none', () => {
    expect(formatSignedMoney(1234.5, 'USD')).toBe('+1,234.50 USD');
    expect(formatSignedMoney(-34.2, 'EUR')).toBe('−34.20 EUR');
    expect(formatSignedMoney(0, 'EUR')).toBe('0.00 EUR');
    expect(formatSignedMoney(-0.001, 'EUR')).toBe('0.00 EUR');
    expect(formatSigned(0.00004, 2)).toBe('0.00');
    expect(formatPct(-3.456, { signed: true })).toBe('−3.46 %');
    expect(formatPct(12.5, { signed: true, digits: 1 })).toBe('+12.5 %');
  });
});

describe('durations and sizes', () => {
  it('names the two largest units', () => {
    expect(formatDuration(400)).toBe('< 1 s');
    expect(formatDuration(0)).toBe('0 s');
    expect(formatDuration(59_400)).toBe('59 s');
    expect(formatDuration(61_000)).toBe('1 min 01 s');
    expect(formatDuration(3_600_000 * 5 + 60_000 * 7)).toBe('5 h 07 min');
    expect(formatDuration(86_400_000 * 2 + 3_600_000)).toBe('2 d 1 h');
  });

  it('counts bytes in binary units', () => {
    expect(formatBytes(512)).toBe('512 B');
    expect(formatBytes(1536)).toBe('1.5 KiB');
    expect(formatBytes(25 * 1024 ** 3)).toBe('25 GiB');
  });
});

describe('times', () => {
  const ms = Date.UTC(2026, 4, 4, 13, 5, 9);

  it('names the zone', () => {
    expect(formatTime(ms, { zone: 'utc' })).toBe('2026-05-04 13:05 UTC');
    expect(formatTime(ms, { zone: 'utc', seconds: true, date: false, bare: true })).toBe('13:05:09');
    expect(formatUtc(ms)).toBe('2026-05-04 13:05:09 UTC');
  });

  it('agrees with the clock of the machine in the local zone', () => {
    const local = new Date(ms);
    const hours = String(local.getHours()).padStart(2, '0');
    const minutes = String(local.getMinutes()).padStart(2, '0');
    expect(formatTime(ms, { zone: 'local', bare: true, date: false })).toBe(`${hours}:${minutes}`);
  });
});
