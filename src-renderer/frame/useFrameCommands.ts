import { spotlight } from '@mantine/spotlight';
import { useMemo } from 'react';
import { type Command, useCommands } from '../state/commands.ts';
import { useDatasets } from '../state/markets.ts';
import { preferences, usePreferences } from '../state/preferences.ts';
import { type TabName, workspace } from '../state/workspace.ts';
import { loadDemoMarket } from '../tabs/data/importTask.ts';
import { openImport } from '../tabs/data/openImport.ts';
import { COMMAND_KEY } from './keys.ts';
import { TAB_INFO } from './tabs.ts';

/** How many frames a tab may take until its button is there: it may have to ask the engine first. */
const PATIENCE_FRAMES = 60;

/** Presses a button as soon as it is there and enabled. Every way to an action thus asks and checks the same. */
function press(testId: string, frames = PATIENCE_FRAMES): void {
  const button = document.querySelector<HTMLButtonElement>(`[data-testid="${testId}"]`);
  if (button && !button.disabled) button.click();
  else if (frames > 0) requestAnimationFrame(() => press(testId, frames - 1));
}

function pressIn(tab: TabName, testId: string): void {
  workspace.getState().setTab(tab);
  requestAnimationFrame(() => press(testId));
}

const TAB_COMMANDS: readonly Command[] = TAB_INFO.map(({ name, label }, i) => ({
  id: `tab:${name}`,
  label: `Go to ${label}`,
  group: 'Tabs',
  shortcut: String(i + 1),
  run: () => workspace.getState().setTab(name),
}));

const ACTIONS: readonly Command[] = [
  {
    id: 'flatten',
    label: 'Flatten & stop',
    description: 'Close every position at market and stop every session',
    group: 'Trading',
    keywords: ['panic', 'close all', 'kill'],
    shortcut: 'Ctrl Shift F',
    run: () => press('flatten-stop', 0),
  },
  {
    id: 'training.start',
    label: 'Start training',
    description: 'With what the form of the Training tab says',
    group: 'Training',
    keywords: ['learn', 'fit', 'model'],
    run: () => pressIn('training', 'train-start'),
  },
  {
    id: 'backtest.run',
    label: 'Run a backtest',
    description: 'With what the form of the Backtest tab says',
    group: 'Backtest',
    keywords: ['simulate', 'test'],
    run: () => pressIn('backtest', 'backtest-run'),
  },
  {
    id: 'study.start',
    label: 'Start a study',
    description: 'With what the form of the Optimise tab says',
    group: 'Optimise',
    keywords: ['optimise', 'optimize', 'pareto', 'nsga'],
    run: () => pressIn('optimise', 'study-start'),
  },
  {
    id: 'live.start',
    label: 'Start a paper session',
    description: 'Of the deployment that the Live tab shows',
    group: 'Trading',
    keywords: ['live', 'replay', 'session'],
    run: () => pressIn('live', 'live-start'),
  },
  {
    id: 'import',
    label: 'Import history',
    description: 'Bars from a file',
    group: 'Data',
    keywords: ['csv', 'file', 'open'],
    run: openImport,
  },
  {
    id: 'demo',
    label: 'Load the demo market',
    description: 'SYNTHETIC bars that come with Frontier',
    group: 'Data',
    keywords: ['synthetic', 'example'],
    run: () => void loadDemoMarket(),
  },
  {
    id: 'palette',
    label: 'Command palette',
    group: 'Window',
    shortcut: `${COMMAND_KEY} K`,
    run: spotlight.open,
  },
];

/** The preference commands name what they change to. */
function preferenceCommands(scheme: string, pair: string, zone: string): Command[] {
  const p = preferences.getState();
  return [
    {
      id: 'scheme',
      label: scheme === 'dark' ? 'Use the light theme' : 'Use the dark theme',
      group: 'Window',
      keywords: ['theme', 'dark', 'light'],
      run: () => p.setScheme(scheme === 'dark' ? 'light' : 'dark'),
    },
    {
      id: 'pair',
      label: pair === 'blue-orange' ? 'Colour up and down green / red' : 'Colour up and down blue / orange',
      group: 'Window',
      keywords: ['colour', 'color blind'],
      run: () => p.setPair(pair === 'blue-orange' ? 'green-red' : 'blue-orange'),
    },
    {
      id: 'zone',
      label: zone === 'utc' ? 'Show times in the local zone' : 'Show times in UTC',
      group: 'Window',
      keywords: ['clock', 'time zone'],
      run: () => p.setZone(zone === 'utc' ? 'local' : 'utc'),
    },
  ];
}

/** Offers what can be done from anywhere. */
export function useFrameCommands(): void {
  const { data } = useDatasets();
  const scheme = usePreferences((p) => p.scheme);
  const pair = usePreferences((p) => p.pair);
  const zone = usePreferences((p) => p.zone);
  const commands = useMemo(() => {
    const markets = (data ?? []).map((d) => ({
      id: `market.${d.symbol}.${d.timeframe}`,
      label: `Show ${d.symbol} ${d.timeframe}`,
      ...(d.synthetic ? { description: 'SYNTHETIC' } : {}),
      group: 'Markets',
      run: () => workspace.getState().setMarket(d.symbol, d.timeframe),
    }));
    return [...TAB_COMMANDS, ...ACTIONS, ...markets, ...preferenceCommands(scheme, pair, zone)];
  }, [data, scheme, pair, zone]);
  useCommands(commands);
}
