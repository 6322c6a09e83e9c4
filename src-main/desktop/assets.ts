/** Serves the built interface over `frontier://app/`, and nothing outside its folder. */
import { readFile } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';
import { CONTENT_SECURITY_POLICY, isAppUrl } from './security.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.wasm': 'application/wasm',
};

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/**
 * The file behind an address, or undefined when the address is not ours or points outside the folder.
 * `URL` resolves plain and `%2e` dots itself; an encoded slash or backslash survives it, so the decoded
 * path is checked again.
 * @param rendererDir absolute folder of the built interface
 */
export function resolveAsset(rendererDir: string, address: string): string | undefined {
  if (!isAppUrl(address)) return undefined;
  const decoded = decode(new URL(address).pathname);
  if (decoded === undefined || /[\0\\:]/.test(decoded)) return undefined;
  const file = resolve(join(rendererDir, decoded === '/' ? 'index.html' : decoded));
  const inside = relative(rendererDir, file);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`)) return undefined;
  return file;
}

function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}

/**
 * Handler for `protocol.handle`. Every answer, errors too, carries the content security policy.
 * @param read reads one file; the default is the file system (Electron's also reads inside `app.asar`)
 */
export function assetHandler(
  rendererDir: string,
  read: (path: string) => Promise<Uint8Array<ArrayBuffer>> = readFile,
): (request: { method: string; url: string }) => Promise<Response> {
  return async ({ method, url }) => {
    if (method !== 'GET' && method !== 'HEAD') return answer(405, 'Method not allowed');
    const file = resolveAsset(rendererDir, url);
    if (file === undefined) return answer(404, 'Not found');
    let body: Uint8Array<ArrayBuffer>;
    try {
      body = await read(file);
    } catch {
      return answer(404, 'Not found');
    }
    const type = CONTENT_TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';
    return new Response(method === 'HEAD' ? null : body, { headers: { ...HEADERS, 'content-type': type } });
  };
}

function answer(status: number, text: string): Response {
  return new Response(text, { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } });
}
