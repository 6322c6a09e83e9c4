import { FrontierError } from '../../../src-shared/errors.ts';

const MOST_CHARS = 8192;

/**
 * A secret from standard input: what is piped in, or what is typed without being shown.
 * @throws FrontierError BAD_INPUT for nothing, CANCELLED by Ctrl-C
 */
export async function readSecret(prompt: string, input: NodeJS.ReadStream = process.stdin): Promise<string> {
  const value = (input.isTTY ? await typed(prompt, input) : await piped(input)).trim();
  if (value !== '' && value.length <= MOST_CHARS) return value;
  throw new FrontierError(
    'BAD_INPUT',
    value === '' ? 'No value was given.' : 'The value is too long for a key.',
    'Type it at the prompt, or pipe it in: `frontier data key set NAME < file`.',
  );
}

async function piped(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > 2 * MOST_CHARS) break;
  }
  return text;
}

async function typed(prompt: string, input: NodeJS.ReadStream): Promise<string> {
  process.stderr.write(prompt);
  input.setRawMode(true);
  input.resume();
  let text = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onData = (data: Buffer): void => {
    for (const char of data.toString()) {
      if (char === '\r' || char === '\n') resolve(text);
      // In raw mode Ctrl-C is a character and not a signal.
      else if (char === '\u0003' || char === '\u0004')
        reject(new FrontierError('CANCELLED', 'Nothing was stored.'));
      else text = char === '\u007f' || char === '\b' ? text.slice(0, -1) : text + char;
    }
  };
  input.on('data', onData);
  try {
    return await promise;
  } finally {
    input.off('data', onData);
    input.setRawMode(false);
    input.pause();
    process.stderr.write('\n');
  }
}
