import { describe, expect, it } from 'vitest';
import { BADGES, paintMark, toBitmap } from './icon.ts';

const pixel = (image: { size: number; rgba: Uint8ClampedArray }, x: number, y: number): number[] => {
  const at = (y * image.size + x) * 4;
  return [...image.rgba.subarray(at, at + 4)];
};

describe('paintMark', () => {
  it('leaves the corners clear and fills the middle', () => {
    const image = paintMark(64);
    expect(pixel(image, 0, 0)[3]).toBe(0);
    expect(pixel(image, 63, 63)[3]).toBe(0);
    expect(pixel(image, 32, 60)[3]).toBe(255);
  });

  it('shows the badge of the session in its colour', () => {
    const at = Math.floor(64 * 0.78);
    for (const colour of Object.values(BADGES)) {
      expect(pixel(paintMark(64, colour), at, at)).toEqual([...colour, 255]);
    }
    expect(pixel(paintMark(64), at, at)).not.toEqual([...BADGES.live, 255]);
  });
});

describe('toBitmap', () => {
  it('swaps to blue, green, red and multiplies by alpha', () => {
    const rgba = Uint8ClampedArray.from([200, 100, 50, 255, 200, 100, 50, 128]);
    expect([...toBitmap({ size: 1, rgba })]).toEqual([50, 100, 200, 255, 25, 50, 100, 128]);
  });
});
