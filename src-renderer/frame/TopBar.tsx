import { SegmentedControl, Select, Tooltip, UnstyledButton } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';
import { fallbackDataset, useDataset, useDatasets } from '../state/markets.ts';
import { useStatus } from '../state/status.ts';
import { useWorkspace } from '../state/workspace.ts';
import { FlattenButton } from '../tabs/live/FlattenButton.tsx';
import { SessionBadge, SyntheticBadge } from '../ui/Badge.tsx';
import { formatSignedMoney } from '../ui/format.ts';
import { COMMAND_KEY } from './keys.ts';

function MarketPicker() {
  const { data = [], loading } = useDatasets();
  const symbol = useWorkspace((w) => w.symbol);
  const timeframe = useWorkspace((w) => w.timeframe);
  const setMarket = useWorkspace((w) => w.setMarket);
  const symbolsOf = (synthetic: boolean) => [
    ...new Set(data.filter((d) => d.synthetic === synthetic).map((d) => d.symbol)),
  ];
  const groups = [
    { group: 'Market history', items: symbolsOf(false) },
    { group: 'SYNTHETIC', items: symbolsOf(true) },
  ].filter((g) => g.items.length > 0);
  const frames = TIMEFRAMES.filter((t) => data.some((d) => d.symbol === symbol && d.timeframe === t));
  const choose = (next: string | null) => {
    if (next === null) return;
    const same = data.find((d) => d.symbol === next && d.timeframe === timeframe);
    const found =
      same ??
      fallbackDataset(
        data.filter((d) => d.symbol === next),
        next,
      );
    if (found) setMarket(found.symbol, found.timeframe);
  };
  return (
    <>
      <Select
        id="market-symbol"
        aria-label="Symbol"
        w={150}
        searchable
        data={groups}
        value={symbol ?? null}
        onChange={choose}
        disabled={data.length === 0}
        placeholder={loading ? 'Loading…' : 'No history yet'}
        nothingFoundMessage="No such stored symbol"
        comboboxProps={{ width: 200, position: 'bottom-start' }}
        classNames={{ input: 'ft-symbol-input' }}
      />
      {frames.length > 0 && (
        <SegmentedControl
          aria-label="Timeframe"
          data={[...frames]}
          value={timeframe ?? ''}
          onChange={(v) => setMarket(symbol, v as Timeframe)}
        />
      )}
    </>
  );
}

function Account() {
  const live = useStatus()?.live;
  if (!live) return null;
  const tone = live.unrealised > 0 ? 'ft-up' : live.unrealised < 0 ? 'ft-down' : 'ft-dim';
  const open = live.openPositions === 1 ? '1 open position' : `${live.openPositions} open positions`;
  return (
    <Tooltip label={`Session on ${live.symbol}: ${live.state}, ${open}`}>
      <span className="ft-account">
        <SessionBadge badge={live.badge} />
        <span className="ft-num">{live.symbol}</span>
        {live.openPositions > 0 && (
          <span className={`ft-num ${tone}`}>{formatSignedMoney(live.unrealised, live.currency)}</span>
        )}
      </span>
    </Tooltip>
  );
}

/** Market, account, search and the button that ends all risk. */
export function TopBar() {
  const dataset = useDataset();
  return (
    <header className="ft-top">
      <MarketPicker />
      {dataset?.synthetic && <SyntheticBadge />}
      <div className="ft-grow" />
      <Account />
      <UnstyledButton className="ft-search" onClick={spotlight.open} aria-label="Search commands">
        <IconSearch size={14} stroke={1.8} aria-hidden />
        <span>Search commands</span>
        <kbd className="ft-kbd">{COMMAND_KEY} K</kbd>
      </UnstyledButton>
      <FlattenButton />
    </header>
  );
}
