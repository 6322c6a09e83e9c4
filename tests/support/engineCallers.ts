import { MessageChannel } from 'node:worker_threads';
import { createORPCClient, ORPCError } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { RPCHandler } from '@orpc/server/message-port';
import type { FrontierEngine } from '../../src-main/app/index.ts';
import type { LoopbackHost } from '../../src-main/server/host.ts';
import type { FrontierClient } from '../../src-shared/contract/index.ts';
import { reach, tokenOf } from './engine.ts';

/** Clients over both transports of the contract, and what they are told when a call fails. */

export interface Caller {
  readonly client: FrontierClient;
  leave(): void;
}

export async function overSocket(host: LoopbackHost): Promise<Caller> {
  const { client, socket } = await reach(host.port, tokenOf(host.url));
  return { client, leave: () => socket.close() };
}

/** As the desktop does it: the engine serves one end of a channel, the window holds the other. */
export async function overPort(served: FrontierEngine): Promise<Caller> {
  const { port1, port2 } = new MessageChannel();
  new RPCHandler(served.router).upgrade(port1, { context: {} });
  const client: FrontierClient = createORPCClient(new RPCLink({ port: port2 }));
  port1.start();
  port2.start();
  return { client, leave: () => port2.close() };
}

/** The error of a call, or of the stream it returns. @throws Error when it goes through */
export async function problemOf(call: Promise<unknown>): Promise<ORPCError<string, { hint?: string }>> {
  try {
    const output = await call;
    if (typeof output === 'object' && output !== null && Symbol.asyncIterator in output)
      for await (const _ of output as AsyncIterable<unknown>) break;
  } catch (error) {
    if (error instanceof ORPCError) return error;
    throw error;
  }
  throw new Error('The call went through.');
}
