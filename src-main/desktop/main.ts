/** Entry of the desktop host: fills the shell's parts with Electron. Decisions live in the other files. */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  Notification,
  nativeImage,
  powerMonitor,
  protocol,
  safeStorage,
  screen,
  session,
  shell,
  Tray,
  utilityProcess,
} from 'electron';
import { homeOption, resolveHome } from '../ops/home.ts';
import { appVersion, rendererDir, rootDir } from '../ops/paths.ts';
import { assetHandler } from './assets.ts';
import type { Timing } from './engine.ts';
import { openKeychainStore } from './keychain.ts';
import { APP_SCHEME, hardenContents, hardenSession } from './security.ts';
import { Shell, type ShellParts } from './shell.ts';
import { WindowStateFile } from './windowState.ts';

const APP_ID = 'app.frontier.workstation';
const home = resolveHome(homeOption(process.argv.slice(1)), {
  environment: process.env,
  platform: process.platform,
  userFolder: homedir(),
  currentFolder: process.cwd(),
});
const bundle = join(rootDir(), 'dist', 'main');
const development = !app.isPackaged;

const timing: Timing = {
  nowMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

const parts: ShellParts<Menu> = {
  app,
  ipc: ipcMain,
  setApplicationMenu: (menu) => Menu.setApplicationMenu(menu),
  buildMenu: (template) => Menu.buildFromTemplate(template),
  createTray: (image) => new Tray(image),
  createImage: (bitmap, options) => nativeImage.createFromBitmap(bitmap, options),
  ask: async (question) => (await dialog.showMessageBox(question)).response,
  notify: (title, body) => {
    console.error(`${title}: ${body}`);
    if (Notification.isSupported()) new Notification({ title, body }).show();
  },
  openFolder: (path) => {
    void shell.openPath(path).then((problem) => {
      if (problem !== '') dialog.showErrorBox('Frontier', `${path} could not be opened: ${problem}`);
    });
  },
};

async function run(): Promise<void> {
  await app.whenReady();
  if (!existsSync(join(rendererDir(), 'index.html'))) {
    dialog.showErrorBox('Frontier', 'The interface is not built. Run "npm start", which builds it.');
    app.exit(1);
    return;
  }
  hardenSession(session.defaultSession, development);
  protocol.handle(APP_SCHEME, assetHandler(rendererDir()));
  const secrets = await openKeychainStore(home, safeStorage, process.platform);
  const running = new Shell({
    parts,
    home,
    platform: process.platform,
    development,
    window: {
      create: (options) => new BrowserWindow(options),
      workAreas: () => {
        const primary = screen.getPrimaryDisplay();
        const others = screen.getAllDisplays().filter((display) => display.id !== primary.id);
        return [primary, ...others].map((display) => display.workArea);
      },
      stateFile: new WindowStateFile(join(profile, 'window.json')),
      preload: join(bundle, 'preload.cjs'),
      timing,
    },
    engine: {
      fork: () =>
        utilityProcess.fork(join(bundle, 'engineProcess.js'), [], {
          serviceName: 'Frontier engine',
          stdio: ['ignore', 'inherit', 'pipe'],
        }),
      createChannel: () => new MessageChannelMain(),
      secrets,
      timing,
    },
  });
  // Without a handler the system may end the process before the engine has closed its journal.
  powerMonitor.on('shutdown', () => running.shutDown());
}

app.setName('Frontier');
app.setAppUserModelId(APP_ID);
app.setAboutPanelOptions({ applicationName: 'Frontier', applicationVersion: appVersion() });
// One profile, and so one instance, per data folder. Electron refuses a folder that does not exist.
const profile = join(home, 'desktop');
mkdirSync(profile, { recursive: true, mode: 0o700 });
app.setPath('userData', profile);
app.enableSandbox();
app.on('web-contents-created', (_event, contents) => hardenContents(contents));
protocol.registerSchemesAsPrivileged([
  {
    scheme: APP_SCHEME,
    privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
  },
]);

if (app.requestSingleInstanceLock()) {
  run().catch((error: unknown) => {
    console.error(error);
    dialog.showErrorBox('Frontier could not start', error instanceof Error ? error.message : String(error));
    app.exit(1);
  });
} else {
  console.error(`Frontier already runs on ${home}; its window was brought to the front.`);
  app.quit();
}
