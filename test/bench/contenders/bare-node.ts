/** The least a Node proxy can do: `http.request` and two pipes. */

import { Agent, createServer, request as httpRequest } from 'node:http';

const upstreamPort = Number(process.argv[3]);
const agent = new Agent({ keepAlive: true });
const server = createServer((request, response) => {
  const outgoing = httpRequest(
    {
      agent,
      host: '127.0.0.1',
      port: upstreamPort,
      method: request.method,
      path: request.url,
      headers: request.headers,
    },
    (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers);
      incoming.pipe(response);
    },
  );
  outgoing.on('error', () => response.destroy());
  request.pipe(outgoing);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
