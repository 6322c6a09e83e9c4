import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assetHandler, resolveAsset } from './assets.ts';
import { CONTENT_SECURITY_POLICY } from './security.ts';

let base: string;
let dir: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'frontier-assets-'));
  dir = join(base, 'renderer');
  await mkdir(join(dir, 'assets'), { recursive: true });
  await mkdir(join(base, 'renderer-secret'));
  await writeFile(join(dir, 'index.html'), '<!doctype html>');
  await writeFile(join(dir, 'assets', 'a b.js'), 'export {};');
  await writeFile(join(base, 'secret.txt'), 'secret');
  await writeFile(join(base, 'renderer-secret', 'x.txt'), 'secret');
});
afterAll(() => rm(base, { recursive: true, force: true }));

const get = (url: string, method = 'GET') => assetHandler(dir)({ method, url });

describe('the interface over frontier://app', () => {
  it('serves files with type and policy', async () => {
    const index = await get('frontier://app/');
    expect(index.status).toBe(200);
    expect(await index.text()).toBe('<!doctype html>');
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(index.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    const script = await get('frontier://app/assets/a%20b.js?v=1#x');
    expect(await script.text()).toBe('export {};');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('answers HEAD without a body and refuses other methods', async () => {
    const head = await get('frontier://app/index.html', 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await get('frontier://app/index.html', 'POST');
    expect(post.status).toBe(405);
    expect(post.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
  });

  it.each([
    'frontier://app/../secret.txt',
    'frontier://app/%2e%2e/secret.txt',
    'frontier://app/%2e%2e%2fsecret.txt',
    'frontier://app/..%5csecret.txt',
    'frontier://app/assets/..%2f..%2fsecret.txt',
    'frontier://app/..%2frenderer-secret/x.txt',
    'frontier://app/%2fetc%2fpasswd',
    'frontier://app/index.html%00.js',
    'frontier://app/C:%5cwindows%5cwin.ini',
    'frontier://app/%zz',
    'frontier://app/assets',
    'frontier://app/.',
    'frontier://other/index.html',
    'https://app/index.html',
    'frontier://app/missing.js',
  ])('finds nothing at %s', async (url) => {
    const response = await get(url);
    // "." is the folder itself and shows the index; nothing else may be found.
    if (url.endsWith('app/.')) expect(await response.text()).toBe('<!doctype html>');
    else expect(response.status).toBe(404);
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
  });

  it('never resolves outside its folder, whatever the path', () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '%2f',
      '/',
      '//',
      '%5c',
      '\\',
      'a',
      '%25',
      '%00',
      '~',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const file = resolveAsset(dir, `frontier://app/${parts.join('')}`);
        return file === undefined || file.startsWith(`${dir}/`);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
