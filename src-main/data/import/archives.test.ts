import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { type ImportOptions, importFile, inspectFile } from '../importer.ts';

let folder: string;
let work: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frontier-archives-'));
  work = await mkdtemp(join(tmpdir(), 'frontier-work-'));
});
afterAll(() => Promise.all([folder, work].map((f) => rm(f, { recursive: true }))));
afterEach(async () => {
  expect(await readdir(work)).toEqual([]);
});

const HEADER = 'time,open,high,low,close,volume\n';
const month = (m: number): string =>
  HEADER + [1, 2, 3].map((h) => `2024-0${m}-02T0${h}:00:00Z,1.1,1.2,1.0,1.15,${m * 10 + h}\n`).join('');

interface Entry {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly mode?: number;
}

async function zip(entries: readonly Entry[]): Promise<Buffer> {
  const archive = new yazl.ZipFile();
  for (const { name, content, mode } of entries) {
    archive.addBuffer(Buffer.from(content), name, {
      mtime: new Date(0),
      ...(mode === undefined ? {} : { mode }),
    });
  }
  archive.end();
  const pieces: Buffer[] = [];
  for await (const piece of archive.outputStream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function place(content: Uint8Array | string, name = 'history.zip'): Promise<string> {
  const path = join(folder, `${files++}-${name}`);
  await writeFile(path, content);
  return path;
}

const read = async (content: Uint8Array | string, options: Partial<ImportOptions> = {}, name?: string) =>
  importFile(await place(content, name), { symbol: 'EURUSD', workFolder: work, ...options });

/** The same archive with other bytes where a name stands; names in a zip stand twice. */
function renamed(bytes: Buffer, from: string, to: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
}

describe('DATA-14: archives', () => {
  it('one file, and monthly parts joined in order of time whatever their names', async () => {
    const one = await read(await zip([{ name: 'a/EURUSD.csv', content: month(1) }]));
    expect(one.bars.timeMs).toHaveLength(3);
    const parts = [
      { name: 'EURUSD_z.csv', content: month(1) },
      { name: 'EURUSD_a.csv', content: month(2) },
      { name: 'readme.txt', content: 'Thank you for downloading.\n' },
    ];
    const joined = await read(await zip(parts));
    expect([...joined.bars.volume]).toEqual([11, 12, 13, 21, 22, 23]);
    expect(joined.notes.join(' ')).toMatch(/2 files of the archive.*no tables: readme.txt/);
  });

  it('parts that overlap are refused with file and line', async () => {
    const parts = [
      { name: 'EURUSD_1.csv', content: month(1) },
      { name: 'EURUSD_2.csv', content: month(1).replace(',11\n', ',99\n') },
    ];
    await expect(read(await zip(parts))).rejects.toThrow(
      /^EURUSD_2.csv, line \d, column 1.*3 rows|EURUSD_2.csv/,
    );
  });

  it('files of other symbols are a choice', async () => {
    const parts = [
      { name: 'EURUSD.csv', content: month(1) },
      { name: 'GBPUSD.csv', content: month(2) },
    ];
    const bytes = await zip(parts);
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
      hint: expect.stringContaining('GBPUSD.csv'),
    });
    expect([...(await read(bytes, { entry: 'GBPUSD.csv' })).bars.volume]).toEqual([21, 22, 23]);
    const seen = await inspectFile(await place(bytes), { workFolder: work });
    expect(seen.entries.map((e) => e.name)).toEqual(['EURUSD.csv', 'GBPUSD.csv']);
    await expect(read(bytes, { entry: 'none.csv' })).rejects.toMatchObject({ code: 'IMPORT_FAILED' });
  });

  const nul = Buffer.alloc(80 * 1024 * 1024);
  const hostile: [string, () => Promise<Uint8Array>, RegExp][] = [
    [
      'a name that climbs out',
      async () => renamed(await zip([{ name: 'aa/bb.csv', content: month(1) }]), 'aa/bb', '../bb'),
      /leads out of it/,
    ],
    [
      'an absolute name',
      async () => renamed(await zip([{ name: 'aetc/b.csv', content: month(1) }]), 'aetc', '/etc'),
      /leads out of it/,
    ],
    [
      'a Windows path',
      async () => renamed(await zip([{ name: 'c--x.csv', content: month(1) }]), 'c--x', 'C:\\x'),
      /leads out of it/,
    ],
    [
      'a symbolic link',
      () => zip([{ name: 'a.csv', content: '/etc/passwd', mode: 0o120777 }]),
      /symbolic link/,
    ],
    ['a zip bomb', () => zip([{ name: 'a.csv', content: nul }]), /more than 100 times its size/],
    ['a gzip bomb', async () => gzipSync(nul), /more than 100 times its size/],
    [
      'an archive inside',
      async () => zip([{ name: 'a.zip', content: await zip([{ name: 'b.csv', content: month(1) }]) }]),
      /itself an archive/,
    ],
    ['gzip inside gzip', async () => gzipSync(gzipSync(month(1))), /itself an archive/],
    ['no file inside', () => zip([]), /holds no file/],
    [
      'tables of nothing',
      () =>
        zip([
          { name: 'a.txt', content: 'x\n' },
          { name: 'b.txt', content: 'y\n' },
        ]),
      /No file of the archive/,
    ],
    [
      'one cut in the middle',
      async () => (await zip([{ name: 'a.csv', content: month(1) }])).subarray(0, 150),
      /damaged/,
    ],
    [
      'too many files',
      () => zip(Array.from({ length: 1001 }, (_, i) => ({ name: `${i}.csv`, content: 'x' }))),
      /1001 files/,
    ],
  ];
  it.each(hostile)('%s is refused and leaves nothing', async (_, make, message) => {
    const error = await read(await make()).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'IMPORT_FAILED', message: expect.stringMatching(message) });
  });

  it('an encrypted one is refused', async () => {
    const bytes = await zip([{ name: 'a.csv', content: month(1) }]);
    bytes.writeUInt16LE(bytes.readUInt16LE(6) | 1, 6);
    const central = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    bytes.writeUInt16LE(bytes.readUInt16LE(central + 8) | 1, central + 8);
    await expect(read(bytes)).rejects.toThrow(/encrypted/);
  });
});

