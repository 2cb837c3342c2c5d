/** One HTTP request on a connection of its own, and everything that came back. */

import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

/** What is asked. */
export interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly rawTrailers: readonly string[];
  readonly body: string;
  /** Informational answers that came before. */
  readonly informational: readonly {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
  }[];
}

/** Navigates, as far as the gateway can tell. */
export const asBrowser = { accept: 'text/html', 'sec-fetch-mode': 'navigate' } as const;

/** Asks a server on the loopback address as `console.example.com`. Rejects when it is cut off. */
export function ask(port: number, question: Question = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const informational: { status: number; headers: IncomingHttpHeaders }[] = [];
    const outgoing = request({
      host: '127.0.0.1',
      port,
      method: question.method ?? 'GET',
      path: question.path ?? '/',
      headers: { host: 'console.example.com', ...question.headers },
      agent: false,
    });
    outgoing.on('information', ({ statusCode, headers }) =>
      informational.push({ status: statusCode, headers }),
    );
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          rawTrailers: incoming.rawTrailers,
          body: Buffer.concat(chunks).toString(),
          informational,
        }),
      );
    });
    if (question.trailers !== undefined) {
      outgoing.setHeader('Transfer-Encoding', 'chunked');
      outgoing.setHeader('Trailer', Object.keys(question.trailers).join(', '));
      outgoing.addTrailers(question.trailers);
    }
    outgoing.end(question.body);
  });
}
