/** Where addresses are: by MaxMind's own test database, and by their network where it is silent. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { GeoDatabaseUnusable, openPlaces } from '../../../src/platform/geo.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const cities = path.join(import.meta.dirname, '../../fixtures/maxmind/GeoLite2-City-Test.mmdb');

describe('a database of places', () => {
  let placeOf: (ip: string) => string;
  before(() => {
    placeOf = openPlaces(cities);
  });

  // prettier-ignore
  const places = [
    ['81.2.69.142',           'London, United Kingdom'],
    ['89.160.20.112',         'Linköping, Sweden'],
    ['::ffff:81.2.69.142',    'London, United Kingdom'],
    ['2001:218::1',           'Japan'],
    ['10.20.0.7',             '10.20.0.0/24'],
    ['127.0.0.1',             '127.0.0.0/24'],
    ['203.0.113.9',           '203.0.113.0/24'],
    ['2001:db8:e:7::1',       '2001:db8:e::/48'],
    ['fe80::1',               'fe80::/48'],
    ['::1',                   '::/48'],
    ['unknown',               'unknown'],
    ['',                      ''],
  ] as const;
  for (const [ip, place] of places) {
    test(`says of ${ip === '' ? 'nothing' : ip} that it is ${place === '' ? 'nothing' : place}`, () => {
      assert.equal(placeOf(ip), place);
    });
  }
});

describe('a database that is no use', () => {
  const folder = temporaryFolder();
  after(() => folder.remove());
  const whole = readFileSync(cities);
  const copy = (content: Buffer): string => {
    const file = path.join(folder.path, 'places.mmdb');
    writeFileSync(file, content);
    return file;
  };

  // prettier-ignore
  const damaged = [
    ['empty',                  Buffer.alloc(0)],
    ['cut short',              whole.subarray(0, 20_000)],
    ['something else',         Buffer.from('GeoLite2-City.mmdb: not found\n')],
    ['all zeroes',             Buffer.alloc(20_000)],
    ['damaged in its tree',    Buffer.concat([Buffer.alloc(9000, 0xff), whole.subarray(9000)])],
  ] as const;
  for (const [what, content] of damaged) {
    test(`is refused when it is ${what}, in a sentence that names it`, () => {
      assert.throws(
        () => openPlaces(copy(content)),
        (thrown) =>
          thrown instanceof GeoDatabaseUnusable &&
          /^The database of places .*places\.mmdb .*policy\.risk\.geoDatabase/.test(thrown.message),
      );
    });
  }

  test('is refused when it is of another kind', () => {
    // The name of the kind stands in the metadata; one of the same length keeps the rest in place.
    const text = whole.toString('latin1').replace('GeoLite2-City', 'GeoLite2-ASNx');
    assert.throws(
      () => openPlaces(copy(Buffer.from(text, 'latin1'))),
      /GeoLite2-ASNx, which knows no places/,
    );
  });

  test('is refused when it is not there', () => {
    assert.throws(() => openPlaces(path.join(folder.path, 'none.mmdb')), GeoDatabaseUnusable);
  });

  test('names the network where one of its records is damaged', () => {
    const at = whole.indexOf('Link');
    assert.ok(at > 0);
    const broken = Buffer.from(whole);
    broken.fill(0xff, at - 40, at + 20);
    const placeOf = openPlaces(copy(broken));

    assert.equal(placeOf('89.160.20.112'), '89.160.20.0/24');
  });
});
