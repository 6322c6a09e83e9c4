import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import type { Duplex } from 'node:stream';
import { RPCHandler } from '@orpc/server/ws';
import { WebSocketServer } from 'ws';
import { FrontierError } from '../../src-shared/errors.ts';
import type { FrontierEngine } from '../app/index.ts';
import { Guard, type Refusal } from './guard.ts';

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self' ws://127.0.0.1:* ws://localhost:*",
  'frame-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

export interface HostOptions {
  readonly engine: FrontierEngine;
  readonly home: string;
  /** Folder of the built interface. */
  readonly rendererDir: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface LoopbackHost {
  /** With the token; whoever has it commands the engine. */
  readonly url: string;
  readonly port: number;
  /** Ends connections and frees the port. The engine is closed by its owner. */
  close(): Promise<void>;
}

/** What another command of the same user needs to reach the running host. */
export interface HostFile {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
}

export function hostFilePath(home: string): string {
  return join(home, 'host.json');
}

function secure(response: ServerResponse): void {
  response.setHeader('Content-Security-Policy', CSP);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
}

function refuse(response: ServerResponse, refusal: Refusal | { status: 404 | 405; reason: string }): void {
  response.writeHead(refusal.status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${refusal.reason}\n`);
}

/** A file below the folder, or undefined for anything that would leave it or does not exist. */
function fileFor(folder: string, pathname: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const path = normalize(join(folder, decoded === '/' ? 'index.html' : decoded));
  if (!path.startsWith(folder + sep) || decoded.includes('\0')) return undefined;
  return existsSync(path) && statSync(path).isFile() ? path : undefined;
}

/** What was asked for, or undefined for a target that is no address: anyone can send such a line. */
function targetOf(request: IncomingMessage): URL | undefined {
  return URL.parse(request.url ?? '/', 'http://127.0.0.1') ?? undefined;
}

const NO_ADDRESS = { status: 400, reason: 'That is no address.' } as const;

function serveStatic(options: HostOptions, guard: Guard, port: number) {
  const cookieName = `frontier_${port}`;
  return (request: IncomingMessage, response: ServerResponse): void => {
    secure(response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, { status: 405, reason: 'Only GET.' });
      return;
    }
    const url = targetOf(request);
    const refusal = url ? guard.checkStatic(request.headers, url, cookieName) : NO_ADDRESS;
    if (!url || refusal) {
      refuse(response, refusal ?? NO_ADDRESS);
      return;
    }
    const file = fileFor(options.rendererDir, url.pathname);
    if (!file) {
      refuse(response, { status: 404, reason: 'Nothing here.' });
      return;
    }
    if (url.searchParams.has('token'))
      response.setHeader(
        'Set-Cookie',
        `${cookieName}=${guard.staticCookie()}; HttpOnly; SameSite=Strict; Path=/`,
      );
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
    if (request.method === 'HEAD') response.end();
    else
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
  };
}

function rejectUpgrade(socket: Duplex, refusal: Refusal): void {
  // A client that resets the connection while it is refused must not end the host.
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${refusal.reason}\n`,
  );
}

function serveSockets(server: Server, engine: FrontierEngine, guard: Guard): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 4 * 1024 * 1024,
    // Only the name goes back; the token, offered as the second subprotocol, is never echoed.
    handleProtocols: () => 'frontier',
  });
  const handler = new RPCHandler(engine.router);
  sockets.on('connection', (socket) => {
    // Malformed and oversize messages: the library closes the socket, and nobody else is disturbed.
    socket.on('error', (error) => engine.context.log('A client broke the WebSocket protocol.', error));
    void handler.upgrade(socket, { context: {} });
  });
  server.on('upgrade', (request, socket, head) => {
    const path = targetOf(request)?.pathname;
    const refusal: Refusal | undefined =
      path === '/rpc' ? guard.checkSocket(request.headers) : { status: 400, reason: 'No such socket.' };
    if (refusal) rejectUpgrade(socket, refusal);
    else sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit('connection', ws, request));
  });
  return sockets;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new FrontierError(
          'UNAVAILABLE',
          taken
            ? `Port ${port} is taken by another program.`
            : `The loopback host could not start: ${error.message}`,
          taken ? 'Choose another with --port, or leave it out to take any free one.' : undefined,
        ),
      );
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Serves the interface and the RPC on 127.0.0.1.
 * @throws FrontierError UNAVAILABLE when the port is taken or the interface was not built
 */
export async function startHost(options: HostOptions): Promise<LoopbackHost> {
  if (!existsSync(join(options.rendererDir, 'index.html')))
    throw new FrontierError('UNAVAILABLE', 'The interface is not built.', 'Run `npm run build` once.');
  const token = randomBytes(32).toString('base64url');
  const guard = new Guard(token);
  const server = createServer();
  const port = await listen(server, options.port);
  server.on('request', serveStatic(options, guard, port));
  const sockets = serveSockets(server, options.engine, guard);
  const hostFile: HostFile = { pid: process.pid, port, token };
  writeFileSync(hostFilePath(options.home), JSON.stringify(hostFile), { mode: 0o600 });
  return {
    url: `http://127.0.0.1:${port}/?token=${token}`,
    port,
    async close() {
      rmSync(hostFilePath(options.home), { force: true });
      for (const socket of sockets.clients) socket.close(1001, 'Frontier is closing.');
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        setTimeout(() => {
          for (const socket of sockets.clients) socket.terminate();
          server.closeAllConnections();
        }, 500).unref();
      });
    },
  };
}
