/** Renews the access to cTrader: `GET openapi.ctrader.com/apps/token`, whose address holds every secret there is. */
import { FrontierError } from '../../../../src-shared/errors.ts';
import type { JsonRequest, ProviderClient, Verdict } from '../http.ts';
import { quoted } from '../httpErrors.ts';
import type { ProviderIo } from '../port.ts';

/** What the exchange takes. */
export interface Renewal {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

export interface NewTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Printable and short: they are stored and sent as they are. */
const TOKEN = /^[\x21-\x7e]{1,512}$/;

/**
 * Exchanges a refresh token, which works once, for a new pair. The old access token is void from then on.
 * @throws FrontierError REFUSED when it is not accepted, UNAVAILABLE when the server cannot be reached
 */
export async function renewTokens(
  client: ProviderClient,
  renewal: Renewal,
  io: ProviderIo,
): Promise<NewTokens> {
  const { clientId, clientSecret, refreshToken } = renewal;
  const secrets = [clientId, clientSecret, refreshToken];
  const url = new URL(renewal.tokenUrl);
  const query = {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
    client_secret: clientSecret,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const request: JsonRequest = {
    url,
    headers: {},
    secrets,
    subject: 'a new access token',
    judge: (body) => judge(body, secrets),
  };
  const { body } = await client.getJson(request, io);
  const { accessToken, refreshToken: next } = body as Record<string, string>;
  return { accessToken: accessToken!, refreshToken: next! };
}

/** Failures come with status 200 and an `errorCode`. */
function judge(body: unknown, secrets: readonly string[]): Verdict {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const failure = fields.errorCode;
  if (failure !== undefined && failure !== null) {
    const says = quoted(`${String(failure)} ${String(fields.description ?? '')}`, secrets);
    return { kind: 'error', error: signInAgain(says) };
  }
  const whole = [fields.accessToken, fields.refreshToken].every(
    (t) => typeof t === 'string' && TOKEN.test(t),
  );
  return whole ? { kind: 'data' } : { kind: 'error', error: signInAgain('the answer holds no tokens') };
}

function signInAgain(says: string): FrontierError {
  return new FrontierError(
    'REFUSED',
    `cTrader does not renew the access of this application: ${says}`,
    'Sign in at cTrader again and enter the new access and refresh token.',
  );
}
