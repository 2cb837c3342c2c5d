/**
 * Everything at once: two instances on one database, SQLite and PostgreSQL.
 *
 * Security F30 to F32: of what may be used once, exactly one wins; no more guesses are looked at
 * than the lockout allows; an enrollment that was in flight while somebody else enrolled or reset
 * leaves nothing behind.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { devicesRestedOn } from '../../../src/core/assurance.ts';
import { answerChallengeWithPasskey } from '../../../src/flows/sign-in/answer-passkey.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { distrustDevice, listDevices } from '../../../src/flows/sign-in/devices.ts';
import {
  beginPasskeyEnrollment,
  finishPasskeyEnrollment,
} from '../../../src/flows/enroll/enroll-passkey.ts';
import {
  beginTotpEnrollment,
  finishTotpEnrollment,
} from '../../../src/flows/enroll/enroll-totp.ts';
import { signOutEverywhere } from '../../../src/flows/sessions.ts';
import { signIn } from '../../../src/flows/sign-in/sign-in.ts';
import {
  beginPasskeySignIn,
  signInWithPasskey,
} from '../../../src/flows/sign-in/sign-in-with-passkey.ts';
import { resetMfa } from '../../../src/flows/admin/users.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { goodPassword, sure, visit, type World } from '../../support/flow-world.ts';
import { askForPasskey, enrollPasskey } from '../../support/passkey-verbs.ts';
import { createPasskey, platformBuild } from '../../support/soft-authenticator.ts';
import {
  isAccepted,
  openTwoWorlds,
  sharedEngines,
  type TwoWorlds,
} from '../../support/two-worlds.ts';

/** Counts, as security keys do, and verifies the person too. */
const countingBuild = {
  ...platformBuild,
  isBackupEligible: false,
  isBackedUp: false,
  counts: true,
};

