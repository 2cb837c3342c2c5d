/** What people write by hand: Express and http-proxy-middleware, no gate at all. */

import { Agent } from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const app = express();
app.use(
  createProxyMiddleware({
    target: `http://127.0.0.1:${String(process.argv[3])}`,
    agent: new Agent({ keepAlive: true }),
    ws: true,
  }),
);
app.listen(Number(process.argv[2]), '127.0.0.1');
