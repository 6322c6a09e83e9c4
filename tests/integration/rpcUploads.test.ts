import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { type LoopbackHost, startHost } from '../../src-main/server/host.ts';
import { cleanUp, fakeRenderer, newFolder, openEngine, until } from '../support/engine.ts';
import { type Caller, overSocket, problemOf } from '../support/engineCallers.ts';

const home = newFolder();
let engine: FrontierEngine;
let host: LoopbackHost;

beforeAll(async () => {
  engine = await openEngine(home);
  host = await startHost({ engine, home, rendererDir: fakeRenderer(), port: 0 });
});
afterAll(async () => {
  await host.close();
  await cleanUp();
});

const HEADER = 'time,open,high,low,close,volume\n';

function csv(bars: number): string {
  const rows = Array.from({ length: bars }, (_, i) => {
    const price = 1.1 + 0.01 * Math.sin(i / 50);
    const time = new Date(Date.UTC(2020, 0, 1) + i * 60_000).toISOString();
    return `${time},${price.toFixed(5)},${(price + 0.0005).toFixed(5)},${(price - 0.0005).toFixed(5)},${price.toFixed(5)},10`;
  });
  return `${HEADER}${rows.join('\n')}\n`;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
    : [];
const uploaded = (): string[] => filesIn(join(home, 'uploads'));

describe('uploads', () => {
  let caller: Caller;
  beforeAll(async () => {
    caller = await overSocket(host);
  });
  afterAll(() => caller.leave());

  async function send(pieces: readonly [number, string][], fileName = 'bars.csv'): Promise<string> {
    let uploadId: string | undefined;
    for (const [offset, text] of pieces) {
      const piece = {
        fileName,
        offset,
        base64: base64(text),
        ...(uploadId === undefined ? {} : { uploadId }),
      };
      ({ uploadId } = await caller.client.data.upload(piece));
    }
    return uploadId!;
  }

  it('bring a file in pieces, which is removed when it is imported', async () => {
    const text = csv(500);
    const uploadId = await send([
      [0, text.slice(0, 7000)],
      [7000, text.slice(7000, 7001)],
      [7001, text.slice(7001)],
    ]);
    expect(uploaded()).toHaveLength(1);
    const source = { kind: 'upload' as const, uploadId };
    let done: unknown;
    for await (const event of await caller.client.data.import({ source, symbol: 'EURUSD' }))
      if (event.type === 'done') done = event;
    expect(done).toMatchObject({
      dataset: { symbol: 'EURUSD', timeframe: 'M1', bars: 500, source: 'bars.csv' },
    });
    expect(uploaded()).toEqual([]);
    const { bars, total } = await caller.client.data.bars({ symbol: 'EURUSD', timeframe: 'M1', count: 3 });
    expect([total, bars.timeMs.at(-1)]).toEqual([500, Date.UTC(2020, 0, 1) + 499 * 60_000]);
    await caller.client.data.remove({ symbol: 'EURUSD', timeframe: 'M1' });
  });

  it.each<[string, readonly [number, string][]]>([
    [
      'a gap',
      [
        [0, 'abc'],
        [4, 'e'],
      ],
    ],
    [
      'an overlap',
      [
        [0, 'abc'],
        [2, 'c'],
      ],
    ],
    [
      'a piece sent twice',
      [
        [0, 'abc'],
        [0, 'abc'],
      ],
    ],
    ['a first piece that is not the first', [[5, 'abc']]],
  ])('refuse %s and leave nothing behind', async (_, pieces) => {
    const error = await problemOf(send(pieces));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.message).toMatch(/^offset: Expected byte \d+, got \d+/);
    expect(uploaded()).toEqual([]);
  });

  it('cannot go on after they were refused', async () => {
    const uploadId = await send([[0, 'abc']]);
    const piece = { uploadId, fileName: 'bars.csv', base64: base64('x') };
    expect((await problemOf(caller.client.data.upload({ ...piece, offset: 9 }))).code).toBe('BAD_INPUT');
    expect((await problemOf(caller.client.data.upload({ ...piece, offset: 3 }))).code).toBe('NOT_FOUND');
  });

  it('refuse what is not base64 and pieces that are too large', async () => {
    const piece = { fileName: 'bars.csv', offset: 0 };
    for (const text of ['%%%', 'x'.repeat(1_400_001)]) {
      const error = await problemOf(caller.client.data.upload({ ...piece, base64: text }));
      expect([error.code, error.message.split(':')[0]]).toEqual(['BAD_INPUT', 'base64']);
    }
    expect(uploaded()).toEqual([]);
  });

  it('are removed when the import fails, whose message names the file as the user knows it', async () => {
    const uploadId = await send([[0, 'neither,this\nnor,that\n']], '..\\..\\evil/notes.txt');
    const source = { kind: 'upload' as const, uploadId };
    const error = await problemOf(
      (async () => {
        for await (const _ of await caller.client.data.import({ source, symbol: 'EURUSD' }));
      })(),
    );
    expect(error.code).toBe('IMPORT_FAILED');
    expect(error.message).not.toContain(home);
    expect(uploaded()).toEqual([]);
    expect(await caller.client.data.list()).toEqual([]);
  });

  it('are limited to 32 at once, and refused ones do not count', async () => {
    const ids = await Promise.all(Array.from({ length: 32 }, () => send([[0, 'abc']])));
    expect((await problemOf(send([[0, 'abc']]))).code).toBe('REFUSED');
    for (const uploadId of ids)
      await problemOf(caller.client.data.upload({ uploadId, fileName: 'x', offset: 99, base64: '' }));
    expect(uploaded()).toEqual([]);
    const uploadId = await send([[0, 'abc']]);
    await problemOf(caller.client.data.upload({ uploadId, fileName: 'x', offset: 99, base64: '' }));
  });
});

describe('an import whose caller goes away', () => {
  it('is stopped, and nothing of it is kept', async () => {
    const path = join(newFolder(), 'long.csv');
    writeFileSync(path, csv(400_000));
    const caller = await overSocket(host);
    const events = await caller.client.data.import({ source: { kind: 'path', path }, symbol: 'GBPUSD' });
    expect(await events.next()).toMatchObject({ value: { type: 'progress', stage: 'reading' } });
    const job = engine.context.jobs.list().find((j) => j.kind === 'import' && j.state === 'running');
    caller.leave();
    await expect(job?.result).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(engine.context.stores.datasets.list()).toEqual([]);
    expect(filesIn(join(home, 'bars', 'symbol=GBPUSD'))).toEqual([]);
  });

  it('is registered all the same when it was stored before the engine knew', async () => {
    const path = join(newFolder(), 'short.csv');
    writeFileSync(path, csv(300));
    const events = await engine.client.data.import({ source: { kind: 'path', path }, symbol: 'GBPUSD' });
    await events.next();
    const job = engine.context.jobs.list().findLast((j) => j.kind === 'import');
    // Nobody reads on; the worker stores what it was told to store.
    await job?.result;
    await until('the history is listed', () => engine.context.stores.datasets.list().length === 1, 2000);
    await events.return();
    const [dataset] = await engine.client.data.list();
    const stored = await engine.context.bars.find('GBPUSD', 'M1');
    expect(dataset?.dataHash).toBe(stored?.dataHash);
  });
});
