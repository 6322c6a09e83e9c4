import { describe, expect, it } from 'vitest';
import { draftOf, newDraft, readDraft, weekParts } from './calendarDraft.ts';

const good = { ...newDraft(), name: 'xetra' };

describe('the form of a trading calendar', () => {
  it('reads what it writes', () => {
    const draft = { ...good, holidays: '2026-12-25\n2026-01-01', earlyCloses: '2026-12-30 14:00' };
    const read = readDraft(draft);
    expect(read).toMatchObject({
      calendar: {
        name: 'xetra',
        holidays: ['2026-12-25', '2026-01-01'],
        earlyCloses: [{ day: '2026-12-30', close: '14:00' }],
      },
    });
    if ('calendar' in read) expect(draftOf(read.calendar)).toEqual(draft);
  });

  it.each([
    ['name', { name: 'Xetra Frankfurt' }],
    ['name', { name: '' }],
    ['sessions', { sessions: [] }],
    ['sessions', { sessions: [{ from: 'mon', open: '9:00', to: 'mon', close: '17:00' }] }],
    ['sessions', { sessions: [{ from: 'mon', open: '22:00', to: 'mon', close: '02:00' }] }],
    ['holidays', { holidays: '2026-02-30' }],
    ['holidays', { holidays: '25.12.2026' }],
    ['earlyCloses', { earlyCloses: '2026-12-24' }],
    ['earlyCloses', { earlyCloses: '2026-12-24 25:00' }],
  ] as const)('says what is wrong with the %s', (field, change) => {
    const read = readDraft({ ...good, ...change } as typeof good);
    expect('errors' in read ? Object.keys(read.errors) : []).toEqual([field]);
  });
});

describe('the picture of the week', () => {
  const open = (i: number, parts: ReturnType<typeof weekParts>) => parts[i]?.map((p) => [p.fromMin, p.toMin]);

  it('cuts a session at midnight: FX from Sunday 17:00 to Friday 17:00', () => {
    const week = weekParts([{ from: 'sun', open: '17:00', to: 'fri', close: '17:00' }]);
    expect(open(0, week)).toEqual([[1020, 1440]]);
    for (const day of [1, 2, 3, 4]) expect(open(day, week)).toEqual([[0, 1440]]);
    expect(open(5, week)).toEqual([[0, 1020]]);
    expect(open(6, week)).toEqual([]);
  });

  it('goes over the end of the week', () => {
    const over = weekParts([{ from: 'sat', open: '22:00', to: 'sun', close: '02:00' }]);
    expect([open(6, over), open(0, over)]).toEqual([[[1320, 1440]], [[0, 120]]]);
  });

  it('takes 24:00 as the end of a day', () => {
    expect(open(1, weekParts([{ from: 'mon', open: '00:00', to: 'mon', close: '24:00' }]))).toEqual([
      [0, 1440],
    ]);
  });
});
