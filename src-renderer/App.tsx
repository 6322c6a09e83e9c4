import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { type ComponentType, useEffect } from 'react';
import { Bands } from './frame/Bands.tsx';
import { CommandPalette } from './frame/CommandPalette.tsx';
import { Rail } from './frame/Rail.tsx';
import { StatusBar } from './frame/StatusBar.tsx';
import { TopBar } from './frame/TopBar.tsx';
import { useFrameCommands } from './frame/useFrameCommands.ts';
import { useShortcuts } from './frame/useShortcuts.ts';
import { useStatusFeed } from './frame/useStatusFeed.ts';
import { useDataset, useMarketSelection } from './state/markets.ts';
import { usePreferences } from './state/preferences.ts';
import { useStatus } from './state/status.ts';
import { type TabName, useWorkspace } from './state/workspace.ts';
import { BacktestTab } from './tabs/backtest/index.tsx';
import { ChartTab } from './tabs/chart/index.tsx';
import { DataTab } from './tabs/data/index.tsx';
import { LiveTab } from './tabs/live/index.tsx';
import { CalendarTab } from './tabs/news/CalendarTab.tsx';
import { NewsTab } from './tabs/news/NewsTab.tsx';
import { OptimiseTab } from './tabs/optimise/index.tsx';
import { SettingsTab } from './tabs/settings/index.tsx';
import { TrainingTab } from './tabs/training/index.tsx';
import { ConfirmProvider } from './ui/confirm.tsx';
import { TabBoundary } from './ui/TabBoundary.tsx';
import { theme } from './ui/theme.ts';

const VIEWS: Record<TabName, ComponentType> = {
  chart: ChartTab,
  data: DataTab,
  training: TrainingTab,
  backtest: BacktestTab,
  optimise: OptimiseTab,
  live: LiveTab,
  calendar: CalendarTab,
  news: NewsTab,
  settings: SettingsTab,
};

/** Which frame the window wears: real money outranks generated data. */
function useFrame(): 'live' | 'synthetic' | 'plain' {
  const live = useStatus()?.live;
  const synthetic = useDataset()?.synthetic;
  if (live?.badge === 'LIVE') return 'live';
  return synthetic ? 'synthetic' : 'plain';
}

function Workstation() {
  useStatusFeed();
  useMarketSelection();
  useFrameCommands();
  useShortcuts();
  // Times are formatted all over the tabs: a new zone renders them again.
  const zone = usePreferences((p) => p.zone);
  const tab = useWorkspace((w) => w.tab);
  const View = VIEWS[tab];
  return (
    <div className="ft-app" data-frame={useFrame()} data-zone={zone}>
      <Rail />
      <TopBar />
      <Bands />
      <main className="ft-main">
        <div className="ft-view" role="tabpanel" id={`view-${tab}`} aria-labelledby={`tab-${tab}`}>
          <TabBoundary key={tab}>
            <View />
          </TabBoundary>
        </div>
      </main>
      <StatusBar />
      <CommandPalette />
    </div>
  );
}

/** The whole workstation. */
export function App() {
  const scheme = usePreferences((p) => p.scheme);
  const pair = usePreferences((p) => p.pair);
  useEffect(() => {
    document.documentElement.dataset.pair = pair;
  }, [pair]);
  return (
    <MantineProvider theme={theme} forceColorScheme={scheme}>
      <ConfirmProvider>
        <Workstation />
      </ConfirmProvider>
      <Notifications position="bottom-right" limit={3} autoClose={6000} containerWidth={360} />
    </MantineProvider>
  );
}
