/**
 * An Express application with the gate in front of everything it has, WebSockets included.
 *
 * `npx node examples/express/server.ts`, after adding a person with
 * `npx sallyport user add anna --config examples/express/sallyport.yaml --groups OPERATORS`.
 * Where the package is installed, `sallyport` is imported from 'sallyport'.
 */

import { createServer, type Server } from 'node:http';
import path from 'node:path';
import express from 'express';
import { sallyport } from '../../src/middleware.ts';
import { answerWithEcho } from './echo-socket.ts';

/** Starts the application. `config` is a file, or the same as a value. */
export async function startExample(
  config: string | object,
  port: number,
): Promise<{ readonly server: Server; close(): Promise<void> }> {
  const gate = await sallyport(config);
  const app = express();
  app.use(gate.handler);
  app.get('/public/hello', (_req, res) => void res.send('Hello, whoever you are.'));
  app.get('/hello', (req, res) => void res.send(`Hello ${String(req.headers['remote-user'])}.`));
  app.post('/change', (_req, res) => void res.send('Changed.'));

  const server = createServer(app);
  server.on('upgrade', gate.upgrade(answerWithEcho));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    server,
    async close() {
      server.closeAllConnections();
      server.close();
      await gate.close();
    },
  };
}

if (import.meta.main) await startExample(path.join(import.meta.dirname, 'sallyport.yaml'), 3000);
