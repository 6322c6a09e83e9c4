/**
 * cTrader Open API 2.0 in JSON (github.com/spotware/openapi-proto-messages): frames
 * `{clientMsgId, payloadType, payload}`. Whole numbers of 64 bits may come as text, enumerations as names or numbers.
 */
import { Malformed, readObject } from '../reading.ts';

/** Numbers of the messages that are used. */
export const PAYLOAD = {
  commonError: 50,
  heartbeat: 51,
  applicationAuthReq: 2100,
  applicationAuthRes: 2101,
  accountAuthReq: 2102,
  accountAuthRes: 2103,
  symbolsListReq: 2114,
  symbolsListRes: 2115,
  symbolByIdReq: 2116,
  symbolByIdRes: 2117,
  trendbarsReq: 2137,
  trendbarsRes: 2138,
  error: 2142,
  tickDataReq: 2145,
  tickDataRes: 2146,
  tokenInvalidatedEvent: 2147,
  clientDisconnectEvent: 2148,
  accountsByTokenReq: 2149,
  accountsByTokenRes: 2150,
  accountDisconnectEvent: 2164,
} as const;
export type PayloadType = (typeof PAYLOAD)[keyof typeof PAYLOAD];

/** The fields of a message. */
export type Payload = Readonly<Record<string, unknown>>;

/** A message as it arrived. */
export interface Frame {
  readonly clientMsgId: string | undefined;
  readonly payloadType: number;
  readonly payload: Payload;
}

export function encodeFrame(
  clientMsgId: string | undefined,
  payloadType: PayloadType,
  payload: Payload,
): string {
  return JSON.stringify({ ...(clientMsgId === undefined ? {} : { clientMsgId }), payloadType, payload });
}

/** @throws Malformed for what is no frame */
export function decodeFrame(text: string): Frame {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Malformed('it is not JSON');
    throw error;
  }
  const frame = readObject(body, 'the message');
  const { clientMsgId } = frame;
  if (clientMsgId !== undefined && typeof clientMsgId !== 'string') throw new Malformed('its id is not text');
  return {
    clientMsgId,
    payloadType: readWhole(frame.payloadType, 'its payloadType'),
    payload: frame.payload === undefined ? {} : readObject(frame.payload, 'its payload'),
  };
}

/** A whole number that fits a double exactly, given as such or as text (protobuf's JSON writes 64 bits as text). */
export function readWhole(value: unknown, what: string): number {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new Malformed(`${what} is not a whole number`);
}

/** @returns `fallback` for a field that is not there: protobuf leaves out what has its default value */
export function readWholeOr(value: unknown, fallback: number, what: string): number {
  return value === undefined || value === null ? fallback : readWhole(value, what);
}
