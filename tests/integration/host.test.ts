import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import { hostFilePath, type LoopbackHost, startHost } from '../../src-main/server/host.ts';
import {
  cleanUp,
  fakeRenderer,
  type HostProcess,
  newFolder,
  openEngine,
  reach,
  startHostProcess,
  tokenOf,
  until,
  upgradeRequest,
} from '../support/engine.ts';

let engine: FrontierEngine;
let host: LoopbackHost;
let token: string;
let rendererDir: string;
const home = newFolder();

beforeAll(async () => {
  rendererDir = fakeRenderer();
  engine = await openEngine(home);
  host = await startHost({ engine, home, rendererDir, port: 0 });
  token = tokenOf(host.url);
});
afterAll(async () => {
  await host.close();
  await cleanUp();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A request with exactly this path and these headers; `fetch` would correct both. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: host.port, path, method, headers, agent: false };
    const sent = request(options, (answer) => {
      let body = '';
      answer.on('data', (data: Buffer) => {
        body += data.toString();
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const withToken = (path = '/'): string => `${path}?token=${token}`;

async function staticCookie(): Promise<string> {
  const answer = await ask(withToken());
  return String(answer.headers['set-cookie']?.[0]).split(';')[0]!;
}

/** How an attempt to open the socket ends: the status of the refusal, or `open`. */
function knock(
  protocols: string[],
  headers: Record<string, string> = {},
  path = '/rpc',
): Promise<number | 'open'> {
  const socket = new WebSocket(`ws://127.0.0.1:${host.port}${path}`, protocols, { headers });
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_, answer) => {
      resolve(answer.statusCode ?? 0);
      answer.destroy();
    });
    socket.on('error', () => resolve(0));
    socket.on('open', () => {
      expect(socket.protocol).toBe('frontier');
      socket.close();
      resolve('open');
    });
  });
}

/** The error code of a connection attempt, or `connected`. */
function dial(address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: host.port, timeout: 2000 });
    socket.on('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.on('timeout', () => {
      socket.destroy();
      resolve('timeout');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });
}

describe('where the loopback host listens', () => {
  it('listens on 127.0.0.1 and on no other address of the machine', async () => {
    expect(await dial('127.0.0.1')).toBe('connected');
    const others = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .map(({ address }) => address)
      .filter((address) => address !== '127.0.0.1' && !address.startsWith('fe80'));
    for (const address of [...others, '127.0.0.2'])
      expect(await dial(address), address).not.toBe('connected');
  });

  it('says in words that a port is taken', async () => {
    const second = startHost({ engine, home: newFolder(), rendererDir, port: host.port });
    await expect(second).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`Port ${host.port} is taken`),
      hint: expect.stringContaining('--port'),
    });
  });

  it('says that the interface is not built', async () => {
    const second = startHost({ engine, home: newFolder(), rendererDir: newFolder(), port: 0 });
    await expect(second).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      hint: expect.stringContaining('build'),
    });
  });
});

describe('who may read static files', () => {
  it('opens with the token, then with the cookie that the first page set', async () => {
    const first = await ask(withToken());
    expect(first.status).toBe(200);
    expect(first.body).toContain('<title>Frontier</title>');
    const cookie = String(first.headers['set-cookie']?.[0]);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).not.toContain(token);
    const second = await ask('/assets/app.js', { cookie: cookie.split(';')[0]! });
    expect([second.status, second.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
  });

  it.each([
    ['no token', '/', {}],
    ['a wrong token', '/?token=x', {}],
    ['a token of the right length', `/?token=${'A'.repeat(43)}`, {}],
    ['an empty token', '/?token=', {}],
    ['a wrong cookie', '/', { cookie: 'frontier=1' }],
  ])('answers 401 for %s', async (_, path, headers) => {
    const answer = await ask(path, headers as Record<string, string>);
    expect(answer.status).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.body).not.toContain(token);
  });

  it('refuses a wrong token although the cookie is right', async () => {
    expect((await ask('/?token=x', { cookie: await staticCookie() })).status).toBe(401);
  });

  it.each([
    ['a Host that was rebound to this machine', { host: 'evil.example' }],
    ['a Host that begins like ours', { host: '127.0.0.1.evil.example' }],
    ['a Host that ends like ours', { host: 'evil.localhost' }],
    ['the Origin of another site', { origin: 'http://evil.example' }],
    ['the Origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['an opaque Origin', { origin: 'null' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['Sec-Fetch-Site: cross-site alone', { 'sec-fetch-site': 'cross-site' }],
  ])('answers 403 for %s although the token is right', async (_, headers) => {
    expect((await ask(withToken(), headers as Record<string, string>)).status).toBe(403);
  });

  it('accepts localhost as a name, with or without a port', async () => {
    for (const name of ['localhost', `localhost:${host.port}`, 'LOCALHOST:8080', '[::1]:1'])
      expect((await ask(withToken(), { host: name })).status, name).toBe(200);
  });

  it.each([
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..\\secret.txt',
    '/..%5csecret.txt',
    '/%252e%252e%252fsecret.txt',
    '/index.html%00.js',
    '/%00',
    '/%',
    '/%c0%ae%c0%ae/secret.txt',
    '/assets',
    '/assets/',
    '//etc/passwd',
    '/nothing.js',
  ])('answers 404 for %s', async (path) => {
    const answer = await ask(path, { cookie: await staticCookie() });
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('nobody may read this');
  });

  it('answers GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      expect((await ask(withToken(), {}, method)).status, method).toBe(405);
    const head = await ask(withToken(), {}, 'HEAD');
    expect([head.status, head.body]).toEqual([200, '']);
  });

  it.each([
    ['a page', () => withToken()],
    ['a refusal', () => '/'],
    ['a missing file', () => withToken('/nothing.js')],
  ])('sends the security headers with %s', async (_, path) => {
    const { headers } = await ask(path());
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    const csp = String(headers['content-security-policy']);
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("script-src 'self'");
    expect(csp).toContain("frame-ancestors 'none'");
    const script = csp.split(';').find((d) => d.trim().startsWith('script-src'));
    expect(script).not.toMatch(/unsafe|\*|http/);
  });
});

