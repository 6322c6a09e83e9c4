import { WebSocket } from 'ws';
import type { OpenSocket, ProviderSocket, SocketEvents } from './port.ts';

/** A server that was asked for a WebSocket answered with something else. */
export class SocketRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the server answered with status ${status} in place of a socket`);
    this.name = 'SocketRefused';
    this.status = status;
  }
}

/** Opens sockets of this machine's network. */
export const openWebSocket: OpenSocket = (request, events) =>
  new Promise((resolve, reject) => {
    request.signal.throwIfAborted();
    const socket = new WebSocket(request.url, {
      followRedirects: false,
      perMessageDeflate: false,
      maxPayload: request.maxMessageBytes,
    });
    const giveUp = (): void => socket.terminate();
    request.signal.addEventListener('abort', giveUp, { once: true });
    // Before it is open an error says why it is not; afterwards `close` follows and says all that is needed.
    socket.on('error', (error) => reject(error));
    socket.on('unexpected-response', (_, response) => {
      reject(new SocketRefused(response.statusCode ?? 0));
      response.destroy();
      socket.terminate();
    });
    socket.on('open', () => {
      request.signal.removeEventListener('abort', giveUp);
      resolve(opened(socket, events));
    });
  });

function opened(socket: WebSocket, events: SocketEvents): ProviderSocket {
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.close(1003);
    else events.onMessage(data.toString());
  });
  socket.on('close', () => events.onClose());
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(1000),
  };
}
