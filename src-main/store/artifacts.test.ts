import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { artifact } from '../../tests/fixtures/records.ts';
import { ArtifactStore } from './artifacts.ts';

describe('artifact store', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'frontier-models-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const folder = (version: number): string => join(home, 'models', 'EURUSD_H1', String(version));

  it('ART-1: what is saved loads bit for bit, under rising versions', () => {
    const store = new ArtifactStore(home);
    expect(store.save(artifact).version).toBe(1);
    const second = store.save(artifact);
    expect(second).toMatchObject({ version: 2, folder: folder(2) });
    expect(store.versions('EURUSD', 'H1')).toEqual([1, 2]);
    // Versions 3 to 7 are registered, and somebody removed their folders.
    expect(store.save(artifact, 7).version).toBe(8);
    const loaded = store.load('EURUSD', 'H1', 2);
    expect(Buffer.from(loaded.model).equals(Buffer.from(artifact.model))).toBe(true);
    expect(loaded.manifest).toEqual({ ...artifact.manifest, format: 1, version: 2 });
    expect(loaded.sha256).toBe(second.sha256);
  });

  it('refuses a folder in the place of another version, and what is no file', () => {
    const store = new ArtifactStore(home);
    store.save(artifact);
    cpSync(folder(1), folder(2), { recursive: true });
    expect(() => store.load('EURUSD', 'H1', 2)).toThrow(/2\/manifest\.json belongs to EURUSD_H1\/1/);
    rmSync(join(folder(1), 'model.onnx'));
    mkdirSync(join(folder(1), 'model.onnx'));
    expect(() => store.load('EURUSD', 'H1', 1)).toThrow(/1\/model\.onnx is no file/);
  });

  it.each(['model.onnx', 'manifest.json'])('ART-2: a changed %s is refused by name', (name) => {
    const store = new ArtifactStore(home);
    store.save(artifact);
    const file = join(folder(1), name);
    const bytes = readFileSync(file);
    bytes[10] = bytes[10]! ^ 1;
    writeFileSync(file, bytes);
    expect(() => store.load('EURUSD', 'H1', 1)).toThrow(
      expect.objectContaining({
        code: 'CORRUPT',
        message: expect.stringContaining(`EURUSD_H1/1/${name} differs`),
      }),
    );
  });

  it.each(['model.onnx', 'manifest.json', 'checksums.json'])(
    'ART-2: a missing %s is refused by name',
    (name) => {
      const store = new ArtifactStore(home);
      store.save(artifact);
      rmSync(join(folder(1), name));
      expect(() => store.load('EURUSD', 'H1', 1)).toThrow(new RegExp(`${name} is missing`));
    },
  );

  it('ART-3: what a killed process left half-written is removed at the next opening and never seen', () => {
    const store = new ArtifactStore(home);
    store.save(artifact);
    const half = join(home, 'models', 'EURUSD_H1', '.tmp-99999-1');
    mkdirSync(half);
    writeFileSync(join(half, 'model.onnx'), 'half');
    expect(store.versions('EURUSD', 'H1')).toEqual([1]);
    const again = new ArtifactStore(home);
    expect(existsSync(half)).toBe(false);
    expect(again.load('EURUSD', 'H1', 1).version).toBe(1);
  });

  it('ART-4: a version that someone else has taken meanwhile is stepped over, never overwritten', () => {
    const store = new ArtifactStore(home);
    const other = new ArtifactStore(home);
    store.save(artifact);
    // As if both had looked before either wrote.
    other.versions = () => [];
    expect(other.save(artifact).version).toBe(2);
    expect(store.load('EURUSD', 'H1', 2).manifest.version).toBe(2);
    expect(store.load('EURUSD', 'H1', 1).manifest.version).toBe(1);
  });

  it('ART-5: a symbol cannot point outside the models folder', () => {
    const store = new ArtifactStore(home);
    const manifest = { ...artifact.manifest, symbol: '../../etc' };
    expect(() => store.save({ ...artifact, manifest })).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    );
    expect(() => store.load('..', 'H1', 1)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  it('an incomplete manifest is not stored; a missing version is not found', () => {
    const store = new ArtifactStore(home);
    const manifest = { ...artifact.manifest, features: [] };
    expect(() => store.save({ ...artifact, manifest })).toThrow(/manifest of the model is not complete/);
    expect(store.versions('EURUSD', 'H1')).toEqual([]);
    expect(() => store.load('EURUSD', 'H1', 7)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });
});
