import { describe, expect, it } from 'vitest';
import { homeOption, resolveHome } from './home.ts';

const linux = { environment: {}, platform: 'linux', userFolder: '/u', currentFolder: '/cwd' } as const;

describe('resolveHome', () => {
  it('prefers the option, then the environment, then the place of the platform', () => {
    const environment = { FRONTIER_HOME: '/env', XDG_DATA_HOME: '/xdg' };
    expect(resolveHome('/arg', { ...linux, environment })).toBe('/arg');
    expect(resolveHome(undefined, { ...linux, environment })).toBe('/env');
    expect(resolveHome('', { ...linux, environment: { XDG_DATA_HOME: '/xdg' } })).toBe('/xdg/frontier');
    expect(resolveHome(undefined, linux)).toBe('/u/.local/share/frontier');
    expect(resolveHome(undefined, { ...linux, platform: 'darwin' })).toBe(
      '/u/Library/Application Support/Frontier',
    );
    const windows = { ...linux, platform: 'win32', userFolder: 'C:\\u' } as const;
    expect(resolveHome(undefined, windows)).toBe('C:\\u\\AppData\\Roaming\\Frontier');
    expect(resolveHome(undefined, { ...windows, environment: { APPDATA: 'D:\\r' } })).toBe('D:\\r\\Frontier');
  });

  it('takes a relative path from where the user stood', () => {
    expect(resolveHome('data', linux)).toBe('/cwd/data');
    const environment = { FRONTIER_CALLER_CWD: '/stood', FRONTIER_HOME: 'here' };
    expect(resolveHome('data', { ...linux, environment })).toBe('/stood/data');
    expect(resolveHome(undefined, { ...linux, environment })).toBe('/stood/here');
  });
});

describe('homeOption', () => {
  it('reads both spellings', () => {
    expect(homeOption(['main.js', '--home', '/a'])).toBe('/a');
    expect(homeOption(['--home=/b'])).toBe('/b');
    expect(homeOption(['--home'])).toBeUndefined();
    expect(homeOption(['--homely=/c'])).toBeUndefined();
  });
});
