import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { destination, type Logger, pino } from 'pino';

/** Names under which a secret could slip into a log line; their values are replaced. */
const REDACTED = ['token', 'password', 'secret', 'apiKey', 'accessToken', 'refreshToken', 'authorization'];

/** The engine's log: JSON lines in `logs/frontier.log` of the data folder, never with a secret. */
export function createLogger(home: string): Logger {
  mkdirSync(join(home, 'logs'), { recursive: true });
  const paths = REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  const file = destination({ dest: join(home, 'logs', 'frontier.log'), sync: true });
  // A full disk costs lines of the log, never the engine: what could not be stored fails where it is stored.
  file.on('error', () => undefined);
  return pino({ base: null, redact: { paths, censor: '***' } }, file);
}
