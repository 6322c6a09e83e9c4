/** The history that the main job is walked with, and what the steps tell each other. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { csvRows } from '../../support/e2eSteps.ts';
import { noSharedData, sharedFile } from '../../support/sharedData.ts';

/** The file of real history; undefined where there is none and the demo market stands in for it. */
export const real = noSharedData === undefined ? sharedFile('EURUSD_H1_2017-04_2018-02.csv.gz') : undefined;

/** Bars of the file as the file has them. */
export const rows = real === undefined ? undefined : csvRows(gunzipSync(readFileSync(real)).toString());
export const symbol = real === undefined ? 'SYNFX' : 'EURUSD';

/** What the interface said in one step, to be compared with what it says in a later one. */
export interface Said {
  bars: number;
  deployedHash: string;
  /** Orders of the paper session that nothing disturbed. */
  orders: number;
}

/** The time of a row of the file as the interface writes it. */
export function stampOf(row: Record<string, string> | undefined): string {
  return `${row?.timestamp?.slice(0, 16).replace('T', ' ')} UTC`;
}
