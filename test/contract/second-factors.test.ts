/** What every second factor with a typed code must do, on real stores. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { MethodId } from '../../src/core/proofs.ts';
import { codeAt } from '../support/authenticator-app.ts';
import { openWorld, sure, type EnrolledPerson, type World } from '../support/flow-world.ts';

interface Candidate {
  readonly method: Extract<MethodId, 'totp' | 'recovery-code'>;
  /** A code that is right now and was not typed yet. */
  readonly nextCode: (world: World, person: EnrolledPerson) => string;
  /** What is said of a code that was right once. */
  readonly saidOfUsed: 'code-already-used' | 'wrong-code';
}

const candidates: readonly Candidate[] = [
  {
    method: 'totp',
    nextCode: (world, person) => {
      world.clock.advance(60);
      return codeAt(person.secret, world.clock.now());
    },
    saidOfUsed: 'code-already-used',
  },
  {
    method: 'recovery-code',
    nextCode: (_world, person) => sure((person.recoveryCodes as string[]).pop()),
    // The store keeps no difference: a used code and none at all look the same.
    saidOfUsed: 'wrong-code',
  },
];

for (const { method, nextCode, saidOfUsed } of candidates) {
  describe(`a second factor: ${method}`, () => {
    let world: World;
    let anna: EnrolledPerson;
    let ben: EnrolledPerson;
    before(async () => {
      world = await openWorld();
      anna = await world.enrolledPerson('anna');
      ben = await world.enrolledPerson('ben');
    });
    after(() => world.close());

    const verify = (person: EnrolledPerson, code: string) =>
      world.ctx.codeFactors[method].verify(
        world.ctx.stores,
        person.session.principal.id,
        code,
        world.clock.now(),
      );

    test('is known by its method', () => {
      assert.equal(world.ctx.codeFactors[method].id, method);
    });

    test('gives a proof of this moment, by an answer, for a right code', async () => {
      const answer = await verify(anna, nextCode(world, anna));

      assert(answer.ok);
      const { method: proved, at, origin } = answer.proof;
      assert.deepEqual([proved, at, origin], [method, world.clock.now(), 'answer']);
    });

    test('takes each code once', async () => {
      const code = nextCode(world, anna);

      assert.equal((await verify(anna, code)).ok, true);
      assert.deepEqual(await verify(anna, code), { ok: false, reason: saidOfUsed });
    });

    test('takes one of fifty equal codes that arrive together', async () => {
      const code = nextCode(world, anna);

      const answers = await Promise.all(Array.from({ length: 50 }, () => verify(anna, code)));

      assert.equal(answers.filter((answer) => answer.ok).length, 1);
      for (const answer of answers) {
        if (!answer.ok) assert.equal(answer.reason, saidOfUsed);
      }
    });

    test('does not use a code up in a transaction that fails', async () => {
      const code = nextCode(world, anna);
      const { stores } = world.ctx;

      const failing = stores.transaction(async (inside) => {
        const factor = world.ctx.codeFactors[method];
        const answer = await factor.verify(
          inside,
          anna.session.principal.id,
          code,
          world.clock.now(),
        );
        assert.equal(answer.ok, true);
        throw new Error('the disk is full');
      });

      await assert.rejects(failing, /disk is full/);
      assert.equal((await verify(anna, code)).ok, true);
    });

    test('does not take the code of somebody else', async () => {
      assert.deepEqual(await verify(ben, nextCode(world, anna)), {
        ok: false,
        reason: 'wrong-code',
      });
    });

    test('does not take a code of somebody who has nothing enrolled', async () => {
      await world.addUser('chloe');
      const chloe = await world.signInBy('chloe');

      const answer = await verify({ ...anna, session: chloe }, nextCode(world, anna));

      assert.deepEqual(answer, { ok: false, reason: 'wrong-code' });
    });

    test('takes blanks and hyphens between the characters of a code', async () => {
      const code = nextCode(world, anna);

      const answer = await verify(
        anna,
        ` ${code.slice(0, 3)} ${code.slice(3, 4)}-${code.slice(4)}\n`,
      );

      assert.equal(answer.ok, true);
    });

    for (const typed of ['', ' ', '0', 'null', '\0', '%00', '💥'.repeat(1000), '٠١٢٣٤٥', '-1']) {
      test(`answers ${JSON.stringify(typed.slice(0, 10))} with a no, not with an error`, async () => {
        assert.deepEqual(await verify(anna, typed), { ok: false, reason: 'wrong-code' });
      });
    }
  });
}
