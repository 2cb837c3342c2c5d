/** The upstreams of the demonstration, by themselves. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { createLegacyConsole } from '../../src/demo/legacy-console.ts';
import { createDemoMailServer } from '../../src/demo/mail-server.ts';
import { createMailbox } from '../../src/demo/mailbox.ts';
import { createModelServer } from '../../src/demo/model-server.ts';
import { sendLetter } from '../../src/notify/smtp.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { listening } from '../support/listening.ts';
import { WebClient } from '../support/web-client.ts';

const clock = fixedClock();

describe('the legacy console', async () => {
  const server = createLegacyConsole({ clock });
  const { origin } = await listening(server);
  const visitor = new WebClient(origin);
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test('says whom the identity headers name', async () => {
    const headers = { 'remote-user': 'anna', 'remote-groups': 'STAFF,<b>' };
    const named = await visitor.visit('/console/', { headers });
    const unnamed = await visitor.visit('/console/');

    assert.match(named.body, /You are <strong>anna<\/strong>, groups STAFF, &lt;b&gt;\./);
    assert.match(unnamed.body, /was not told who you are/);
  });

  test('shows every page that its tabs and links name', async () => {
    const welcome = await visitor.visit('/');
    const links = [...welcome.body.matchAll(/href="(\/[^"]*)"/g)].map(([, href = '']) => href);
    const own = links.filter((href) => !/^\/(?:v1|_mfa|mail)\//.test(href));

    for (const href of new Set(own)) assert.equal((await visitor.visit(href)).status, 200, href);
    assert.equal((await visitor.visit('/console/users/99')).status, 404);
  });

  test('saves a form that is posted to the address that shows it', async () => {
    const form = await visitor.visit('/console/users/7/edit');
    const saved = await visitor.submit(form, { name: 'Naledi "N" Dlamini', role: 'Viewer' });

    assert.equal(saved.url.href, `${origin}/console/users/7?saved`);
    assert.match(saved.body, /Naledi &quot;N&quot; Dlamini/);
    assert.match(saved.body, /<td>Viewer<\/td>/);
  });

  test('keeps the old setting where the new one makes no sense', async () => {
    const form = await visitor.visit('/admin/settings');
    const saved = await visitor.submit(form, { siteName: '  ', retentionDays: '-3' });

    assert.match(saved.body, /value="Cluster Manager"/);
    assert.match(saved.body, /value="90"/);
  });

  test('streams its log as events', async () => {
    const response = await fetch(`${origin}/console/events`, { headers: { 'remote-user': 'ben' } });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('id: 1')) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();

    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.match(text, /data: 12:00:00 \[ben\] /);
  });

  test('talks over a WebSocket: commands, echo, ping, long and split messages', async () => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/console/live`, {
      headers: { 'remote-user': 'chloe' },
    });
    const heard: string[] = [];
    socket.on('message', (data) => heard.push((data as Buffer).toString()));
    await once(socket, 'open');
    socket.ping('still there?');
    const [pong] = (await once(socket, 'pong')) as [Buffer];
    const long = 'x'.repeat(30_000);
    socket.send('whoami');
    socket.send(long);
    socket.send('in two ', { fin: false });
    socket.send('parts', { fin: true });
    while (heard.length < 4) await once(socket, 'message');
    socket.close(1000);
    const [code] = (await once(socket, 'close')) as [number];

    assert.equal(pong.toString(), 'still there?');
    assert.deepEqual(heard.slice(1), ['chloe', `echo: ${long}`, 'echo: in two parts']);
    assert.equal(code, 1000);
  });

  test('ends a WebSocket that says too much at once', async () => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/console/live`);
    await once(socket, 'open');
    socket.send('x'.repeat(60_000));
    const [code] = (await once(socket, 'close')) as [number];

    assert.equal(code, 1009);
  });

  test('answers an upgrade to anything else with 400', async () => {
    const answer = await visitor.call('/console/live', {
      headers: { connection: 'upgrade', upgrade: 'foo' },
    });

    assert.equal(answer.status, 400);
  });
});

describe('the model server', async () => {
  const server = createModelServer({ clock, pauseMilliseconds: 1 });
  const { origin } = await listening(server);
  const program = new WebClient(origin);
  const ask = (path: string, body: unknown) =>
    program.call(path, { method: 'POST', body: JSON.stringify(body) });
  const messages = [{ role: 'user', content: 'hello there' }];
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test('lists its one model', async () => {
    const { body } = await program.call('/v1/models');
    const { data } = JSON.parse(body) as { readonly data: readonly { readonly id: string }[] };

    assert.deepEqual(
      data.map(({ id }) => id),
      ['sallyport-parrot'],
    );
  });

  test('answers a chat in one piece', async () => {
    const answer = await ask('/v1/chat/completions', { model: 'sallyport-parrot', messages });

    assert.equal(answer.status, 200);
    assert.match(answer.body, /You said: hello there/);
  });

  test('streams a chat token by token, with usage when asked, and says when it is done', async () => {
    const answer = await ask('/v1/chat/completions', {
      model: 'sallyport-parrot',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'in parts' }] }],
      stream: true,
      stream_options: { include_usage: true },
    });
    const events = answer.body.split('\n\n').filter((event) => event !== '');
    const chunks = events.slice(0, -1).map(
      (event) =>
        JSON.parse(event.slice('data: '.length)) as {
          readonly choices: readonly { readonly delta: { readonly content?: string } }[];
          readonly usage?: { readonly completion_tokens: number };
        },
    );

    assert.equal(answer.headers['content-type'], 'text/event-stream');
    assert.equal(events.at(-1), 'data: [DONE]');
    assert.match(
      chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''),
      /: in parts/,
    );
    assert.equal(chunks.at(-1)?.usage?.completion_tokens, chunks.length - 3);
  });

  test('embeds texts as numbers or base64', async () => {
    const model = 'sallyport-parrot';
    const plain = await ask('/v1/embeddings', { model, input: ['a', 'b'] });
    const packed = await ask('/v1/embeddings', { model, input: 'a', encoding_format: 'base64' });
    const vectors = JSON.parse(plain.body) as {
      readonly data: readonly { readonly embedding: readonly number[] }[];
    };
    const base64 = JSON.parse(packed.body) as {
      readonly data: readonly { readonly embedding: string }[];
    };

    assert.equal(vectors.data.length, 2);
    assert.equal(
      Buffer.from(base64.data[0]?.embedding ?? '', 'base64').readFloatLE(0),
      vectors.data[0]?.embedding[0],
    );
  });

  // prettier-ignore
  const mistakes = [
    // what                 path                     body                                    status  code
    ['no JSON',             '/v1/chat/completions',  'not an object',                        400,    null],
    ['no model',            '/v1/chat/completions',  { messages },                           400,    null],
    ['an unknown model',    '/v1/chat/completions',  { model: 'gpt', messages },             404,    'model_not_found'],
    ['no messages',         '/v1/chat/completions',  { model: 'sallyport-parrot' },          400,    null],
    ['no input',            '/v1/embeddings',        { model: 'sallyport-parrot' },          400,    null],
    ['an unknown address',  '/v1/files',             {},                                     404,    'unknown_url'],
  ] as const;
  for (const [what, path, body, status, code] of mistakes) {
    test(`explains ${what} as OpenAI does`, async () => {
      const answer = await ask(path, body);
      const { error } = JSON.parse(answer.body) as {
        readonly error: { readonly type: string; readonly code: string | null };
      };

      assert.equal(answer.status, status);
      assert.deepEqual([error.type, error.code], ['invalid_request_error', code]);
    });
  }
});

describe('the mailbox', async () => {
  const mail = createDemoMailServer({ clock });
  const mailbox = createMailbox(mail.mails);
  const { port } = await listening(mail.server.server);
  const visitor = new WebClient((await listening(mailbox)).origin);
  after(() => {
    mailbox.closeAllConnections();
    mailbox.close();
    mail.server.close();
  });

  async function send(subject: string): Promise<void> {
    await sendLetter(
      {
        host: '127.0.0.1',
        port,
        isImplicitTls: false,
        isTlsRequired: false,
        username: null,
        password: null,
        from: 'Demo <security@corp.example>',
      },
      {
        to: 'anna@corp.example',
        subject,
        text: 'Hello Zoë & <b>Anna</b>\n',
        html: '<p>Hello</p><script>alert(1)</script>',
        messageId: '<mail.1@console.example.com>',
        date: clock.now(),
      },
      AbortSignal.timeout(10_000),
    );
  }

  test('is empty at first', async () => {
    assert.match((await visitor.visit('/mail/')).body, /Nothing yet/);
    assert.equal((await visitor.visit('/mail/other')).status, 404);
  });

  test('shows mail newest first, as text and as source that does nothing', async () => {
    await send('First of all, with a long subject that mail programs fold, and an é');
    await send('Second');
    const { body } = await visitor.visit('/mail/');

    assert.ok(body.indexOf('<h2>Second</h2>') < body.indexOf('<h2>First of all, with a long'));
    assert.match(body, /subject that mail programs fold, and an é<\/h2>/);
    assert.match(body, /To anna@corp\.example from Demo &lt;security@corp\.example&gt;/);
    assert.match(body, /<pre>Hello Zoë &amp; &lt;b&gt;Anna&lt;\/b&gt;\s*<\/pre>/);
    assert.match(body, /<pre>&lt;p&gt;Hello&lt;\/p&gt;&lt;script&gt;/);
    assert.doesNotMatch(body, /<script/);
  });
});
