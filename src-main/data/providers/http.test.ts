import { describe, expect, it } from 'vitest';
import { ManualClock, SeededRng } from '../../../src-shared/runtime.ts';
import { type JsonRequest, ProviderClient } from './http.ts';
import type { ProviderIo, Transport, TransportResponse } from './port.ts';
import { BodyTooLarge, fetchTransport } from './transport.ts';

const KEY = 'a-very-secret-key';
const request: JsonRequest = {
  url: new URL(`https://provider.test/bars?apikey=${KEY}`),
  headers: {},
  secrets: [KEY],
  subject: 'EURUSD M1',
};

function ioOf(transport: Transport): ProviderIo & { waits: number[] } {
  const clock = new ManualClock(0);
  const waits: number[] = [];
  return {
    transport,
    clock,
    waits,
    rng: new SeededRng(1),
    sleep: async (ms) => {
      waits.push(ms);
      clock.advanceTo(clock.nowMs() + ms);
    },
    deadline: () => new AbortController().signal,
    openSocket: () => Promise.reject(new Error('no sockets here')),
    every: () => () => undefined,
    key: async () => KEY,
    signal: new AbortController().signal,
  };
}

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): Transport =>
  async (): Promise<TransportResponse> => ({
    status,
    header: (name) => headers[name],
    text: async () => body,
  });

const client = () => new ProviderClient({ name: 'P', rateLimits: [], keyHint: 'Enter another key.' });

const failureOf = async (transport: Transport): Promise<Error> => {
  try {
    await client().getJson(request, ioOf(transport));
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
};

describe('a request to a provider', () => {
  it.each([
    [400, 'BAD_INPUT', '{"message":"no such thing"}', /no such thing/],
    [
      401,
      'REFUSED',
      '{"errorMessage":"Insufficient authorization"}',
      /does not accept the key.*Insufficient/,
    ],
    [402, 'BAD_INPUT', '', /status 402/],
    [403, 'REFUSED', '{"message":"forbidden."}', /does not accept the key/],
    [403, 'REFUSED', '{"message":"your subscription does not permit this"}', /plan of this key/],
    [403, 'REFUSED', '<html>blocked</html>', /web page instead of data/],
    [404, 'NOT_FOUND', '{"detail":"Not found."}', /does not know EURUSD M1/],
    [301, 'REFUSED', '', /redirects/],
    [200, 'REFUSED', 'Welcome', /not JSON: Welcome/],
    [200, 'REFUSED', '  <?xml version="1.0"?>', /web page/],
  ])('does not repeat status %i: %s', async (status, code, body, message) => {
    let asked = 0;
    const error = await failureOf((r) => {
      asked++;
      return answering(status, body)(r);
    });
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(asked).toBe(1);
  });

  it('quotes a provider without the key, on one short line', async () => {
    const error = await failureOf(
      answering(400, JSON.stringify({ message: `key\n ${KEY} \u0007${'x'.repeat(900)}` })),
    );
    expect(error.message).toContain('key [key] x');
    expect(error.message).not.toContain(KEY);
    expect(error.message.length).toBeLessThan(350);
  });

  it('keeps messages of the platform to itself, which may quote the address', async () => {
    const error = await failureOf(async (r) => {
      throw new TypeError(`Failed to fetch ${r.url}`, {
        cause: Object.assign(new Error(r.url), { code: 'ECONNREFUSED' }),
      });
    });
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') });
    expect(`${error.stack} ${String(error.cause)}`).not.toContain(KEY);
  });

  it('takes an empty body for a failure, and null for data', async () => {
    await expect(client().getJson(request, ioOf(answering(200, '')))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('an empty answer'),
    });
    expect((await client().getJson(request, ioOf(answering(200, 'null')))).body).toBeNull();
  });

  it('makes parallel requests wait when one is told to', async () => {
    const shared = client();
    let first = true;
    const io = ioOf((r) => {
      const told = first;
      first = false;
      return answering(told ? 429 : 200, '{}', told ? { 'retry-after': '40' } : {})(r);
    });
    await shared.getJson(request, io);
    const resumedMs = io.clock.nowMs();
    expect(resumedMs).toBeGreaterThanOrEqual(40_000);
    const other = ioOf(answering(200, '{}'));
    await shared.getJson(request, other);
    expect(other.waits).toEqual([40_000]);
  });

  it('does not ask twice for a body that is too large', async () => {
    let asked = 0;
    const error = await failureOf(async () => {
      asked++;
      throw new BodyTooLarge(64 * 1024 * 1024);
    });
    expect(error).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('64 MiB') });
    expect(asked).toBe(1);
  });
});

describe('the transport', () => {
  it('stops reading a body without end, and follows no redirect', async () => {
    let pulled = 0;
    let options: RequestInit | undefined;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(1000).fill(32));
      },
    });
    const transport = fetchTransport(async (_, init) => {
      options = init;
      return new Response(endless);
    });
    const signal = new AbortController().signal;
    const response = await transport({ url: 'https://p.test', headers: {}, signal, maxBodyBytes: 5000 });
    await expect(response.text()).rejects.toBeInstanceOf(BodyTooLarge);
    expect(pulled).toBeLessThan(10);
    expect(options).toMatchObject({ redirect: 'manual', signal });
  });

  it('joins letters that are split between pieces', async () => {
    const bytes = new TextEncoder().encode('{"a":"€"}');
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const transport = fetchTransport(async () => new Response(stream));
    const signal = new AbortController().signal;
    const response = await transport({ url: 'https://p.test', headers: {}, signal, maxBodyBytes: 5000 });
    expect(await response.text()).toBe('{"a":"€"}');
  });
});
