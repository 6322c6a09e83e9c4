import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CustomCalendar } from '../../src-shared/contract/markets.ts';
import { registerUserMarkets } from '../../src-shared/market/customCalendar.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { loadMarkets, marketsPath, readMarkets, saveMarkets } from './markets.ts';

const lse: CustomCalendar = {
  name: 'lse',
  zone: 'Europe/London',
  sessions: [{ from: 'mon', open: '08:00', to: 'mon', close: '16:30' }],
  holidays: [],
  earlyCloses: [],
};

describe('the markets file', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-markets-'));
  });
  afterEach(() => {
    rmSync(home, { recursive: true, force: true });
    registerUserMarkets({ custom: [], assigned: [] });
  });

  it('CAL-9: holds calendars and assignments, which a later process takes up', async () => {
    expect(readMarkets(home)).toEqual({ custom: [], assigned: [] });
    const markets = { custom: [lse], assigned: [{ symbol: 'VOD.L', calendar: 'lse' }] };
    await saveMarkets(home, markets);
    expect(instrumentFor('VOD.L').calendar).toBe('lse');
    registerUserMarkets({ custom: [], assigned: [] });
    loadMarkets(home);
    expect(instrumentFor('VOD.L').calendar).toBe('lse');
    expect(readMarkets(home)).toEqual(markets);
    expect(readdirSync(home)).toEqual(['markets.json']);
  });

  it('CAL-9: what cannot be is refused and changes neither the file nor the process', async () => {
    await saveMarkets(home, { custom: [lse], assigned: [] });
    const before = readFileSync(marketsPath(home), 'utf8');
    await expect(
      saveMarkets(home, { custom: [], assigned: [{ symbol: 'VOD.L', calendar: 'lse' }] }),
    ).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(readFileSync(marketsPath(home), 'utf8')).toBe(before);
    expect(instrumentFor('VOD.L').calendar).toBe('nyse');
  });

  it('a damaged file is named and not overlooked', () => {
    for (const text of ['{', '{"format":"other"}', '{"format":"frontier-markets","version":1,"custom":[]}']) {
      writeFileSync(marketsPath(home), text);
      expect(() => loadMarkets(home), text).toThrow(/markets\.json cannot be used/);
    }
    const bad = {
      format: 'frontier-markets',
      version: 1,
      custom: [{ ...lse, zone: 'Nowhere' }],
      assigned: [],
    };
    writeFileSync(marketsPath(home), JSON.stringify(bad));
    expect(() => loadMarkets(home)).toThrow(/not a time zone/);
    rmSync(marketsPath(home));
    expect(existsSync(marketsPath(home))).toBe(false);
    expect(() => loadMarkets(home)).not.toThrow();
  });
});
