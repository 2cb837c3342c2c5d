/** What is said to a mail server, and what is not said to one that cannot be trusted. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { after, afterEach, before, describe, test } from 'node:test';

import { failureOf, sendLetter, type Letter, type MailServer } from '../../../src/notify/smtp.ts';
import { Secret } from '../../../src/platform/secret.ts';
import { NOON } from '../../support/fixed-clock.ts';
import { startMailServer, type TestMailServer } from '../../support/mail-server.ts';
import { makeCertificate } from '../../support/nginx.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const aLetter: Letter = {
  to: 'anna@corp.example',
  subject: 'Example Corp: a second step was added',
  text: 'Added “Zoë’s key”.\n',
  html: '<p>Added “Zoë’s key”.</p>\n',
  messageId: '<mail.7.1772452800000@console.example.com>',
  date: NOON,
};

const never = new AbortController().signal;
const account = { username: 'gateway', password: new Secret('relay-secret-93') };

/** The failure of a letter that is not taken. */
async function refusal(
  settings: MailServer,
  letter = aLetter,
): Promise<ReturnType<typeof failureOf>> {
  let failure: ReturnType<typeof failureOf> | null = null;
  await sendLetter(settings, letter, never).catch((error: unknown) => {
    failure = failureOf(error);
  });
  assert.ok(failure !== null, 'it was taken');
  return failure;
}

describe('handing in a mail', () => {
  let folder: TemporaryFolder;
  let certificate: { readonly cert: Buffer; readonly key: Buffer };
  let server: TestMailServer;

  before(async () => {
    folder = temporaryFolder();
    const { certFile, keyFile } = await makeCertificate(folder.path, ['localhost']);
    certificate = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  });
  afterEach(async () => {
    tls.setDefaultCACertificates(tls.getCACertificates('bundled'));
    await server.close();
  });
  after(() => folder.remove());

  test('says that a machine wrote it, when, and the same id at every try', async () => {
    server = await startMailServer();
    await sendLetter(server.settings(), aLetter, never);
    const [mail] = await server.untilTaken(1);

    const header = (name: string) => mail?.headers.get(name);
    assert.equal(header('from'), 'Example Corp <security@example.com>');
    assert.equal(header('to'), 'anna@corp.example');
    assert.equal(header('subject'), aLetter.subject);
    assert.equal(header('date'), 'Mon, 02 Mar 2026 12:00:00 +0000');
    assert.equal(header('message-id'), aLetter.messageId);
    assert.equal(header('auto-submitted'), 'auto-generated');
    assert.equal(header('x-auto-response-suppress'), 'All');
    assert.deepEqual([mail?.from, mail?.to], ['security@example.com', ['anna@corp.example']]);
    assert.deepEqual(
      [mail?.text.trim(), mail?.html.trim()],
      [aLetter.text.trim(), aLetter.html.trim()],
    );
  });

  test('goes to one address, whatever is in it, and its headers are ours alone', async () => {
    server = await startMailServer();
    for (const to of [
      'a,b@corp.example',
      'x<y@corp.example',
      'a;b:c@corp.example',
      "o'hara+x@corp.example",
    ]) {
      const letter = { ...aLetter, to, subject: 'One\r\nBcc: victim@example.net\r\n\r\nbody' };
      await sendLetter(server.settings(), letter, never).catch(() => undefined);
    }
    for (const { to, headers } of server.taken) {
      assert.equal(to.length, 1);
      assert.match(to[0] ?? '', /@corp\.example$/);
      assert.equal(headers.has('bcc'), false);
    }
    assert.ok(server.taken.length >= 2);
  });

  test('comes from one sender, with a comma in the name or with no name', async () => {
    server = await startMailServer();
    for (const from of [
      'Example, Inc <a@example.com>',
      '"Example Corp" <b@example.com>',
      'c@example.com',
    ]) {
      await sendLetter(server.settings({ from }), aLetter, never);
    }
    const senders = server.taken.map(({ from, headers }) => [from, headers.get('from')]);
    assert.deepEqual(senders, [
      ['a@example.com', '"Example, Inc" <a@example.com>'],
      ['b@example.com', 'Example Corp <b@example.com>'],
      ['c@example.com', 'c@example.com'],
    ]);
  });

  test('is not done in clear text where TLS is required', async () => {
    server = await startMailServer();
    const failure = await refusal(server.settings({ isTlsRequired: true, ...account }));
    assert.deepEqual([failure.failure, failure.isPermanent], ['ETLS', false]);
    assert.equal(server.recipientsOffered(), 0);
  });

  for (const isImplicitTls of [true, false]) {
    const how = isImplicitTls ? 'TLS from the first byte' : 'STARTTLS';

    test(`by ${how} needs a certificate that holds, and gives credentials to nobody else`, async () => {
      const asked: string[] = [];
      server = await startMailServer({
        ...certificate,
        secure: isImplicitTls,
        disabledCommands: [],
        onAuth: ({ username, password }, _session, done) => {
          asked.push(`${username ?? ''} ${password ?? ''}`);
          done(null, { user: username });
        },
      });
      const settings = server.settings({
        host: 'localhost',
        isImplicitTls,
        isTlsRequired: true,
        ...account,
      });

      const failure = await refusal(settings);
      assert.equal(failure.isPermanent, false);
      assert.deepEqual([asked, server.recipientsOffered()], [[], 0]);

      tls.setDefaultCACertificates([certificate.cert.toString()]);
      await sendLetter(settings, aLetter, never);
      const [mail] = await server.untilTaken(1);
      assert.deepEqual([mail?.wasEncrypted, asked], [true, ['gateway relay-secret-93']]);
    });
  }

  test('is encrypted where the server can, even where nobody asked for it', async () => {
    server = await startMailServer({ ...certificate, disabledCommands: ['AUTH'] });
    await sendLetter(server.settings(), aLetter, never);
    const [mail] = await server.untilTaken(1);
    assert.equal(mail?.wasEncrypted, true);
  });

  test('fails for good only where the server refuses this recipient', async () => {
    server = await startMailServer();
    server.behave({ refuses: 550 });
    assert.deepEqual(await refusal(server.settings()), {
      isPermanent: true,
      failure: 'EENVELOPE',
      reply: 550,
    });
    server.behave({ refuses: 451 });
    assert.deepEqual(await refusal(server.settings()), {
      isPermanent: false,
      failure: 'EENVELOPE',
      reply: 451,
    });
  });

  test('tells of a wrong password without it', async () => {
    server = await startMailServer({
      ...certificate,
      secure: true,
      disabledCommands: [],
      onAuth: (_auth, _session, done) => done(new Error('Invalid relay-secret-93')),
    });
    const settings = server.settings({ isImplicitTls: true, ...account });
    const failure = await refusal(settings);
    assert.equal(failure.failure, 'EAUTH');
    assert.equal(failure.isPermanent, false);
    assert.doesNotMatch(JSON.stringify(failure), /relay-secret/);
  });

  test('ends at once when it is told to', async () => {
    server = await startMailServer();
    server.behave('says-nothing');
    const stopping = new AbortController();
    const sending = sendLetter(server.settings(), aLetter, stopping.signal);
    await server.untilOffered(1);
    stopping.abort();
    await assert.rejects(sending, (error) => failureOf(error).failure === 'EABORT');
  });
});
