/** Mail that waits is sent once, tried again when that helps, and given up when it does not. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { UserId } from '../../../src/core/ids.ts';
import type { MailServer } from '../../../src/notify/smtp.ts';
import type { Logger } from '../../../src/platform/log.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import type { SqlDatabase } from '../../../src/stores/sql/database.ts';
import { StoreUnavailable, type OutboxStore } from '../../../src/stores/types.ts';
import { fixedClock, type FixedClock } from '../../support/fixed-clock.ts';
import { freePort } from '../../support/listening.ts';
import { startMailServer, type TestMailServer } from '../../support/mail-server.ts';
import {
  anAddressee,
  noHurry,
  senderAtWork,
  writeMail,
  type SenderAtWork,
} from '../../support/outbox-at-work.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { openThrowAwayDatabase } from '../../support/throw-away-database.ts';

describe('waiting mail', () => {
  let folder: TemporaryFolder;
  let database: SqlDatabase;
  let clock: FixedClock;
  let server: TestMailServer;
  let anna: UserId;
  let sender: SenderAtWork | null;

  beforeEach(async () => {
    folder = temporaryFolder();
    clock = fixedClock();
    const file = path.join(folder.path, 'mail.db');
    database = await openThrowAwayDatabase({ kind: 'sqlite', file }, systemRandom);
    anna = await anAddressee(database.stores);
    server = await startMailServer();
    sender = null;
  });
  afterEach(async () => {
    await sender?.stop(AbortSignal.abort());
    await server.close();
    await database.close();
    folder.remove();
  });

  interface Differences {
    readonly outbox?: OutboxStore;
    readonly server?: () => MailServer | null;
    readonly log?: Logger;
  }

  function startSending(of: Differences = {}): SenderAtWork {
    const { outbox } = database.stores;
    sender = senderAtWork({ outbox, clock, server: () => server.settings(), ...of });
    return sender;
  }

  test('is sent, and is gone then', async () => {
    for (const to of ['a@corp.example', 'b@corp.example', 'c@corp.example']) {
      await writeMail(database.stores, anna, { to });
    }
    await startSending().untilOutcomes(3);
    await sender?.stop(noHurry);

    assert.deepEqual(server.taken.flatMap(({ to }) => to).toSorted(), [
      'a@corp.example',
      'b@corp.example',
      'c@corp.example',
    ]);
    assert.equal(await database.stores.outbox.count(), 0);
  });

  test('is looked for soon after a nudge', async () => {
    const at = startSending();
    await writeMail(database.stores, anna);
    at.nudge();
    assert.deepEqual(await at.untilOutcomes(1), ['new-device sent']);
  });

  test('goes to the address that the person had when it was written', async () => {
    await writeMail(database.stores, anna, { to: 'anna-of-then@corp.example' });
    await startSending().untilOutcomes(1);
    assert.deepEqual(server.taken[0]?.to, ['anna-of-then@corp.example']);
  });

  test('is tried again, later and later, while the server asks to wait', async () => {
    server.behave({ refuses: 451 });
    await writeMail(database.stores, anna);
    const outcomes = [...(await oneTry())];
    for (const seconds of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      clock.advance(seconds - 1);
      assert.deepEqual(await takeDue(), [], `too early: ${seconds} s`);
      clock.advance(1);
      outcomes.push(...(await oneTry()));
    }
    server.behave('takes');
    clock.advance(3600);
    outcomes.push(...(await oneTry()));

    assert.equal(outcomes.length, 11);
    assert.deepEqual([...new Set(outcomes)], ['new-device postponed', 'new-device sent']);
    assert.equal(server.taken.length, 1);
    assert.equal(await database.stores.outbox.count(), 0);
  });

  /** One try of a sender of its own, which looks at once; the next is another process, as it were. */
  async function oneTry(): Promise<readonly string[]> {
    const at = startSending();
    await at.untilOutcomes(1);
    await at.stop(noHurry);
    return at.outcomes;
  }

  /** What another instance would get now. Nothing is due, so that nothing is taken away either. */
  async function takeDue(): Promise<readonly unknown[]> {
    const now = clock.now();
    return database.stores.outbox.take({ now, leaseUntil: now + 1, limit: 10 });
  }

  test('is tried again when there is no server at all', async () => {
    const nobody = await freePort();
    await writeMail(database.stores, anna);
    const at = startSending({ server: () => server.settings({ port: nobody }) });
    assert.deepEqual(await at.untilOutcomes(1), ['new-device postponed']);
    assert.equal(await database.stores.outbox.count(), 1);
  });

  test('is given up after three refusals for good, and the log says so without the address', async () => {
    const lines: object[] = [];
    const log: Logger = {
      ...quietLog,
      warn: (facts: object) => void lines.push(facts),
      error: (facts: object) => void lines.push(facts),
    };
    server.behave({ refuses: 550 });
    await writeMail(database.stores, anna);
    const at = startSending({ log });
    await at.untilOutcomes(1);
    for (const seconds of [30, 60]) {
      clock.advance(seconds);
      at.nudge();
      await at.untilOutcomes(seconds / 30 + 1);
    }
    await at.stop(noHurry);

    assert.deepEqual(at.outcomes, [
      'new-device postponed',
      'new-device postponed',
      'new-device given-up',
    ]);
    assert.equal(await database.stores.outbox.count(), 0);
    const { mail: _mail, ...last } = lines.at(-1) as { mail: number };
    assert.deepEqual(last, {
      kind: 'new-device',
      userId: anna,
      tries: 3,
      failure: 'EENVELOPE',
      reply: 550,
    });
    assert.doesNotMatch(JSON.stringify(lines), /corp\.example/);
  });

  test('is given up after three days', async () => {
    server.behave({ refuses: 451 });
    await writeMail(database.stores, anna);
    clock.advance(3 * 24 * 3600);
    assert.deepEqual(await startSending().untilOutcomes(1), ['new-device given-up']);
    await sender?.stop(noHurry);
    assert.equal(await database.stores.outbox.count(), 0);
  });

  test('waits while mail is not configured, and is sent once it is', async () => {
    let settings: MailServer | null = null;
    await writeMail(database.stores, anna);
    const at = startSending({ server: () => settings });
    settings = server.settings();
    at.nudge();
    assert.deepEqual(await at.untilOutcomes(1), ['new-device sent']);
  });

  test('is not held up by one that the server says nothing about', async () => {
    server.behave('says-nothing');
    await writeMail(database.stores, anna, { to: 'silent@corp.example' });
    const at = startSending();
    await server.untilOffered(1);
    server.behave('takes');
    for (let mail = 0; mail < 6; mail += 1) await writeMail(database.stores, anna);
    at.nudge();
    await at.untilOutcomes(6);

    assert.deepEqual([...new Set(server.taken.map(({ to }) => to[0]))], ['anna@corp.example']);
    assert.equal(await database.stores.outbox.count(), 1);
  });

  test('that is under way is finished at the end, and no other is begun', async () => {
    server.behave('says-nothing');
    for (let mail = 0; mail < 9; mail += 1) await writeMail(database.stores, anna);
    const at = startSending();
    await server.untilOffered(4);
    await at.stop(AbortSignal.abort());

    assert.deepEqual(
      at.outcomes,
      Array.from({ length: 4 }, () => 'new-device postponed'),
    );
    assert.equal(server.recipientsOffered(), 4);
    assert.equal(await database.stores.outbox.count(), 9);
  });

  test('survives a database that is away for a while, which is said once', async () => {
    const said: string[] = [];
    const log: Logger = {
      ...quietLog,
      warn: (_facts: object, sentence?: string) => void said.push(sentence ?? ''),
    };
    let asked = 0;
    const { outbox } = database.stores;
    const shaky: OutboxStore = {
      ...outbox,
      count: async () => {
        asked += 1;
        if (asked < 4) throw new StoreUnavailable('database');
        return outbox.count();
      },
    };
    await writeMail(database.stores, anna);
    const at = startSending({ outbox: shaky, log });
    const nudging = setInterval(() => at.nudge(), 10);
    await at.untilOutcomes(1);
    clearInterval(nudging);
    assert.deepEqual(said, ['the outbox does not answer']);
  });
});
