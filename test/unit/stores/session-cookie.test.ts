/** The session cookie: one, signed by us, with an id of ours, or none at all. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { sign } from 'cookie-signature';
import * as fc from 'fast-check';

import { createSealer } from '../../../src/platform/seal.ts';
import {
  cookieSecrets,
  parseSessionCookie,
  sessionIdBytes,
  withoutCookie,
} from '../../../src/stores/sessions/session-cookie.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const name = '__Host-sallyport';
const [newKey, oldKey] = [seededRandom('new').bytes(32), seededRandom('old').bytes(32)];
const keys = createSealer([newKey], seededRandom());
const [secret = ''] = cookieSecrets(keys);
const id = seededRandom().bytes(sessionIdBytes).toString('base64url');
const value = `s:${sign(id, secret)}`;
const encoded = encodeURIComponent(value);

describe('the session id in a Cookie header', () => {
  // prettier-ignore
  const right = [
    ['alone',                       `${name}=${encoded}`],
    ['not percent-encoded',         `${name}=${value}`],
    ['among others',                `a=b; ${name}=${encoded}; c=d`],
    ['beside a malformed one',      `;;= ; x; ${name}=${encoded}; %E0%A4%A=%E0`],
    ['beside one of a longer name', `${name}-csrf=x; x${name}=y; ${name}=${encoded}`],
  ] as const;
  for (const [how, header] of right) {
    test(`is read when it stands ${how}`, () => {
      assert.equal(parseSessionCookie(header, name, keys), id);
    });
  }

  const otherSecret = `s:${sign(id, 'another secret')}`;
  const shortId = `s:${sign('short', secret)}`;
  const oddId = `s:${sign(`${id.slice(0, 42)}\n`, secret)}`;
  // prettier-ignore
  const wrong = [
    ['there is no header',             undefined],
    ['the header is empty',            ''],
    ['it has another name',            `__Host-Sallyport=${encoded}`],
    ['it is empty',                    `${name}=`],
    ['it has no value at all',         name],
    ['it is there twice',              `${name}=${encoded}; ${name}=${encoded}`],
    ['it is there twice, once empty',  `${name}; a=b; ${name}=${encoded}`],
    ['it is not marked as signed',     `${name}=${value.slice(2)}`],
    ['it is not signed',               `${name}=s:${id}`],
    ['its signature is cut short',     `${name}=${encoded.slice(0, -1)}`],
    ['its signature is another\'s',    `${name}=${encodeURIComponent(otherSecret)}`],
    ['its id was changed',             `${name}=${encodeURIComponent(value.replace(id, `x${id.slice(1)}`))}`],
    ['its id is no id of ours',        `${name}=${encodeURIComponent(shortId)}`],
    ['its id has a line break in it',  `${name}=${encodeURIComponent(oddId)}`],
    ['it is quoted',                   `${name}="${value}"`],
    ['the header is oversized',        `${name}=${encoded}; a=${'b'.repeat(16_384)}`],
  ] as const;
  for (const [when, header] of wrong) {
    test(`is none when ${when}`, () => {
      assert.equal(parseSessionCookie(header, name, keys), null);
    });
  }

  test('never throws and is never anything but an id of ours (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (noise, more) => {
        const header = `${noise}; ${name}=${more}`;
        assert.equal(parseSessionCookie(header, name, keys), null);
      }),
    );
  });
});

describe('a session cookie from before a rotation', () => {
  const rotated = createSealer([newKey, oldKey], seededRandom());
  const before = createSealer([oldKey], seededRandom());
  const header = `${name}=s:${sign(id, cookieSecrets(before)[0] ?? '')}`;

  test('is believed as long as the old key is there, and no longer (F36)', () => {
    assert.equal(parseSessionCookie(header, name, before), id);
    assert.equal(parseSessionCookie(header, name, rotated), id);
    assert.equal(parseSessionCookie(header, name, keys), null);
  });

  test('is not what new ones are signed like', () => {
    assert.equal(cookieSecrets(rotated)[0], cookieSecrets(keys)[0]);
    assert.equal(cookieSecrets(rotated).length, 2);
  });
});

describe('a Cookie header', () => {
  test('loses every cookie of one name and no other', () => {
    const header = `a=1; ${name}=x; ${name}-csrf=2;${name}=y ; b=3`;
    assert.equal(withoutCookie(header, name), `a=1; ${name}-csrf=2; b=3`);
  });
});
