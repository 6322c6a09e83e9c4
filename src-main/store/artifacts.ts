import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FrontierError } from '../../src-shared/errors.ts';
import { instrumentFor } from '../../src-shared/market/instruments.ts';
import { TIMEFRAMES, type Timeframe } from '../../src-shared/market/timeframes.ts';
import { encode } from './json.ts';
import { type ModelManifest, manifestSchema } from './manifest.ts';

const MODEL = 'model.onnx';
const MANIFEST = 'manifest.json';
const CHECKSUMS = 'checksums.json';
const TEMPORARY = '.tmp-';
const checksumsSchema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));

/** What there is to save; the store gives the version. */
export interface NewArtifact {
  readonly model: Uint8Array;
  readonly manifest: Omit<ModelManifest, 'version' | 'format'>;
  /** Further files by name, e.g. `report.json`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

export interface StoredArtifact {
  readonly version: number;
  /** Absolute. */
  readonly folder: string;
  readonly modelPath: string;
  /** SHA-256 of the model file, hex. */
  readonly sha256: string;
  readonly manifest: ModelManifest;
}

export interface LoadedArtifact extends StoredArtifact {
  readonly model: Uint8Array;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function corrupt(file: string, why: string): FrontierError {
  return new FrontierError(
    'CORRUPT',
    `The model file ${file} ${why}.`,
    'Restore the models folder from a backup, or train the model again.',
  );
}

function writeDurably(file: string, bytes: Uint8Array | string): void {
  const fd = openSync(file, 'wx');
  try {
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes a rename durable. Windows cannot open folders and needs no such call. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function parseJson<S extends z.ZodType>(schema: S, bytes: Uint8Array, name: string): z.output<S> {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON';
    throw corrupt(name, `cannot be read: ${why}`);
  }
}

/** Trained models as folders `models/<symbol>_<timeframe>/<version>/`, written whole or not at all. */
export class ArtifactStore {
  readonly #root: string;
  #temporaryCount = 0;

  /** Opens the store and removes what a killed process left half-written. @param home data folder */
  constructor(home: string) {
    this.#root = join(home, 'models');
    mkdirSync(this.#root, { recursive: true });
    this.#removeHalfWritten();
  }

  #removeHalfWritten(): void {
    for (const group of readdirSync(this.#root, { withFileTypes: true })) {
      if (!group.isDirectory()) continue;
      const folder = join(this.#root, group.name);
      for (const name of readdirSync(folder)) {
        if (name.startsWith(TEMPORARY)) rmSync(join(folder, name), { recursive: true, force: true });
      }
    }
  }

  /** Folder of a symbol and timeframe; the symbol is checked, so it cannot point elsewhere. */
  #group(symbol: string, timeframe: Timeframe): string {
    if (!TIMEFRAMES.includes(timeframe)) {
      throw new FrontierError(
        'BAD_INPUT',
        `"${timeframe}" is no timeframe.`,
        `Use one of ${TIMEFRAMES.join(', ')}.`,
      );
    }
    return join(this.#root, `${instrumentFor(symbol).symbol}_${timeframe}`);
  }

  /** Versions present, ascending. */
  versions(symbol: string, timeframe: Timeframe): number[] {
    const group = this.#group(symbol, timeframe);
    if (!existsSync(group)) return [];
    return readdirSync(group)
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }

  /**
   * Writes model, manifest and checksums into a temporary folder, forces them to the disk and renames it to
   * the next free version. Two writers at once get two versions.
   * @param above versions up to this one are taken, also where their files are gone
   * @throws FrontierError BAD_INPUT for a symbol or manifest that makes no sense
   */
  save(artifact: NewArtifact, above = 0): StoredArtifact {
    const { symbol, timeframe } = artifact.manifest;
    const group = this.#group(symbol, timeframe);
    mkdirSync(group, { recursive: true });
    const newest = this.versions(symbol, timeframe).at(-1) ?? 0;
    for (let version = Math.max(newest, above) + 1; ; version++) {
      const stored = this.#tryVersion(group, artifact, version);
      if (stored !== undefined) return stored;
    }
  }

  #tryVersion(group: string, artifact: NewArtifact, version: number): StoredArtifact | undefined {
    const manifest = this.#checked({ ...artifact.manifest, format: 1, version });
    this.#temporaryCount += 1;
    const temporary = join(group, `${TEMPORARY}${process.pid}-${this.#temporaryCount}`);
    const folder = join(group, String(version));
    const digest = sha256(artifact.model);
    try {
      mkdirSync(temporary);
      const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
      writeDurably(join(temporary, MODEL), artifact.model);
      writeDurably(join(temporary, MANIFEST), text);
      const checksums: Record<string, string> = { [MODEL]: digest, [MANIFEST]: sha256(text) };
      for (const [name, bytes] of Object.entries(artifact.files ?? {})) {
        writeDurably(join(temporary, name), bytes);
        checksums[name] = sha256(bytes);
      }
      writeDurably(join(temporary, CHECKSUMS), encode(checksums));
      syncFolder(temporary);
      renameSync(temporary, folder);
      syncFolder(group);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      if (existsSync(folder)) return undefined;
      throw error;
    }
    return { version, folder, modelPath: join(folder, MODEL), sha256: digest, manifest };
  }

  /** Removes the files of a version; nothing happens where there are none. */
  remove(symbol: string, timeframe: Timeframe, version: number): void {
    const folder = join(this.#group(symbol, timeframe), String(Math.trunc(version)));
    if (!existsSync(folder)) return;
    // Renamed first, so that a version is whole or gone, never a part of its files.
    this.#temporaryCount += 1;
    const dying = join(dirname(folder), `${TEMPORARY}${process.pid}-${this.#temporaryCount}`);
    renameSync(folder, dying);
    rmSync(dying, { recursive: true, force: true });
  }

  #checked(manifest: ModelManifest): ModelManifest {
    const parsed = manifestSchema.safeParse(manifest);
    if (parsed.success) return parsed.data;
    throw new FrontierError(
      'BAD_INPUT',
      `The manifest of the model is not complete: ${z.prettifyError(parsed.error)}`,
      'This is a fault in the training code; the model was not stored.',
    );
  }

  /**
   * Reads an artifact and compares every file with its checksum.
   * @throws FrontierError NOT_FOUND; CORRUPT naming the file that changed or is missing; CONFLICT for an artifact of
   *   a later release
   */
  load(symbol: string, timeframe: Timeframe, version: number): LoadedArtifact {
    const folder = join(this.#group(symbol, timeframe), String(Math.trunc(version)));
    const read = this.#verified(folder, `${symbol}_${timeframe}/${version}`);
    const text = read(MANIFEST);
    refuseLaterFormat(text, `${symbol}_${timeframe}/${version}`);
    const manifest = parseJson(manifestSchema, text, `${symbol}_${timeframe}/${version}/${MANIFEST}`);
    // Whole folders that changed places pass their own checksums.
    if (manifest.symbol !== symbol || manifest.timeframe !== timeframe || manifest.version !== version) {
      const own = `${manifest.symbol}_${manifest.timeframe}/${manifest.version}`;
      throw corrupt(`${symbol}_${timeframe}/${version}/${MANIFEST}`, `belongs to ${own}`);
    }
    const model = read(MODEL);
    return { version, folder, modelPath: join(folder, MODEL), sha256: sha256(model), manifest, model };
  }

  /** The version that holds a model. @throws FrontierError NOT_FOUND */
  find(symbol: string, timeframe: Timeframe, modelId: string): LoadedArtifact {
    for (const version of this.versions(symbol, timeframe).reverse()) {
      const artifact = this.load(symbol, timeframe, version);
      if (artifact.manifest.modelId === modelId) return artifact;
    }
    throw new FrontierError(
      'NOT_FOUND',
      `There are no files of the model ${modelId} for ${symbol} ${timeframe}.`,
      'Choose models of this market that are still present.',
    );
  }

  /**
   * One further file of an artifact, checked against its checksum.
   * @returns undefined where the artifact has no such file
   * @throws FrontierError as `load`
   */
  file(symbol: string, timeframe: Timeframe, version: number, name: string): Uint8Array | undefined {
    const folder = join(this.#group(symbol, timeframe), String(Math.trunc(version)));
    const read = this.#verified(folder, `${symbol}_${timeframe}/${version}`);
    return existsSync(join(folder, name)) ? read(name) : undefined;
  }

  /** A reader of the files of an artifact that holds each against its checksum. */
  #verified(folder: string, label: string): (name: string) => Uint8Array {
    if (!existsSync(folder)) {
      throw new FrontierError(
        'NOT_FOUND',
        `There is no model ${label}.`,
        'It may have been pruned: the newest five and pinned ones are kept. Train it again from its run.',
      );
    }
    const read = (name: string): Uint8Array => {
      const file = join(folder, name);
      if (!existsSync(file)) throw corrupt(`${label}/${name}`, 'is missing');
      if (!statSync(file).isFile()) throw corrupt(`${label}/${name}`, 'is no file');
      return readFileSync(file);
    };
    const checksums = parseJson(checksumsSchema, read(CHECKSUMS), `${label}/${CHECKSUMS}`);
    return (name) => {
      const bytes = read(name);
      if (checksums[name] !== sha256(bytes)) throw corrupt(`${label}/${name}`, 'differs from its checksum');
      return bytes;
    };
  }
}

const FORMAT = 1;

/** A manifest of a later release is told apart from a damaged one. */
function refuseLaterFormat(text: Uint8Array, label: string): void {
  let format: unknown;
  try {
    format = (JSON.parse(Buffer.from(text).toString('utf8')) as { format?: unknown }).format;
  } catch {
    return;
  }
  if (typeof format !== 'number' || format <= FORMAT) return;
  throw new FrontierError(
    'CONFLICT',
    `The model ${label} has format ${format}; this release reads format ${FORMAT}.`,
    'Update Frontier, or train the model again with this release.',
  );
}
