/** The application menu. Roles where the system has one; commands to the interface for the rest. */
import type { MenuItemConstructorOptions } from 'electron';
import { type MenuCommand, TABS } from './channels.ts';

export interface MenuActions {
  /** Shows the window and passes the command to the interface. */
  command(command: MenuCommand): void;
  quit(): void;
  openDataFolder(): void;
}

const TAB_LABELS: Record<(typeof TABS)[number], string> = {
  chart: 'Chart',
  data: 'Data',
  training: 'Training',
  backtest: 'Backtest',
  optimise: 'Optimise',
  live: 'Live',
  calendar: 'Calendar',
  news: 'News',
  settings: 'Settings',
};

export const FLATTEN_LABEL = 'Flatten && stop…';
export const FLATTEN_ACCELERATOR = 'CommandOrControl+Shift+F';

/** @param development adds the developer tools; an installed application has none */
export function menuTemplate(
  actions: MenuActions,
  platform: NodeJS.Platform,
  development: boolean,
): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  return [
    ...(mac ? [macMenu(actions)] : []),
    fileMenu(actions, mac),
    { role: 'editMenu' },
    viewMenu(actions, development),
    {
      label: 'Trade',
      submenu: [
        {
          label: FLATTEN_LABEL,
          accelerator: FLATTEN_ACCELERATOR,
          click: () => actions.command('flatten'),
        },
      ],
    },
    { role: 'windowMenu' },
    helpMenu(actions, mac),
  ];
}

function macMenu(actions: MenuActions): MenuItemConstructorOptions {
  return {
    label: 'Frontier',
    submenu: [
      { role: 'about' },
      { type: 'separator' },
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      { type: 'separator' },
      { label: 'Quit Frontier', accelerator: 'Command+Q', click: () => actions.quit() },
    ],
  };
}

function fileMenu(actions: MenuActions, mac: boolean): MenuItemConstructorOptions {
  const importItem: MenuItemConstructorOptions = {
    label: 'Import history…',
    accelerator: 'CommandOrControl+O',
    click: () => actions.command('import'),
  };
  const last: MenuItemConstructorOptions = mac
    ? { role: 'close' }
    : { label: 'Quit', accelerator: 'Control+Q', click: () => actions.quit() };
  return { label: 'File', submenu: [importItem, { type: 'separator' }, last] };
}

function viewMenu(actions: MenuActions, development: boolean): MenuItemConstructorOptions {
  const tabs = TABS.map(
    (tab, index): MenuItemConstructorOptions => ({
      label: TAB_LABELS[tab],
      accelerator: `CommandOrControl+${index + 1}`,
      click: () => actions.command(`tab:${tab}`),
    }),
  );
  const forDevelopers: MenuItemConstructorOptions[] = development
    ? [{ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' }]
    : [];
  return {
    label: 'View',
    submenu: [
      ...tabs,
      { type: 'separator' },
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      { type: 'separator' },
      { role: 'togglefullscreen' },
      ...forDevelopers,
    ],
  };
}

function helpMenu(actions: MenuActions, mac: boolean): MenuItemConstructorOptions {
  const about: MenuItemConstructorOptions[] = mac ? [] : [{ role: 'about' }];
  return {
    role: 'help',
    submenu: [...about, { label: 'Open data folder', click: () => actions.openDataFolder() }],
  };
}
