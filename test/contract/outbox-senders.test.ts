/** Several instances over one outbox: each mail is sent, and sent once. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { fixedClock } from '../support/fixed-clock.ts';
import { startMailServer } from '../support/mail-server.ts';
import { anAddressee, noHurry, senderAtWork, writeMail } from '../support/outbox-at-work.ts';
import { describeEngines } from './support/engines.ts';

describeEngines((engine) => {
  describe('instances that send from one outbox', () => {
    test('send each mail once between them', async () => {
      const location = await engine.newLocation();
      const databases = [engine.open(location), engine.open(location), engine.open(location)];
      const [first] = databases;
      assert.ok(first !== undefined);
      await first.migrate();
      const anna = await anAddressee(first.stores);
      const addresses = Array.from({ length: 24 }, (_, at) => `anna-${String(at)}@corp.example`);
      for (const to of addresses) await writeMail(first.stores, anna, { to });

      const server = await startMailServer();
      const clock = fixedClock();
      const senders = databases.map(({ stores }) =>
        senderAtWork({ outbox: stores.outbox, clock, server: () => server.settings() }),
      );
      await server.untilTaken(addresses.length);
      await Promise.all(senders.map((sender) => sender.stop(noHurry)));

      assert.deepEqual(server.taken.flatMap(({ to }) => to).toSorted(), addresses.toSorted());
      assert.equal(await first.stores.outbox.count(), 0);
      await server.close();
    });

    test('leave to each other what one of them died over', async () => {
      const location = await engine.newLocation();
      const [dead, alive] = [engine.open(location), engine.open(location)];
      await dead.migrate();
      await writeMail(dead.stores, await anAddressee(dead.stores));
      const clock = fixedClock();
      const now = clock.now();
      await dead.stores.outbox.take({ now, leaseUntil: now + 120_000, limit: 4 });

      const server = await startMailServer();
      const sender = senderAtWork({
        outbox: alive.stores.outbox,
        clock,
        server: () => server.settings(),
      });
      clock.advance(120);
      sender.nudge();
      await sender.untilOutcomes(1);
      await sender.stop(noHurry);

      assert.equal(server.taken.length, 1);
      await server.close();
    });
  });
});
