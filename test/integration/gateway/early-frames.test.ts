/** WebSocket frames that an upstream sends before it is asked anything. */

// Regression: the first frames were lost when they came in one packet with the upstream's answer;
// a terminal that greets on connecting stayed silent.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { fixedClock } from '../../support/fixed-clock.ts';
import { listening } from '../../support/listening.ts';
import { startGateway, type TestGateway } from '../../support/start-gateway.ts';

describe('an upstream that greets', () => {
  const upstream = createServer();
  let gateway: TestGateway;

  before(async () => {
    upstream.on('upgrade', (request, socket) => {
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      const answer =
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`;
      const greeting = Buffer.from([0x81, 5, ...Buffer.from('hello')]);
      socket.write(Buffer.concat([Buffer.from(answer), greeting]));
      socket.on('error', () => socket.destroy());
    });
    const { origin } = await listening(upstream);
    const rules = [{ effect: 'public' }];
    gateway = await startGateway({
      clock: fixedClock(),
      settings: { routes: [{ name: 'greeter', path: '/**', upstream: origin, rules }] },
    });
  });

  after(async () => {
    await gateway.close();
    upstream.closeAllConnections();
    upstream.close();
  });

  test('is heard, even when its greeting comes in one packet with the answer', async () => {
    const socket = new WebSocket(gateway.origin.replace('http', 'ws'));
    const [greeting] = (await once(socket, 'message')) as [Buffer];
    socket.terminate();

    assert.equal(greeting.toString(), 'hello');
  });
});
