/** Sealing (security G9): what is sealed opens for us, for its own row, unaltered, and no other way. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { createSealer, rootIdIn, rootKeyOf, UnsealError } from '../../../src/platform/seal.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const firstKey = seededRandom('first').bytes(32);
const secondKey = seededRandom('second').bytes(32);
const row = 'authenticators:usr_anna:ath_phone:totp';

describe('a sealed text', () => {
  const sealer = createSealer([firstKey], seededRandom());

  test('opens to what was sealed, whatever it was (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (plain, associatedData) => {
        const sealed = sealer.seal(Buffer.from(plain), associatedData);

        assert.deepEqual(sealer.unseal(sealed, associatedData), Buffer.from(plain));
      }),
    );
  });

  test('does not open when any one bit of it was turned over (property)', () => {
    const sealed = sealer.seal('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', row);

    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const bytes = Buffer.from(sealed, 'latin1');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => sealer.unseal(bytes.toString('latin1'), row), UnsealError, `bit ${bit}`);
    }
  });

  test('does not open when it was cut short or made longer (property)', () => {
    const sealed = sealer.seal('secret', row);

    for (let length = 0; length < sealed.length; length += 1) {
      assert.throws(() => sealer.unseal(sealed.slice(0, length), row), UnsealError);
    }
    assert.throws(() => sealer.unseal(`${sealed}A`, row), UnsealError);
    assert.throws(() => sealer.unseal(`${sealed}=`, row), UnsealError);
    assert.throws(() => sealer.unseal(`${sealed}\n`, row), UnsealError);
  });

  test('does not open in the row of another person', () => {
    const sealed = sealer.seal('secret', row);

    assert.throws(
      () => sealer.unseal(sealed, 'authenticators:usr_ben:ath_phone:totp'),
      UnsealError,
    );
  });

  test('is another one each time', () => {
    assert.notEqual(sealer.seal('secret', row), sealer.seal('secret', row));
  });

  test('does not show its content, not even its beginning', () => {
    assert.doesNotMatch(sealer.seal('AAAAAAAAAAAAAAAA', row), /QUFB|AAAAAA/);
  });

  test('names the key that is missing when it was sealed under another', () => {
    const sealed = createSealer([secondKey], seededRandom()).seal('secret', row);

    assert.throws(
      () => sealer.unseal(sealed, row),
      (thrown) => thrown instanceof UnsealError && /under key [0-9a-f]{12}/.test(thrown.message),
    );
  });
});

describe('several keys', () => {
  test('open what each of them sealed; the newest seals', () => {
    const before = createSealer([firstKey], seededRandom());
    const sealedBefore = before.seal('old', row);
    const rotated = createSealer([secondKey, firstKey], seededRandom());

    assert.equal(rotated.unseal(sealedBefore, row).toString(), 'old');
    assert.throws(() => before.unseal(rotated.seal('new', row), row), UnsealError);
  });

  test('derive one key each for a purpose, newest first', () => {
    const rotated = createSealer([secondKey, firstKey], seededRandom());
    const before = createSealer([firstKey], seededRandom());

    assert.deepEqual(rotated.deriveKeys('cookie')[0], rotated.deriveKey('cookie'));
    assert.deepEqual(rotated.deriveKeys('cookie')[1], before.deriveKey('cookie'));
  });

  test('are known by a name that what they sealed carries', () => {
    const sealed = createSealer([secondKey, firstKey], seededRandom()).seal('new', row);

    assert.equal(rootIdIn(sealed), rootKeyOf(secondKey).id);
    assert.equal(rootIdIn('something else'), null);
  });

  test('say whether a text is under the newest of them', () => {
    const rotated = createSealer([secondKey, firstKey], seededRandom());
    const before = createSealer([firstKey], seededRandom());

    assert.equal(rotated.isNewest(rotated.seal('new', row)), true);
    assert.equal(rotated.isNewest(before.seal('old', row)), false);
  });

  test('none at all is refused', () => {
    assert.throws(() => createSealer([], seededRandom()), UnsealError);
  });
});

describe('a derived key', () => {
  test('has 32 bytes, is the same every time and another for each purpose', () => {
    const sealer = createSealer([firstKey], seededRandom());

    assert.equal(sealer.deriveKey('cookie').length, 32);
    assert.deepEqual(sealer.deriveKey('cookie'), sealer.deriveKey('cookie'));
    assert.notDeepEqual(sealer.deriveKey('cookie'), sealer.deriveKey('csrf'));
    assert.notDeepEqual(sealer.deriveKey('cookie'), firstKey);
  });
});

describe('keys that change while the program runs', () => {
  test('are looked for when a text is under one that is not known', () => {
    const { roots, appear } = changing(firstKey);
    const sealer = createSealer(roots, seededRandom());
    const sealed = createSealer([secondKey], seededRandom()).seal('new', row);

    assert.throws(() => sealer.unseal(sealed, row), UnsealError);
    appear(secondKey, firstKey);
    assert.equal(sealer.unseal(sealed, row).toString(), 'new');
  });

  test('seal and derive anew once they are known', () => {
    const { roots, appear } = changing(firstKey);
    const sealer = createSealer(roots, seededRandom());
    const before = sealer.deriveKey('cookie');
    appear(secondKey, firstKey);
    roots.lookAgain();

    assert.notDeepEqual(sealer.deriveKey('cookie'), before);
    assert.deepEqual(sealer.deriveKeys('cookie')[1], before);
    assert.equal(rootIdIn(sealer.seal('x', row)), rootKeyOf(secondKey).id);
  });

  test('are found by what was made with them, new ones and old ones', () => {
    const { roots, appear } = changing(firstKey);
    const sealer = createSealer(roots, seededRandom());
    const old = sealer.deriveKey('form');
    const made = createSealer([secondKey], seededRandom()).deriveKey('form');
    const isMade = (key: Buffer): boolean => key.equals(made);

    assert.equal(sealer.findKey('form', isMade), null);
    appear(secondKey, firstKey);
    assert.deepEqual(sealer.findKey('form', isMade), made);
    assert.deepEqual(
      sealer.findKey('form', (key) => key.equals(old)),
      old,
    );
    appear(secondKey);
    roots.lookAgain();
    assert.equal(
      sealer.findKey('form', (key) => key.equals(old)),
      null,
    );
  });
});

/** Keys as a ring has them; `appear` is what another process did. */
function changing(...keys: readonly Buffer[]) {
  let current = keys.map(rootKeyOf);
  let waiting: readonly Buffer[] | null = null;
  return {
    roots: {
      current: () => current,
      lookAgain: () => {
        if (waiting === null) return false;
        current = waiting.map(rootKeyOf);
        waiting = null;
        return true;
      },
    },
    appear: (...newKeys: readonly Buffer[]) => {
      waiting = newKeys;
    },
  };
}
