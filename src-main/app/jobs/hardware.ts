import type { SystemInfo } from '../../../src-shared/contract/system.ts';
import { probe } from '../../tensor/engine.ts';
import { systemClock } from '../ids.ts';

/**
 * Tries each engine for real. In a worker, because a graphics driver that fails may take its process with it.
 */
export async function hardwareJob(): Promise<SystemInfo['engines']> {
  const engines: SystemInfo['engines'] = [];
  for (const name of ['cpu', 'webgpu'] as const) {
    const found = await probe(name, 2, systemClock);
    const detail = found.available
      ? `works (probe ${found.milliseconds?.toFixed(1)} ms)`
      : (found.reason ?? 'does not work here');
    engines.push({ name, available: found.available, detail });
  }
  return engines;
}
