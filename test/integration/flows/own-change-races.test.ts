/**
 * Two changes to one account at once: two instances on one database, SQLite and PostgreSQL.
 *
 * Of changes that end the sessions they are asked for in, one wins and the other finds itself
 * signed out (G8, F30); whatever comes first, nothing of both is left behind.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { SessionFacts } from '../../../src/core/facts.ts';
import { removeAuthenticator } from '../../../src/flows/account/authenticators.ts';
import { changePassword } from '../../../src/flows/account/change-password.ts';
import { answerChallenge } from '../../../src/flows/sign-in/challenge.ts';
import { disableMfa } from '../../../src/flows/account/disable-mfa.ts';
import type { NewSession } from '../../../src/flows/flow-context.ts';
import {
  confirmRecoveryCodes,
  takeRecoveryCodes,
} from '../../../src/flows/enroll/recovery-codes.ts';
import { regenerateRecoveryCodes } from '../../../src/flows/account/regenerate-codes.ts';
import { signIn } from '../../../src/flows/sign-in/sign-in.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { aPolicy, anMfaPolicy } from '../../support/builders.ts';
import { goodPassword, sure, visit, type World } from '../../support/flow-world.ts';
import { aProblem, steppedUp, withAnotherApp } from '../../support/own-changes.ts';
import {
  isAccepted,
  openTwoWorlds,
  sharedEngines,
  type TwoWorlds,
} from '../../support/two-worlds.ts';

const rounds = 6;

/** What any change comes out as. */
type Change = { readonly ok: true; readonly session: NewSession } | { readonly ok: false };

