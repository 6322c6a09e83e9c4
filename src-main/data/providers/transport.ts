import type { Transport, TransportRequest, TransportResponse } from './port.ts';

/** Gets addresses with the `fetch` that is handed in (Node's own in the product). */
export function fetchTransport(fetcher: typeof fetch): Transport {
  return async (request) => {
    const response = await fetcher(request.url, {
      headers: { ...request.headers },
      signal: request.signal,
      redirect: 'manual',
    });
    return answer(response, request);
  };
}

function answer(response: Response, request: TransportRequest): TransportResponse {
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    text: () => readText(response, request.maxBodyBytes),
  };
}

/** Reads piece by piece, so that an endless body is cut off instead of filling the memory. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder('utf-8');
  const parts: string[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new BodyTooLarge(maxBytes);
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join('');
}

/** The body is larger than allowed; asking again would not make it smaller. */
export class BodyTooLarge extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`the body is larger than ${maxBytes} bytes`);
    this.name = 'BodyTooLarge';
    this.maxBytes = maxBytes;
  }
}
