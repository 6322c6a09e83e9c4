import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readSecret } from './secretInput.ts';

/** A terminal or a pipe, as far as reading a secret goes. */
function inputOf(isTTY: boolean): { input: NodeJS.ReadStream; type: (text: string) => void; raw: boolean[] } {
  const raw: boolean[] = [];
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    setRawMode(on: boolean) {
      raw.push(on);
      return this;
    },
  });
  return { input: stream as unknown as NodeJS.ReadStream, type: (text) => stream.write(text), raw };
}

describe('a secret from standard input', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is typed without being shown, with corrections', async () => {
    const shown = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { input, type, raw } = inputOf(true);
    const secret = readSecret('Value: ', input);
    type('s3cr');
    type('x\u007fet\r');
    expect(await secret).toBe('s3cret');
    expect(raw).toEqual([true, false]);
    expect(shown.mock.calls.flat().join('')).toBe('Value: \n');
  });

  it('is given up with Ctrl-C, and the terminal is as before', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { input, type, raw } = inputOf(true);
    const secret = readSecret('Value: ', input);
    type('half\u0003');
    await expect(secret).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(raw).toEqual([true, false]);
  });

  it('is piped in; nothing, or a whole file, is refused', async () => {
    const piped = (text: string): Promise<string> => {
      const { input } = inputOf(false);
      (input as unknown as PassThrough).end(text);
      return readSecret('', input);
    };
    expect(await piped('  k3y\n')).toBe('k3y');
    await expect(piped('\n')).rejects.toMatchObject({ code: 'BAD_INPUT', message: 'No value was given.' });
    await expect(piped('x'.repeat(100_000))).rejects.toMatchObject({
      message: expect.stringContaining('too long'),
    });
  });
});