for (const engine of sharedEngines) {
  describe(`two instances on ${engine.name}`, () => {
    let worlds: TwoWorlds;
    let one: World;
    let two: World;
    before(async () => {
      worlds = await openTwoWorlds(engine);
      ({ one, two } = worlds);
    });
    after(() => worlds.close());

    const together: TwoWorlds['together'] = (times, work) => worlds.together(times, work);
    const enrolled: TwoWorlds['enrolled'] = (username) => worlds.enrolled(username);

    test('accept one of fifty equal codes', async () => {
      const anna = await enrolled('anna');
      const session = await one.signInBy('anna');
      const code = codeAt(anna.secret, one.clock.now());

      const answers = await together(50, (world) =>
        answerChallenge(world.ctx, visit(), session, { method: 'totp', code }),
      );

      assert.equal(answers.filter(isAccepted).length, 1);
    });

    test('accept one of fifty equal recovery codes', async () => {
      const ben = await enrolled('ben');
      const session = await one.signInBy('ben');
      const code = sure(ben.recoveryCodes[0]);

      const answers = await together(50, (world) =>
        answerChallenge(world.ctx, visit(), session, { method: 'recovery-code', code }),
      );

      assert.equal(answers.filter(isAccepted).length, 1);
      assert.equal(await one.ctx.stores.recoveryCodes.countLeft(session.principal.id), 9);
    });

    test('leave no session that rests on a browser which was distrusted meanwhile', async () => {
      const gina = await enrolled('gina');
      const laptop = { ...visit(), deviceKey: 'a'.repeat(64) };
      const session = await one.signInBy('gina');
      const code = codeAt(gina.secret, one.clock.now());
      const guess = { method: 'totp', code, trustsDevice: true } as const;
      assert.equal((await answerChallenge(one.ctx, laptop, session, guess)).ok, true);
      const [device] = await listDevices(one.ctx, laptop, gina.session);

      let signIns = 0;
      const outcomes = await together(20, async (world) => {
        signIns += 1;
        if (signIns === 10) {
          await distrustDevice(world.ctx, laptop, gina.session, sure(device).id);
          return;
        }
        const given = { username: 'gina', password: goodPassword };
        const answer = await signIn(world.ctx, laptop, given);
        assert(answer.ok);
        await world.rise(answer.session, null);
      });

      assert.deepEqual(
        outcomes.filter(({ status }) => status === 'rejected'),
        [],
      );
      const now = one.clock.now();
      const written = await one.ctx.sessions.listOfUser(session.principal.id, now);
      const live = await Promise.all(written.map(({ key }) => two.recall(key)));
      const resting = live.filter(
        (facts) => facts !== null && devicesRestedOn(facts.proofs, now).length > 0,
      );
      assert.deepEqual(resting, []);
      assert.deepEqual(await listDevices(two.ctx, laptop, gina.session), []);
    });

    test('look at five of a hundred wrong codes and lock once', async () => {
      const chloe = await enrolled('chloe');
      const session = await one.signInBy('chloe');
      const seen = (await one.events()).length;

      await together(100, (world) =>
        answerChallenge(world.ctx, visit(), session, { method: 'totp', code: '000000' }),
      );

      const types = (await one.events()).slice(seen).map(({ type }) => type);
      assert.equal(types.filter((type) => type === 'second-factor.failed').length, 5);
      assert.equal(types.filter((type) => type === 'second-factor.locked').length, 1);
      const code = codeAt(chloe.secret, one.clock.now());
      const right = await answerChallenge(two.ctx, visit(), session, { method: 'totp', code });
      assert.equal(right.ok ? 'accepted' : right.reason, 'locked');
    });

    test('enroll one of many apps for somebody who has nothing', async () => {
      for (let round = 0; round < 5; round += 1) {
        const username = `dan${String(round)}`;
        await one.addUser(username);
        const begun = await Promise.all(
          Array.from({ length: 6 }, async () => {
            const session = await one.signInBy(username);
            const { secret } = await beginTotpEnrollment(one.ctx, session);
            return { session, code: codeAt(secret, one.clock.now()) };
          }),
        );

        const queue = [...begun];
        const answers = await together(begun.length, (world) => {
          const { session, code } = sure(queue.pop());
          return finishTotpEnrollment(world.ctx, visit(), session, { code });
        });

        assert.equal(answers.filter(isAccepted).length, 1);
        const { principal } = sure(begun[0]).session;
        assert.equal((await one.ctx.stores.authenticators.listOfUser(principal.id)).length, 1);
      }
    });

    test('leave nothing of an enrollment that a reset or a sign-out everywhere overtook', async () => {
      for (let round = 0; round < 10; round += 1) {
        const username = `eve${String(round)}`;
        await one.addUser(username);
        const session = await one.signInBy(username);
        const { secret } = await beginTotpEnrollment(one.ctx, session);
        const code = codeAt(secret, one.clock.now());

        const [finished] = await Promise.allSettled([
          finishTotpEnrollment(one.ctx, visit(), session, { code }),
          round % 2 === 0
            ? resetMfa(two.ctx, { username, reason: 'stolen', ticket: 'T-1' })
            : signOutEverywhere(two.ctx, visit(), session),
        ]);

        const apps = await one.ctx.stores.authenticators.listOfUser(session.principal.id);
        const wasReset = round % 2 === 0;
        // Whichever came second saw what the first did: a reset leaves nothing behind it.
        if (wasReset) assert.deepEqual(apps, []);
        if (!isAccepted(finished)) assert.deepEqual(apps, []);
        if (isAccepted(finished) && finished.value.ok) {
          assert.equal(await one.rise(finished.value.session, session), null);
        }
      }
    });

    test('accept one of twenty equal answers of a passkey, and of one passkey alone', async () => {
      await one.addUser('gita');
      const { passkey } = await enrollPasskey(one, await one.signInBy('gita'), countingBuild);
      const session = await one.signInBy('gita');
      const response = passkey.get(await askForPasskey(one, session));
      const alone = passkey.get(sure(await beginPasskeySignIn(one.ctx, 'browser')));

      const answers = await together(20, (world) =>
        answerChallengeWithPasskey(world.ctx, visit(), session, response),
      );
      const signIns = await together(20, (world) =>
        signInWithPasskey(world.ctx, visit(), { response: alone, browser: 'browser' }),
      );

      assert.equal(answers.filter(isAccepted).length, 1);
      assert.equal(signIns.filter(isAccepted).length, 1);
    });

    // A key and its copy: each has a challenge of its own, and both show the same counter.
    test('accept one of twenty answers of which all show one counter', async () => {
      await one.addUser('hugo');
      const { passkey } = await enrollPasskey(one, await one.signInBy('hugo'), countingBuild);
      const session = await one.signInBy('hugo');
      const seen = (await one.events()).length;
      const asked = await Promise.all(
        Array.from({ length: 20 }, () => askForPasskey(one, session)),
      );
      const responses = asked.map((options) => passkey.get(options, { counter: 7 }));

      const answers = await together(20, (world) =>
        answerChallengeWithPasskey(world.ctx, visit(), session, sure(responses.pop())),
      );

      assert.equal(answers.filter(isAccepted).length, 1);
      const alarms = (await one.events()).slice(seen).filter(({ severity }) => severity === 'high');
      assert.equal(alarms.length, 19);
    });

    test('enroll one of many passkeys for somebody who has nothing', async () => {
      await one.addUser('ida');
      const begun = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const session = await one.signInBy('ida');
          const { options } = await beginPasskeyEnrollment(one.ctx, session);
          return { session, response: createPasskey(options).posted };
        }),
      );

      const queue = [...begun];
      const answers = await together(begun.length, (world) => {
        const { session, response } = sure(queue.pop());
        return finishPasskeyEnrollment(world.ctx, visit(), session, { response, name: 'Key' });
      });

      assert.equal(answers.filter(isAccepted).length, 1);
      const { principal } = sure(begun[0]).session;
      assert.equal((await one.ctx.stores.authenticators.listOfUser(principal.id)).length, 1);
    });

    test('keep the audit log whole through all of it', async () => {
      worlds.advance(1);
      assert.equal((await two.ctx.stores.audit.verify()).ok, true);
    });
  });
}