describe('DATA-15: what no table of prices holds', () => {
  it.each([
    [
      'a formula in a price',
      `${month(1)}2024-01-02T05:00:00Z,=cmd|' /C calc'!A0,1.2,1.0,1.1,5\n`,
      /Line 5, column 2 \(open\).*formula/,
    ],
    [
      'a formula in a column nobody reads',
      'time,open,high,low,close,note\n2024-01-02T01:00:00Z,1.1,1.2,1.0,1.1,ok\n2024-01-02T02:00:00Z,1.1,1.2,1.0,1.1,@SUM(1)\n',
      /Line 3, column 6 \(note\).*formula/,
    ],
    [
      'a formula after a plus',
      'time,open,high,low,close,note\n2024-01-02T01:00:00Z,1.1,1.2,1.0,1.1,ok\n2024-01-02T02:00:00Z,1.1,1.2,1.0,1.1,+cmd()\n',
      /formula/,
    ],
    [
      '10,000 columns',
      `${Array.from({ length: 10_000 }, () => 'x').join(',')}\n`,
      /longer than|columns are no table/,
    ],
    [
      'digits grouped with underscores',
      `${month(1)}2024-01-02T05:00:00Z,1_1,1.2,1.0,1.1,5\n`,
      /Line 5, column 2.*"1_1"/,
    ],
    [
      'an empty cell too many',
      `${month(1)}2024-01-02T05:00:00Z,1.1,1.2,1.0,1.1,5,\n`,
      /Line 5: the row has 7 columns/,
    ],
  ])('%s', async (_, content, message) => {
    await expect(read(content, {}, 'table.csv')).rejects.toThrow(message);
  });

  it('refuses more bars than a history may have, in words', async () => {
    const { checkCount } = await import('./sinks.ts');
    expect(() => checkCount(20_000_001)).toThrow(/more than 20 million bars/);
    expect(() => checkCount(20_000_000)).not.toThrow();
  });
});
