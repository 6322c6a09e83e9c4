/** Where the window was: restored only where a display still shows it. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

/** A rectangle in device-independent pixels. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const pixels = z.number().int().min(-100_000).max(100_000);
const stateSchema = z.object({
  x: pixels,
  y: pixels,
  width: pixels.positive(),
  height: pixels.positive(),
  maximized: z.boolean(),
});
export type WindowState = z.infer<typeof stateSchema>;

export const MIN_WIDTH = 1024;
export const MIN_HEIGHT = 640;
const DEFAULT_WIDTH = 1440;
const DEFAULT_HEIGHT = 900;
/** So much of the title bar must be on a display for the user to be able to drag the window. */
const GRIP_WIDTH = 120;
const GRIP_HEIGHT = 32;

/** Size, and position unless the system should choose it. */
export interface Placement {
  readonly x?: number;
  readonly y?: number;
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
}

/**
 * Fits the saved rectangle to the displays there are now.
 * @param workAreas work area of every display; the first is the primary one
 */
export function placeWindow(saved: WindowState | undefined, workAreas: readonly Bounds[]): Placement {
  const primary = workAreas[0];
  const home = saved && workAreas.find((area) => gripVisible(saved, area));
  const area = home ?? primary;
  const within = (wanted: number, least: number, available: number | undefined): number =>
    Math.max(least, Math.min(wanted, available ?? wanted));
  const width = within(saved?.width ?? DEFAULT_WIDTH, MIN_WIDTH, area?.width);
  const height = within(saved?.height ?? DEFAULT_HEIGHT, MIN_HEIGHT, area?.height);
  const maximized = saved?.maximized ?? false;
  return saved && home ? { x: saved.x, y: saved.y, width, height, maximized } : { width, height, maximized };
}

function gripVisible(window: Bounds, area: Bounds): boolean {
  const overlap = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x);
  const top = window.y >= area.y && window.y + GRIP_HEIGHT <= area.y + area.height;
  return top && overlap >= GRIP_WIDTH;
}

/** Reads and writes the state file: a few bytes, so synchronously, also while the window closes. */
export class WindowStateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The saved state; undefined when there is none or it cannot be used. Losing it costs a drag, no more. */
  load(): WindowState | undefined {
    try {
      return stateSchema.safeParse(JSON.parse(readFileSync(this.#path, 'utf8'))).data;
    } catch {
      return undefined;
    }
  }

  /** @throws the file system's error when the folder cannot be written */
  save(state: WindowState): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.tmp`;
    writeFileSync(temporary, JSON.stringify(state));
    renameSync(temporary, this.#path);
  }
}
