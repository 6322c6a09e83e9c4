import {
  IconBrain,
  IconCalendarEvent,
  IconChartCandle,
  IconChartDots3,
  IconDatabase,
  IconHistory,
  IconNews,
  IconPlayerPlay,
  IconSettings,
} from '@tabler/icons-react';
import type { TabName } from '../state/workspace.ts';

export interface TabInfo {
  readonly name: TabName;
  readonly label: string;
  readonly icon: typeof IconBrain;
  /** Kind of job that runs in this tab, to mark it while one is at work. */
  readonly jobKinds: readonly string[];
}

/** The rail, top to bottom; the digit that opens a tab is its place. */
export const TAB_INFO: readonly TabInfo[] = [
  { name: 'chart', label: 'Chart', icon: IconChartCandle, jobKinds: [] },
  { name: 'data', label: 'Data', icon: IconDatabase, jobKinds: ['import'] },
  { name: 'training', label: 'Training', icon: IconBrain, jobKinds: ['train', 'training'] },
  { name: 'backtest', label: 'Backtest', icon: IconHistory, jobKinds: ['backtest'] },
  { name: 'optimise', label: 'Optimise', icon: IconChartDots3, jobKinds: ['study', 'optimize', 'optimise'] },
  { name: 'live', label: 'Live', icon: IconPlayerPlay, jobKinds: [] },
  { name: 'calendar', label: 'Calendar', icon: IconCalendarEvent, jobKinds: [] },
  { name: 'news', label: 'News', icon: IconNews, jobKinds: ['news'] },
  { name: 'settings', label: 'Settings', icon: IconSettings, jobKinds: [] },
];
