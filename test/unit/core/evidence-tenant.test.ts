/** The names of tenants that runs of evidence make: made by them alone, and dated. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  evidenceTenantAt,
  evidenceTenantMadeAt,
  isEvidenceTenant,
} from '../../../src/core/evidence-tenant.ts';
import type { TenantId } from '../../../src/core/ids.ts';
import { NOON } from '../../support/fixed-clock.ts';

describe('the tenant of a run', () => {
  const tenant = evidenceTenantAt(NOON, Buffer.alloc(8, 7));

  test('tells when it was made', () => {
    assert.equal(evidenceTenantMadeAt(tenant), NOON);
    assert.ok(isEvidenceTenant(tenant));
  });

  test('is a name that a tenant may have', () => {
    assert.match(tenant, /^[a-z0-9][a-z0-9-]{0,63}$/);
  });

  for (const other of ['default', 'evidence', 'evidence-of-acme', `${tenant}0`, `x${tenant}`]) {
    test(`is not ${other}`, () => {
      assert.equal(isEvidenceTenant(other as TenantId), false);
      assert.equal(evidenceTenantMadeAt(other as TenantId), null);
    });
  }
});
