/** What cTrader's servers say when they do not do what was asked, sorted by what to do about it. */
import type { Payload } from './messages.ts';
import { readWholeOr } from './messages.ts';

/**
 * - `again`: worth another attempt, on the same connection
 * - `lost`: the connection is of no more use; worth another attempt on a new one
 * - `unauthorised`: the session of the account ended; sign it in again
 * - `token`: the access token ran out
 * - `client`: the application's id or secret is not accepted
 * - `symbol`, `refused`: asking again changes nothing
 */
export type FaultKind = 'again' | 'lost' | 'unauthorised' | 'token' | 'client' | 'symbol' | 'refused';

/** A request that was not answered as asked. Holds no secret: the server's sentence is not in `message`. */
export class CTraderFault extends Error {
  readonly kind: FaultKind;
  readonly errorCode: string;
  /** What the server says; may quote what it was sent. */
  readonly says: string;
  /** How long the server asks to wait. */
  readonly waitMs: number | undefined;

  constructor(kind: FaultKind, errorCode: string, says = '', waitMs?: number) {
    super(errorCode);
    this.name = 'CTraderFault';
    this.kind = kind;
    this.errorCode = errorCode;
    this.says = says;
    this.waitMs = waitMs;
  }
}

const KIND: Readonly<Record<string, FaultKind>> = {
  REQUEST_FREQUENCY_EXCEEDED: 'again',
  BLOCKED_PAYLOAD_TYPE: 'again',
  SERVER_IS_UNDER_MAINTENANCE: 'again',
  CONNECTIONS_LIMIT_EXCEEDED: 'again',
  CH_SERVER_NOT_REACHABLE: 'again',
  CANT_ROUTE_REQUEST: 'again',
  TIMEOUT_ERROR: 'again',
  INTERNAL_SERVER_ERROR: 'again',
  UNKNOWN_ERROR: 'again',
  ACCOUNT_NOT_AUTHORIZED: 'unauthorised',
  CH_ACCESS_TOKEN_INVALID: 'token',
  OA_AUTH_TOKEN_EXPIRED: 'token',
  CH_OA_CLIENT_NOT_FOUND: 'client',
  CH_CLIENT_AUTH_FAILURE: 'client',
  CH_CLIENT_NOT_AUTHENTICATED: 'lost',
  SYMBOL_NOT_FOUND: 'symbol',
};
/** How long to keep quiet when the server says "too often" without saying how long. */
const TOO_OFTEN_MS = 1000;

/**
 * Reads a 2142 or a common error (50).
 * @param isCommon tells the unit of `maintenanceEndTimestamp`: milliseconds in 50, seconds in 2142
 */
export function faultOf(payload: Payload, isCommon: boolean, nowMs: number): CTraderFault {
  const errorCode = codeOf(payload.errorCode);
  const says = typeof payload.description === 'string' ? payload.description : '';
  const kind = KIND[errorCode] ?? 'refused';
  return new CTraderFault(kind, errorCode, says, waitOf(errorCode, payload, isCommon, nowMs));
}

function codeOf(value: unknown): string {
  return typeof value === 'string' && /^[A-Z0-9_]{1,80}$/.test(value) ? value : 'an unnamed error';
}

function waitOf(errorCode: string, payload: Payload, isCommon: boolean, nowMs: number): number | undefined {
  const retryAfterS = readWholeOr(payload.retryAfter, 0, 'retryAfter');
  if (retryAfterS > 0) return retryAfterS * 1000;
  const end = readWholeOr(payload.maintenanceEndTimestamp, 0, 'maintenanceEndTimestamp');
  if (end > 0) return Math.max(0, (isCommon ? end : end * 1000) - nowMs);
  return errorCode === 'REQUEST_FREQUENCY_EXCEEDED' ? TOO_OFTEN_MS : undefined;
}
