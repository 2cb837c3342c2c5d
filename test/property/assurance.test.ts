/** Laws of assurance: it rests on proofs alone, and time only takes away from it (G6). */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  assuranceOf,
  assuranceShortfall,
  isFromTheFuture,
  levelOf,
} from '../../src/core/assurance.ts';
import { withProof } from '../../src/core/proofs.ts';
import { instant, proof, proofs, requirement } from '../support/arbitraries.ts';

const runs = { numRuns: 2000 };
const age = fc.integer({ min: 0, max: 100_000_000 });

describe('assurance', () => {
  test('is never lowered by one more proof', () => {
    fc.assert(
      fc.property(proofs, proof, requirement, instant, (held, added, wanted, now) => {
        // A clock that went back aside, a proof is never older than those before it.
        fc.pre(held.every(({ at }) => at <= added.at) && !isFromTheFuture(added.at, now));
        const more = withProof(held, added);

        assert.ok(assuranceOf(more, now).level >= assuranceOf(held, now).level);
        if (assuranceShortfall(wanted, held, now) !== null) return;
        assert.equal(assuranceShortfall(wanted, more, now), null);
      }),
      runs,
    );
  });

  test('is never raised by age', () => {
    fc.assert(
      fc.property(proofs, requirement, instant, age, (held, wanted, now, later) => {
        const known = held.filter(({ at }) => !isFromTheFuture(at, now));

        assert.deepEqual(assuranceOf(known, now + later), assuranceOf(known, now));
        if (assuranceShortfall(wanted, known, now) === null) return;
        assert.notEqual(assuranceShortfall(wanted, known, now + later), null);
      }),
      runs,
    );
  });

  test('does not depend on the order of the proofs', () => {
    fc.assert(
      fc.property(proofs, requirement, instant, (held, wanted, now) => {
        const reversed = [...held].reverse();

        assert.deepEqual(assuranceOf(reversed, now), assuranceOf(held, now));
        assert.equal(
          assuranceShortfall(wanted, reversed, now),
          assuranceShortfall(wanted, held, now),
        );
      }),
      runs,
    );
  });

  test('of level 2 rests on a second factor and on something beside it', () => {
    fc.assert(
      fc.property(proofs, instant, (held, now) => {
        const { level, acr, amr } = assuranceOf(held, now);
        const counted = held.filter(
          ({ at, origin }) => !isFromTheFuture(at, now) && origin !== 'remembered',
        );
        const methods = new Set(counted.map(({ method }) => method));
        const isPair = methods.has('password') && methods.size > 1;
        const isVerified = counted.some(
          ({ method, isUserVerified }) => method === 'webauthn' && isUserVerified === true,
        );

        assert.equal(level === 2, isPair || isVerified);
        assert.equal(level === 0, counted.length === 0);
        assert.equal(
          acr === 'phr',
          level === 2 && methods.has('webauthn') && (isVerified || isPair),
        );
        assert.equal(amr.includes('mfa'), level === 2);
      }),
      runs,
    );
  });

  test('rests on nothing that a browser remembers alone, and never on that for more than two factors', () => {
    fc.assert(
      fc.property(proofs, requirement, instant, (held, wanted, now) => {
        const given = held.filter(({ origin }) => origin !== 'remembered');
        assert.deepEqual(assuranceOf(held, now), assuranceOf(given, now));
        if (!given.some(({ at }) => !isFromTheFuture(at, now))) {
          assert.equal(levelOf(held, now), 0);
        }
        if (assuranceShortfall(wanted, held, now) !== null) return;
        const asksForMore =
          wanted.withinSeconds !== null || wanted.isPhishingResistant || wanted.methods !== null;
        if (asksForMore) assert.equal(assuranceShortfall(wanted, given, now), null);
      }),
      runs,
    );
  });

  test('that was asked for by age rests on answers of that age', () => {
    fc.assert(
      fc.property(proofs, requirement, instant, (held, wanted, now) => {
        const { withinSeconds } = wanted;
        if (withinSeconds === null || assuranceShortfall(wanted, held, now) !== null) return;
        const fresh = held.filter(
          ({ at, origin }) => origin === 'answer' && now - at <= withinSeconds * 1000,
        );

        assert.equal(assuranceShortfall(wanted, fresh, now), null);
      }),
      runs,
    );
  });

  test('asks of nobody who meets the stronger requirement to meet the weaker', () => {
    fc.assert(
      fc.property(proofs, requirement, instant, (held, wanted, now) => {
        if (assuranceShortfall(wanted, held, now) !== null) return;
        for (const weaker of [
          { ...wanted, level: 1 as const },
          { ...wanted, withinSeconds: null },
          { ...wanted, isPhishingResistant: false },
          { ...wanted, methods: null },
        ]) {
          assert.equal(assuranceShortfall(weaker, held, now), null);
        }
      }),
      runs,
    );
  });
});
