/** The cookie by which a browser is known again: sealed, and sealed anew after a rotation. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createSealer } from '../../../src/platform/seal.ts';
import { browserDevice } from '../../../src/web/device-cookie.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const name = 'sallyport-device';
const random = seededRandom();
const [newKey, oldKey] = [seededRandom('new').bytes(32), seededRandom('old').bytes(32)];
const before = createSealer([oldKey], random);
const rotated = createSealer([newKey, oldKey], random);
const after = createSealer([newKey], random);

describe('the device cookie', () => {
  test('is the same browser after a rotation, and is given anew under the new key (F36)', () => {
    const first = browserDevice({ random, sealer: before }, undefined, name);
    const known = browserDevice({ random, sealer: before }, `${name}=${first.newCookie}`, name);
    assert.deepEqual(known, { key: first.key, newCookie: null });

    const during = browserDevice({ random, sealer: rotated }, `${name}=${first.newCookie}`, name);
    assert.equal(during.key, first.key);
    const later = browserDevice({ random, sealer: after }, `${name}=${during.newCookie}`, name);
    assert.deepEqual(later, { key: first.key, newCookie: null });
  });

  test('under a key that was removed is nobody we know', () => {
    const first = browserDevice({ random, sealer: before }, undefined, name);

    const stranger = browserDevice({ random, sealer: after }, `${name}=${first.newCookie}`, name);
    assert.notEqual(stranger.key, first.key);
    assert.notEqual(stranger.newCookie, null);
  });
});
