import { describe, expect, it } from 'vitest';
import { comesAgain } from './icsRules.ts';

describe('repetitions', () => {
  it.each([
    'FREQ=DAILY',
    'FREQ=DAILY;INTERVAL=3;COUNT=10',
    'FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU',
    'FREQ=MONTHLY;BYDAY=1FR',
    'FREQ=MONTHLY;BYMONTHDAY=15',
    'FREQ=MONTHLY;BYMONTHDAY=-1',
    'FREQ=MONTHLY;BYMONTHDAY=31',
    'FREQ=MONTHLY;INTERVAL=3;BYDAY=3WE',
    'FREQ=YEARLY;BYMONTH=11;BYDAY=4TH',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29',
  ])('NEWS-7: %s is followed', (rule) => {
    expect(comesAgain(rule)).toBe(true);
  });

  it.each([
    '',
    'FREQ=SECONDLY',
    'FREQ=HOURLY;BYDAY=MO',
    'FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2',
    'FREQ=DAILY;INTERVAL=2;BYDAY=4MO',
    'FREQ=DAILY;INTERVAL=7;BYDAY=MO',
    'FREQ=DAILY;INTERVAL=0',
    'FREQ=WEEKLY;INTERVAL=100000',
    'FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31',
    'FREQ=MONTHLY;INTERVAL=12;BYDAY=5FR',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;INTERVAL=2',
    'FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO',
    'FREQ=YEARLY;BYYEARDAY=366',
  ])('NEWS-7: %s is not: it may never come again', (rule) => {
    expect(comesAgain(rule)).toBe(false);
  });
});