for (const engine of sharedEngines) {
  describe(`two instances on ${engine.name}, of two changes at once,`, () => {
    let worlds: TwoWorlds;
    let one: World;
    let two: World;
    before(async () => {
      worlds = await openTwoWorlds(engine);
      ({ one, two } = worlds);
    });
    after(() => worlds.close());

    const authenticatorsOf = ({ principal }: SessionFacts) =>
      one.ctx.stores.authenticators.listOfUser(principal.id);
    const codesLeftOf = ({ principal }: SessionFacts) =>
      one.ctx.stores.recoveryCodes.countLeft(principal.id);
    const sameInstant = () => two.clock.set(one.clock.now());

    /** Somebody in two browsers, past both steps in each and with a fresh proof in the second. */
    async function inTwoBrowsers(username: string) {
      const person = await worlds.enrolled(username);
      const signedIn = await one.signInBy(username);
      const second = await steppedUp(one, { session: signedIn, secret: person.secret });
      one.clock.advance(30);
      sameInstant();
      return { ...person, first: person.session, second };
    }

    /** The winner goes on, under a new id; every session from before is dead on both instances. */
    async function assertGoesOnAlone(
      winner: { readonly session: NewSession },
      old: SessionFacts,
      others: readonly SessionFacts[],
    ): Promise<SessionFacts> {
      for (const { key } of [old, ...others]) {
        assert.equal(await one.recall(key), null);
        assert.equal(await two.recall(key), null);
      }
      return sure(await two.rise(winner.session, old));
    }

    test('switching the second step off is done once', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { first, second, secret, recoveryCodes } = await inTwoBrowsers(`anna${round}`);
        const seen = (await one.events()).length;
        const proofs = [
          { method: 'totp', code: codeAt(secret, one.clock.now()) },
          { method: 'recovery-code', code: sure(recoveryCodes[0]) },
        ] as const;

        const sessions = round % 2 === 0 ? [first, second] : [second, first];
        const outcomes = await worlds.together(2, (world, at) =>
          disableMfa(world.ctx, visit(), sure(sessions[at]), {
            password: goodPassword,
            ...sure(proofs[at]),
          }),
        );

        assert.equal(outcomes.filter(isAccepted).length, 1);
        const won = outcomes.findIndex(isAccepted);
        assertSignedOut(outcomes[1 - won]);
        const answer = sure(outcomes.find(isAccepted)).value;
        const [old, other] = [sure(sessions[won]), sure(sessions[1 - won])];
        const risen = await assertGoesOnAlone(answer, old, [other]);
        assert.deepEqual(
          risen.proofs.map(({ method }) => method),
          ['password'],
        );
        assert.deepEqual([await authenticatorsOf(old), await codesLeftOf(old)], [[], 0]);
        const types = (await one.events()).slice(seen).map(({ type }) => type);
        assert.equal(types.filter((type) => type === 'mfa.disabled').length, 1);
      }
    });

    test('one is done of switching the second step off and removing an app', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const begun = await inTwoBrowsers(`ben${round}`);
        const second = await withAnotherApp(one, begun.second);
        one.clock.advance(30);
        sameInstant();
        const [app] = await authenticatorsOf(second);
        const code = codeAt(begun.secret, one.clock.now());
        const { first } = begun;
        const proof = { password: goodPassword, method: 'totp', code } as const;

        const changes: readonly ((world: World) => Promise<Change>)[] = [
          (world: World) => disableMfa(world.ctx, visit(), first, proof),
          (world: World) => removeAuthenticator(world.ctx, visit(), second, sure(app).id),
        ] as const;
        const isRemovalFirst = round % 2 === 1;
        const outcomes = await worlds.together(2, (world, at) =>
          sure(changes[isRemovalFirst ? 1 - at : at])(world),
        );

        assert.equal(outcomes.filter(isAccepted).length, 1);
        const won = outcomes.findIndex(isAccepted);
        assertSignedOut(outcomes[1 - won]);
        const isDisabled = (won === 0) !== isRemovalFirst;
        const answer = sure(outcomes.find(isAccepted)).value;
        const [old, other] = isDisabled ? [first, second] : [second, first];
        await assertGoesOnAlone(answer, old, [other]);
        const left = [(await authenticatorsOf(old)).length, await codesLeftOf(old)];
        assert.deepEqual(left, isDisabled ? [0, 0] : [1, 10]);
      }
    });

    test('removing one app each leaves one to somebody who must have one', async () => {
      const required = { requiredForTiers: ['TIER3'] } as const;
      const policy = aPolicy({ mfa: anMfaPolicy({ totp: required }) });
      for (let round = 0; round < rounds; round += 1) {
        const person = await worlds.enrolled(`finn${round}`);
        const fresh = await withAnotherApp(one, await steppedUp(one, person));
        sameInstant();
        worlds.configure({ policy });
        const apps = await authenticatorsOf(fresh);
        assert.equal(apps.length, 2);

        const outcomes = await worlds.together(2, (world, at) =>
          removeAuthenticator(world.ctx, visit(), fresh, sure(apps[at]).id),
        );

        assert.equal(outcomes.filter(isAccepted).length, 1);
        assert.equal((await authenticatorsOf(fresh)).length, 1);
        worlds.configure({ policy: aPolicy() });
      }
    });

    test('making new recovery codes leaves one live set, which one of both was shown', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const { first, second, recoveryCodes: old } = await inTwoBrowsers(`chloe${round}`);

        const outcomes = await worlds.together(2, async (world, at) => {
          const session = at === 0 ? first : second;
          const proof = { password: goodPassword, code: sure(old[at]) };
          const answer = await regenerateRecoveryCodes(world.ctx, visit(), session, proof);
          // Whoever comes after the other has confirmed types a code of a set that is dead.
          if (!answer.ok) return { shown: [], isConfirmed: false };
          const shown = (await takeRecoveryCodes(world.ctx, session)) ?? [];
          return { shown, isConfirmed: await confirmRecoveryCodes(world.ctx, visit(), session) };
        });

        const ends = outcomes.map((outcome) => {
          assert(outcome.status === 'fulfilled', JSON.stringify(outcome));
          return outcome.value;
        });
        assert.ok(ends.some(({ isConfirmed }) => isConfirmed));
        assert.ok(ends.every(({ shown, isConfirmed }) => shown.length > 0 || !isConfirmed));
        assert.equal(await codesLeftOf(first), 10);
        assert.equal(await worksAtSignIn(first, sure(old[5])), false);
        let live = 0;
        for (const { shown, isConfirmed } of ends) {
          if (shown[0] === undefined || !(await worksAtSignIn(first, shown[0]))) continue;
          assert.ok(isConfirmed, 'a set works that its owner did not confirm');
          live += 1;
        }
        assert.equal(live, 1);
      }
    });

    async function worksAtSignIn({ principal }: SessionFacts, code: string): Promise<boolean> {
      const session = await one.signInBy(principal.username);
      const guess = { method: 'recovery-code', code } as const;
      return (await answerChallenge(one.ctx, visit(), session, guess)).ok;
    }

    test('changing the password is done once, by one of two browsers or tabs', async () => {
      for (let round = 0; round < rounds; round += 1) {
        const username = `dan${round}`;
        await one.addUser(username);
        const first = await one.signInBy(username);
        const isOneSession = round % 2 === 0;
        const second = isOneSession ? first : await one.signInBy(username);
        const elsewhere = await one.signInBy(username);
        const inFlight = await signIn(one.ctx, visit(), { username, password: goodPassword });
        assert(inFlight.ok);
        const passwords = ['otter-lantern-wintry-1', 'otter-lantern-wintry-2'] as const;
        const seen = (await one.events()).length;

        const outcomes = await worlds.together(2, (world, at) =>
          changePassword(world.ctx, visit(), at === 0 ? first : second, {
            current: goodPassword,
            next: sure(passwords[at]),
          }),
        );

        assert.equal(outcomes.filter(isAccepted).length, 1);
        const won = outcomes.findIndex(isAccepted);
        const lost = sure(outcomes[1 - won]);
        // The other saw the new password already, or that its session had ended.
        if (lost.status === 'fulfilled') {
          assert.deepEqual(lost.value, { ok: false, reason: 'invalid-credentials' });
        } else assertSignedOut(lost);
        const opens = async (password: string) =>
          (await signIn(two.ctx, visit(), { username, password })).ok;
        assert.deepEqual(
          [await opens(goodPassword), await opens(passwords[0]), await opens(passwords[1])],
          [false, won === 0, won === 1],
        );
        const [old, other] = won === 0 ? [first, second] : [second, first];
        const others = isOneSession ? [elsewhere] : [other, elsewhere];
        assert.equal(await two.rise(inFlight.session, null), null);
        await assertGoesOnAlone(sure(outcomes.find(isAccepted)).value, old, others);
        const types = (await one.events()).slice(seen).map(({ type }) => type);
        assert.equal(types.filter((type) => type === 'user.password-changed').length, 1);
      }
    });

    test('both leave the audit log whole', async () => {
      worlds.advance(1);
      assert.equal((await two.ctx.stores.audit.verify()).ok, true);
    });
  });
}

/** What was refused was refused since its session had ended meanwhile. */
function assertSignedOut(outcome: PromiseSettledResult<unknown> | undefined): void {
  assert(outcome?.status === 'rejected', JSON.stringify(outcome));
  assert(aProblem('not-signed-in')(outcome.reason), String(outcome.reason));
}
