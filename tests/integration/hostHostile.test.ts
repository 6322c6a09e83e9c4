import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  cleanUp,
  type HostProcess,
  newFolder,
  reach,
  startHostProcess,
  upgradeRequest,
} from '../support/engine.ts';

afterAll(cleanUp);

/** Sends bytes on a bare connection and waits for its end, or for the time to pass. */
function rawly(port: number, bytes: string | Uint8Array, reset = false): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.write(bytes, () => {
        if (reset) socket.resetAndDestroy();
      });
    });
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (data: Buffer) => {
      answer += data.toString('latin1');
      if (answer.includes('\r\n\r\n')) setTimeout(() => socket.destroy(), 20);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

describe('what strangers and broken clients send', () => {
  let open: HostProcess;
  beforeAll(async () => {
    open = await startHostProcess(newFolder());
  });

  async function expectAlive(): Promise<void> {
    const { client, socket } = await reach(open.port, open.token);
    expect(await client.data.list()).toEqual([]);
    socket.close();
    expect(open.child.exitCode).toBeNull();
  }

  /** How the host closes a socket after it was sent something. */
  function closeCodeAfter(message: string | Uint8Array): Promise<number> {
    const socket = new WebSocket(`ws://127.0.0.1:${open.port}/rpc`, ['frontier', open.token]);
    return new Promise((resolve, reject) => {
      socket.on('open', () => socket.send(message));
      socket.on('close', (code) => resolve(code));
      socket.on('error', reject);
    });
  }

  it.each(['//[', '//:99999', 'http://[', '*', '//%'])(
    'lives on after the request target %s',
    async (target) => {
      const line = (rest: string): string => `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${rest}\r\n`;
      expect(await rawly(open.port, line(''))).toMatch(/^HTTP\/1\.1 4\d\d/);
      expect(await rawly(open.port, upgradeRequest(target, open.token))).toMatch(/^HTTP\/1\.1 4\d\d/);
      await expectAlive();
    },
  );

  it('lives on when a refused client resets the connection', async () => {
    for (let i = 0; i < 20; i++) await rawly(open.port, upgradeRequest('/rpc', 'wrong'), true);
    await expectAlive();
  });

  it('closes a socket that sends more than 4 MiB in one message, and lives on', async () => {
    expect(await closeCodeAfter('x'.repeat(4 * 1024 * 1024 + 1))).toBe(1009);
    await expectAlive();
  });

  it('closes a socket that sends malformed frames, and lives on', async () => {
    // Reserved bits set, an unknown opcode, and a frame that is not masked.
    for (const frame of [
      [0xf1, 0x80, 0, 0, 0, 0],
      [0x8f, 0x80, 0, 0, 0, 0],
      [0x81, 0x01, 0x41],
    ]) {
      const head = Buffer.from(upgradeRequest('/rpc', open.token));
      expect(await rawly(open.port, Buffer.concat([head, Buffer.from(frame)]))).toMatch(/^HTTP\/1\.1 101/);
    }
    await expectAlive();
  });

  it.each([
    ['text that is no message', 'hello'],
    ['JSON of another shape', '{"i":"1"}'],
    ['a message without a request', '[]'],
    ['a request of no procedure', '{"i":"stranger","p":{"u":"/__proto__/constructor","b":{}}}'],
    ['bytes', new Uint8Array([0, 255, 1, 254])],
  ])('lives on after %s, and so does the socket', async (_, message) => {
    const { client, socket } = await reach(open.port, open.token);
    socket.send(message);
    expect(await client.data.list()).toEqual([]);
    socket.close();
    await expectAlive();
  });
});