describe('who may open the socket', () => {
  it('opens with the token and echoes only the name of the protocol', async () => {
    expect(await knock(['frontier', token])).toBe('open');
  });

  it.each([
    ['no token', () => ['frontier']],
    ['a wrong token', () => ['frontier', 'wrong']],
    ['the token without the protocol', () => [token]],
    ['the token before the protocol', () => [token, 'frontier']],
  ])('answers 401 for %s', async (_, protocols) => {
    expect(await knock(protocols())).toBe(401);
  });

  it('does not open for the static cookie, in whatever place', async () => {
    const cookie = await staticCookie();
    expect(await knock(['frontier'], { cookie })).toBe(401);
    expect(await knock(['frontier', cookie.split('=')[1]!], { cookie })).toBe(401);
    expect(await knock(['frontier'], { cookie }, `/rpc?token=${token}`)).toBe(401);
  });

  it.each([
    ['a foreign Host', { host: 'evil.example' }],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['the Origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'websocket' }],
  ])('answers 403 for %s although the token is right', async (_, headers) => {
    expect(await knock(['frontier', token], headers as Record<string, string>)).toBe(403);
  });

  it('accepts the Origin of its own page', async () => {
    expect(await knock(['frontier', token], { origin: `http://127.0.0.1:${host.port}` })).toBe('open');
  });

  it('has no other socket', async () => {
    expect(await knock(['frontier', token], {}, '/')).toBe(400);
    expect(await knock(['frontier', token], {}, '/rpc/')).toBe(400);
  });
});

describe('the life of a host', () => {
  it('leaves the address for other commands, readable by the user only, and removes it', async () => {
    const file = hostFilePath(home);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ pid: process.pid, port: host.port, token });
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('never writes the token to the log or the lock', async () => {
    await ask(withToken('/nothing.js'));
    await ask(withToken(), { host: 'evil.example' });
    await knock(['frontier', token], {}, '/elsewhere');
    const { client, socket } = await reach(host.port, token);
    await client.system.settings.set({ key: 'test.key', value: 1 });
    socket.close();
    const logs = readdirSync(join(home, 'logs'));
    expect(logs.length).toBeGreaterThan(0);
    for (const name of logs) expect(readFileSync(join(home, 'logs', name), 'utf8')).not.toContain(token);
    const others = readdirSync(home).filter(
      (name) => name.startsWith('frontier.') && !name.includes('sqlite'),
    );
    for (const name of others) expect(readFileSync(join(home, name), 'latin1'), name).not.toContain(token);
  });

  it('ends its sockets and streams when it closes, and frees the port', async () => {
    const folder = newFolder();
    const own = await openEngine(folder);
    const second = await startHost({ engine: own, home: folder, rendererDir, port: 0 });
    const { client, socket } = await reach(second.port, tokenOf(second.url));
    const stream = await client.system.status();
    await stream.next();
    const closed = new Promise<number>((resolve) => socket.addEventListener('close', (e) => resolve(e.code)));
    const started = performance.now();
    await second.close();
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await closed).toBe(1001);
    expect(existsSync(hostFilePath(folder))).toBe(false);
    await until('the stream has let go', () => own.context.hub.listenerCount === 0);
    const again = await startHost({ engine: own, home: folder, rendererDir, port: second.port });
    expect(tokenOf(again.url)).not.toBe(tokenOf(second.url));
    await again.close();
    await own.close();
  });

  it('ends by SIGTERM with status 0, without clients and with one that does not let go', async () => {
    for (const connected of [false, true]) {
      const folder = newFolder();
      const open = await startHostProcess(folder);
      if (connected) await rawConnection(open);
      open.child.kill('SIGTERM');
      const { status, stdout } = await open.ended;
      expect(status).toBe(0);
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(existsSync(hostFilePath(folder))).toBe(false);
    }
  });
});

/** A socket that is upgraded and then neither reads nor closes. */
function rawConnection(open: HostProcess): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: open.port }, () => {
      socket.write(upgradeRequest('/rpc', open.token));
      socket.once('data', () => {
        socket.pause();
        resolve();
      });
    });
    socket.on('error', () => undefined);
  });
}
