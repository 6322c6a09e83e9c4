import { useMemo } from 'react';
import { registerUserMarkets } from '../../../../src-shared/market/customCalendar.ts';
import { instrumentFor } from '../../../../src-shared/market/instruments.ts';
import { rpc, useQuery } from '../../../ui/rpc.ts';

/**
 * The calendar that a symbol trades on, the user's own included; it says where days begin. Undefined until it is known
 * whether the user assigned another one than the symbol's kind has.
 */
export function useCalendar(symbol: string): string | undefined {
  const { data, error } = useQuery('markets.calendars', () => rpc.markets.calendars.list(), []);
  return useMemo(() => {
    if (data) registerUserMarkets(data);
    else if (!error) return undefined;
    // Where the engine does not say, the calendar of the symbol's kind holds.
    return instrumentFor(symbol).calendar;
  }, [data, error, symbol]);
}
