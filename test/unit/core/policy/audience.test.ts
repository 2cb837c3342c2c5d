/** Whom a rule admits. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { admits, type Audience } from '../../../../src/core/policy/audience.ts';
import { aPrincipal, aService } from '../../../support/builders.ts';

const audience = (changes: Partial<Audience>): Audience => ({
  groups: [],
  users: [],
  services: [],
  ...changes,
});

describe('admits', () => {
  const anna = aPrincipal({ groups: ['SEC-OPS'] });
  const batch = aService({ groups: ['SEC-OPS'] });

  // prettier-ignore
  const cases = [
    ['every user where no audience is named',   null,                                    anna,  true],
    ['nobody where every list is empty',        audience({}),                            anna,  false],
    ['the members of a group',                  audience({ groups: ['X', 'SEC-OPS'] }),  anna,  true],
    ['no members of other groups',              audience({ groups: ['AUDIT'] }),         anna,  false],
    ['a group by its exact name only',          audience({ groups: ['sec-ops'] }),       anna,  false],
    ['a user by name',                          audience({ users: ['anna'] }),           anna,  true],
    ['no user of another name',                 audience({ users: ['ben'] }),            anna,  false],
    ['no user by the name of a service',        audience({ services: ['anna'] }),        anna,  false],
    ['a service by name',                       audience({ services: ['batch-runner'] }), batch, true],
    ['no service where no audience is named',   null,                                    batch, false],
    ['no service by its groups',                audience({ groups: ['SEC-OPS'] }),       batch, false],
    ['no service by the name of a user',        audience({ users: ['batch-runner'] }),   batch, false],
  ] as const;

  for (const [what, whom, principal, isAdmitted] of cases) {
    test(`admits ${what}`, () => {
      assert.equal(admits(whom, principal), isAdmitted);
    });
  }
});
