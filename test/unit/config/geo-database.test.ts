/** `policy.risk.geoDatabase`: a file that is of no use is found before the start. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultsOf, smallest } from '../../support/config-files.ts';

const risk = `${smallest}policy: { risk: { geoDatabase: ./places.mmdb } }\n`;

describe('a database of places', () => {
  test('must be there', () => {
    assert.match(faultsOf(risk).join('\n'), /geoDatabase: there is no file \.\/places\.mmdb/);
  });

  test('must be one', () => {
    const faults = faultsOf(risk, { files: { 'places.mmdb': 'not found' } });
    assert.match(faults.join('\n'), /geoDatabase: .*cannot be read/);
  });
});
