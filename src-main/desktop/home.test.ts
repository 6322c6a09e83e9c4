import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { desktopHome } from './home.ts';

describe('desktopHome', () => {
  it('prefers the argument, then the environment, then the user folder', () => {
    const environment = { FRONTIER_HOME: '/env' };
    expect(desktopHome(['main.js', '--home', '/arg'], environment, '/u')).toBe('/arg');
    expect(desktopHome(['--home=/joined'], environment, '/u')).toBe('/joined');
    expect(desktopHome([], environment, '/u')).toBe('/env');
    expect(desktopHome(['--home'], {}, '/u')).toBe(join('/u', '.frontier'));
    expect(desktopHome([], { FRONTIER_HOME: '' }, '/u')).toBe(join('/u', '.frontier'));
    expect(desktopHome(['--home', 'data'], {}, '/u')).toBe(resolve('data'));
  });
});
