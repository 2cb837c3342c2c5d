/** Mail beside the gateway: nobody waits for it, and no end of a process loses it. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, describe, test } from 'node:test';

import { systemClock } from '../../../src/platform/clock.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { openDatabase } from '../../../src/stores/sql/database.ts';
import { createEnrollmentLink } from '../../../src/flows/admin/enrollment-links.ts';
import { createUser } from '../../../src/flows/admin/users.ts';
import { fixedClock, type FixedClock } from '../../support/fixed-clock.ts';
import { enrollAtSignIn, signIn, signInWithCode } from '../../support/http-verbs.ts';
import { installation, type Installation } from '../../support/command.ts';
import { startMailServer, type TestMailServer } from '../../support/mail-server.ts';
import { noHurry, senderAtWork } from '../../support/outbox-at-work.ts';
import { start, type Running } from '../../support/run.ts';
import { projectFolder } from '../../support/source-files.ts';
import { startGateway, type TestGateway } from '../../support/start-gateway.ts';

const password = 'anna-harbor-linen-fig';

describe('a gateway that sends mail (F45)', () => {
  let server: TestMailServer;
  let gateway: TestGateway;
  let clock: FixedClock;

  afterEach(async () => {
    // Mail that hangs would be given some seconds to get through.
    await gateway.composition.mail.stop(AbortSignal.abort());
    await gateway.close();
    await server.close();
  });

  async function open(): Promise<void> {
    clock = fixedClock();
    server = await startMailServer();
    gateway = await startGateway({
      clock,
      settings: {
        mail: {
          smtp: `smtp://127.0.0.1:${server.port}`,
          from: 'Example Corp <security@example.com>',
        },
        routes: [],
      },
    });
    const answer = await createUser(gateway.composition.flows, {
      username: 'anna',
      email: 'anna@corp.example',
      groups: ['SEC-OPS'],
      password,
    });
    assert.ok(answer.ok);
  }

  const anna = { username: 'anna', password };

  test('tells people soon after it happened, in the words of the catalogue', async () => {
    await open();
    await enroll();
    const [mail] = await server.untilTaken(1);

    assert.equal(
      mail?.headers.get('subject'),
      'Example Corp: a second step was added to your account',
    );
    assert.deepEqual(mail?.to, ['anna@corp.example']);
    assert.match(mail?.text ?? '', /was added to your account anna/);
    assert.match(mail?.text ?? '', /When: 2 Mar 2026, 12:0\d \(UTC\)/);
    assert.ok(mail?.text.includes(`${gateway.origin}/_mfa/account`));
    await gateway.composition.mail.stop(noHurry);
    const { text } = await gateway.composition.metrics.read();
    assert.match(text, /sallyport_mails_total\{kind="authenticator-added",outcome="sent"\} 1/);
  });

  test('brings a one-time link that opens, and leaves nothing of it in the database (G9)', async () => {
    await open();
    const { flows } = gateway.composition;
    const user = await flows.stores.users.findByUsername('anna');
    assert.ok(user !== null);
    const { url } = await flows.stores.transaction((stores) =>
      createEnrollmentLink(flows, stores, 'cli', user, 'invitation', clock.now()),
    );
    const [mail] = await server.untilTaken(1);
    assert.ok(mail?.text.includes(`\n${url}\n`) === true, mail?.text);
    assert.equal((await gateway.newClient().open(url)).status, 200);
    await gateway.composition.mail.stop(noHurry);
    assert.equal(await flows.stores.outbox.count(), 0);
  });

  async function enroll() {
    return enrollAtSignIn(gateway.newClient(), {
      target: '/_mfa/enroll',
      ...anna,
      clock,
    });
  }

  test('lets people sign in while the mail server says nothing', async () => {
    await open();
    server.behave('says-nothing');
    const person = await enroll();
    await server.untilOffered(1);
    // The mail hangs; a whole sign-in with a wrong code, which writes another one, goes through.
    const client = gateway.newClient();
    const challenge = await signIn(client, { target: '/_mfa/account', ...anna });
    const refused = await client.submit(challenge, { code: '000000' });
    assert.equal(refused.status, 401);
    const landed = await signInWithCode(gateway.newClient(), {
      target: '/_mfa/account',
      person,
      clock,
    });
    assert.equal(landed.url.pathname, '/_mfa/account');
    assert.equal(landed.status, 200);
    assert.equal(server.taken.length, 0);
  });

  test('ends in good order while the mail server says nothing, and keeps the mail', async () => {
    await open();
    server.behave('says-nothing');
    await enroll();
    await server.untilOffered(1);
    const { outbox } = gateway.composition.flows.stores;
    await gateway.composition.mail.stop(AbortSignal.abort());
    assert.equal(await outbox.count(), 1);
  });
});

describe('mail of a gateway that was killed (F45)', () => {
  let at: Installation;
  let server: TestMailServer;
  let running: Running | null = null;

  afterEach(async () => {
    await running?.stop('SIGKILL');
    await server.close();
    at.remove();
  });

  const main = path.join(projectFolder, 'src/main.ts');

  async function serve(): Promise<Running> {
    const process = start('node', [main, 'serve', '--config', at.configFile]);
    running = process;
    await process.says(/"msg":"listening"/);
    return process;
  }

  test('is sent by the next one: what waited and what was under way', async () => {
    server = await startMailServer();
    at = installation(`server: { listen: 127.0.0.1:0, publicUrl: http://localhost:8080 }
mail: { smtp: smtp://127.0.0.1:${server.port}, from: security@example.com }
`);
    // Commands write mail and never send it.
    const typed = { stdin: `${password}\n` };
    const added = await at.run('user add anna --email anna@corp.example --password-stdin', typed);
    assert.equal(added.code, 0, added.stderr);
    await at.run('user reset-mfa anna --reason lost --ticket OPS-1');
    assert.equal(server.recipientsOffered(), 0);

    server.behave('says-nothing');
    const first = await serve();
    await server.untilOffered(1);
    await first.stop('SIGKILL');
    server.behave('takes');
    await at.run('user set-password anna --password-stdin', { stdin: 'harbor-otter-linen-7\n' });
    await serve();

    // The lease of the one under way has two minutes to run; the other is not kept waiting.
    const [changed] = await server.untilTaken(1);
    assert.match(changed?.headers.get('subject') ?? '', /your password was changed/);
    await running?.stop('SIGTERM');

    const file = path.join(at.folder, 'data/sallyport.db');
    const database = openDatabase({ kind: 'sqlite', file }, { random: systemRandom });
    const later = fixedClock(systemClock.now() + 120_000);
    const sender = senderAtWork({
      outbox: database.stores.outbox,
      clock: later,
      server: () => server.settings(),
    });
    const [, reset] = await server.untilTaken(2);
    assert.match(reset?.headers.get('subject') ?? '', /your second step was reset/);
    await sender.stop(noHurry);
    assert.equal(await database.stores.outbox.count(), 0);
    await database.close();
  });
});
