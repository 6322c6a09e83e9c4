import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { createEngine, type FrontierEngine } from '../../src-main/app/index.ts';
import { FileSecretStore } from '../../src-main/ops/secrets.ts';
import type { FrontierClient } from '../../src-shared/contract/index.ts';

/** What the tests of the composed engine share: data folders, engines, hosts and commands of their own. */

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folders: string[] = [];
const engines: FrontierEngine[] = [];
const children: ChildProcess[] = [];

/** An empty folder that `cleanUp` removes. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'frontier-engine-'));
  folders.push(folder);
  return folder;
}

/** A copy of a data folder, to spoil. */
export function copyOf(home: string): string {
  const copy = newFolder();
  cpSync(home, copy, { recursive: true });
  return copy;
}

export async function openEngine(home = newFolder()): Promise<FrontierEngine> {
  const engine = await createEngine({ home, host: 'cli', secrets: new FileSecretStore(home) });
  engines.push(engine);
  return engine;
}

/** Ends what the tests of a file started and removes their folders. For `afterAll`. */
export async function cleanUp(): Promise<void> {
  await Promise.all(children.splice(0).map(kill));
  for (const engine of engines.splice(0)) await engine.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A folder that passes for the built interface. */
export function fakeRenderer(): string {
  const folder = join(newFolder(), 'renderer');
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Frontier</title>');
  writeFileSync(join(folder, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(folder, '..', 'secret.txt'), 'nobody may read this');
  return folder;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition. @throws Error naming it when it does not come true in time */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await sleep(10);
  }
}

export interface Reached {
  readonly client: FrontierClient;
  readonly socket: WebSocket;
}

/** A client over WebSocket, as the interface is one. @throws Error when the host refuses */
export async function reach(port: number, token: string): Promise<Reached> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, ['frontier', token]);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.addEventListener('open', () => resolve());
  socket.addEventListener('error', () => reject(new Error('refused')));
  await promise;
  return { socket, client: createORPCClient(new RPCLink({ websocket: socket })) };
}

export const tokenOf = (url: string): string => new URL(url).searchParams.get('token') ?? '';

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
}

function withoutFrontierVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FRONTIER_')));
}

/**
 * Starts a program of the repository in a process of its own.
 * @param ownGroup makes it the leader of a process group, as a shell in a terminal does
 */
export function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  { ownGroup = false }: { ownGroup?: boolean } = {},
): Program {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
    env: { ...withoutFrontierVariables(), ...env },
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr })),
  );
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

/** Starts the `frontier` command. */
export function startCli(args: readonly string[], env?: NodeJS.ProcessEnv): Program {
  const main = join(ROOT, 'src-main', 'cli', 'main.ts');
  return start(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], env);
}

/** Runs the `frontier` command to its end. */
export function cli(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return startCli(args, env).ended;
}

/** The object that a command printed as its last line. @throws Error when it is none, or not the only one */
export function jsonOf(ended: Ended): Record<string, unknown> {
  const lines = ended.stdout.trimEnd().split('\n');
  if (lines.length !== 1) throw new Error(`expected one line, got: ${ended.stdout}${ended.stderr}`);
  const value: unknown = JSON.parse(lines[0]!);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`expected an object, got: ${lines[0]}`);
  return value as Record<string, unknown>;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await gone;
}

export interface HostProcess extends Program {
  readonly port: number;
  readonly token: string;
}

/** A loopback host in a process of its own, with an interface of one page. */
export async function startHostProcess(home: string): Promise<HostProcess> {
  const entry = join(ROOT, 'tests', 'support', 'engineHost.ts');
  const program = start(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    entry,
    home,
    fakeRenderer(),
  ]);
  void program.ended.then(({ stderr, status }) => {
    if (status !== 0 && status !== null) console.error(stderr);
  });
  await until('the host is open', () => program.stdout().includes('\n'));
  const url = new URL(program.stdout().trim());
  return { ...program, port: Number(url.port), token: tokenOf(url.href) };
}

interface LinuxProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every process of this machine that can be seen; empty where there is no /proc. */
function processes(): LinuxProcess[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        // A zombie has ended; only its parent has not looked yet.
        if (state === 'Z') return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        return [];
      }
    });
}

/** Process ids of everything that descends from a process. */
export function descendantsOf(pid: number): number[] {
  const all = processes();
  const found: number[] = [];
  const add = (parent: number): void => {
    for (const child of all.filter((p) => p.parent === parent)) {
      found.push(child.pid);
      add(child.pid);
    }
  };
  add(pid);
  return found;
}

/** Whether a process is still there and not a zombie. */
export function isAlive(pid: number): boolean {
  if (existsSync('/proc')) return processes().some((p) => p.pid === pid);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The bytes that open a WebSocket, for clients that then do not behave. */
export const upgradeRequest = (path: string, key: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: frontier, ${key}`,
    '\r\n',
  ].join('\r\n');
