import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIN_HEIGHT, MIN_WIDTH, placeWindow, WindowStateFile } from './windowState.ts';

const primary = { x: 0, y: 25, width: 1920, height: 1055 };
const left = { x: -2560, y: 0, width: 2560, height: 1440 };

describe('placeWindow', () => {
  const saved = { x: 100, y: 100, width: 1400, height: 900, maximized: false };

  it('restores a window that is on a display', () => {
    expect(placeWindow(saved, [primary])).toEqual(saved);
    expect(placeWindow({ ...saved, x: -2000, maximized: true }, [primary, left])).toMatchObject({
      x: -2000,
      maximized: true,
    });
  });

  it('lets the system choose where the display is gone or the title bar is out of reach', () => {
    for (const lost of [{ x: -2000 }, { x: 1900 }, { y: -40 }, { y: 0 }, { y: 1070 }, { x: -1300 }]) {
      const place = placeWindow({ ...saved, ...lost }, [primary]);
      expect(place).toEqual({ width: 1400, height: 900, maximized: false });
    }
  });

  it('fits the size to the display but never below what the interface needs', () => {
    expect(placeWindow({ ...saved, width: 5000, height: 4000 }, [primary])).toMatchObject({
      width: 1920,
      height: 1055,
    });
    expect(placeWindow({ ...saved, width: 10, height: 10, x: 0 }, [primary])).toMatchObject({
      width: MIN_WIDTH,
      height: MIN_HEIGHT,
    });
  });

  it('has a default for a first start and for no display', () => {
    expect(placeWindow(undefined, [primary])).toEqual({ width: 1440, height: 900, maximized: false });
    expect(placeWindow(undefined, [])).toEqual({ width: 1440, height: 900, maximized: false });
  });
});

describe('WindowStateFile', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-window-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('comes back with what was saved and leaves no temporary file', () => {
    const file = new WindowStateFile(join(home, 'desktop', 'window.json'));
    expect(file.load()).toBeUndefined();
    const state = { x: -5, y: 6, width: 1200, height: 800, maximized: true };
    file.save(state);
    expect(file.load()).toEqual(state);
    expect(readdirSync(join(home, 'desktop'))).toEqual(['window.json']);
  });

  it.each(['', '{', '[]', '{"x":1}', '{"x":1e999,"y":0,"width":9,"height":9,"maximized":true}'])(
    'ignores the unusable content %j',
    (content) => {
      writeFileSync(join(home, 'w.json'), content);
      expect(new WindowStateFile(join(home, 'w.json')).load()).toBeUndefined();
    },
  );
});
