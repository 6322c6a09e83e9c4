import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { desktopAvailability, downloadElectron, electronBinary } from './binary.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frontier-electron-'));
  writeFileSync(join(folder, 'package.json'), '{"version":"45.4.1"}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function install(version = 'v45.4.1', name = 'electron'): string {
  mkdirSync(join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'path.txt'), name);
  writeFileSync(join(folder, 'dist', 'version'), version);
  writeFileSync(join(folder, 'dist', name), '');
  chmodSync(join(folder, 'dist', name), 0o755);
  return join(folder, 'dist', name);
}

describe('electronBinary', () => {
  it('finds what the installer left, and nothing before it ran', () => {
    expect(electronBinary(folder, {})).toBeUndefined();
    expect(electronBinary(folder, {})).toBeUndefined();
    expect(electronBinary(install() && folder, {})).toBe(join(folder, 'dist', 'electron'));
  });

  it('does not take another version or a missing file', () => {
    install('44.0.0');
    expect(electronBinary(folder, {})).toBeUndefined();
    rmSync(install());
    expect(electronBinary(folder, {})).toBeUndefined();
  });

  it('follows the override of the package', () => {
    install('44.0.0');
    const environment = { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'dist') };
    expect(electronBinary(folder, environment)).toBe(join(folder, 'dist', 'electron'));
    expect(electronBinary(folder, { ELECTRON_OVERRIDE_DIST_PATH: '/nowhere' })).toBeUndefined();
  });
});

describe('desktopAvailability', () => {
  const machine = {
    platform: 'linux',
    environment: { DISPLAY: ':0' },
    uid: 1000,
    binary: '/electron',
  } as const;
  it('says yes, or why not', () => {
    expect(desktopAvailability(machine)).toEqual({ ok: true, binary: '/electron' });
    expect(desktopAvailability({ ...machine, environment: { WAYLAND_DISPLAY: 'w' } })).toMatchObject({
      ok: true,
    });
    expect(desktopAvailability({ ...machine, platform: 'win32', environment: {}, uid: undefined }).ok).toBe(
      true,
    );
    expect(desktopAvailability({ ...machine, binary: undefined })).toMatchObject({ downloadable: true });
    expect(desktopAvailability({ ...machine, environment: {} })).toEqual({
      ok: false,
      reason: 'there is no display',
      downloadable: false,
    });
    // Where a download would not help, none is tried.
    expect(desktopAvailability({ ...machine, uid: 0, binary: undefined })).toMatchObject({
      downloadable: false,
    });
  });
});

describe('downloadElectron', () => {
  const script = (text: string): void => writeFileSync(join(folder, 'install.js'), text);

  it('runs the installer of the package and finds the result', async () => {
    script(`const fs = require('node:fs'), path = require('node:path');
      fs.mkdirSync(path.join(__dirname, 'dist'));
      fs.writeFileSync(path.join(__dirname, 'path.txt'), 'electron');
      fs.writeFileSync(path.join(__dirname, 'dist/version'), '45.4.1');
      fs.writeFileSync(path.join(__dirname, 'dist/electron'), '');`);
    expect(await downloadElectron(20_000, folder)).toBe(join(folder, 'dist', 'electron'));
  });

  it('fails clearly when it fails or takes too long', async () => {
    script('process.exit(3);');
    await expect(downloadElectron(20_000, folder)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('exit code 3'),
    });
    script('setInterval(() => {}, 1000);');
    await expect(downloadElectron(300, folder)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('within 0.3 s'),
      hint: expect.stringContaining('--browser'),
    });
  });
});
