/** Roles, what they allow, and what nobody can hand out. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  administrationRoute,
  adminRolesOf,
  decideAdministration,
  isAbove,
  mayAdminister,
  mayHandOut,
  type RoleGroups,
} from '../../../../src/core/policy/administration.ts';
import {
  anMfaPolicy,
  aPolicy,
  aPrincipal,
  aProof,
  aService,
  aSession,
  facts,
  kindAndReason,
  NOON,
} from '../../../support/builders.ts';

const roleGroups: RoleGroups = {
  admin: ['ADMINS'],
  manager: ['MANAGERS'],
  'security-owner': ['OWNERS'],
  'reset-executor': ['EXECUTORS'],
  auditor: ['AUDITORS'],
};

const withApproval = aPolicy({ roleGroups });
const withoutApproval = aPolicy({
  roleGroups,
  mfa: anMfaPolicy({ reset: { requiresApproval: false } }),
});

const admin = aPrincipal({ groups: ['ADMINS', 'AI-PLATFORM-ADMINS'] });
const lowAdmin = aPrincipal({ groups: ['ADMINS', 'PROJECT-OWNERS'] });

describe('roles', () => {
  test('come from groups, and from none for a service account', () => {
    assert.deepEqual(adminRolesOf(admin, roleGroups), ['admin']);
    assert.deepEqual(adminRolesOf(aService({ groups: ['ADMINS'] }), roleGroups), []);
  });

  test('an auditor looks and does nothing else', () => {
    const auditor = aPrincipal({ groups: ['AUDITORS'] });
    const allowed = (
      ['view', 'manage', 'request-reset', 'approve-reset', 'execute-reset'] as const
    ).filter((permission) => mayAdminister(auditor, permission, roleGroups));
    assert.deepEqual(allowed, ['view']);
  });
});

describe('handing out groups', () => {
  // prettier-ignore
  const cases = [
    // whose,    group,                 policy,          may
    [admin,      'PROJECT-OWNERS',      withApproval,    true],
    [admin,      'AI-PLATFORM-ADMINS',  withApproval,    true],
    [lowAdmin,   'AI-PLATFORM-ADMINS',  withApproval,    false],
    [admin,      'AUDITORS',            withApproval,    true],
    // Two people approve: nobody makes the second one up.
    [admin,      'MANAGERS',            withApproval,    false],
    [admin,      'OWNERS',              withApproval,    false],
    [admin,      'MANAGERS',            withoutApproval, true],
  ] as const;

  for (const [actor, group, policy, may] of cases) {
    const approvals = policy === withApproval ? 'with' : 'without';
    const who = actor === admin ? 'an admin of TIER0' : 'an admin of TIER2';
    test(`${who}, ${approvals} approvals, ${may ? 'may' : 'may not'} hand out ${group}`, () => {
      assert.equal(mayHandOut(group, actor, policy), may);
    });
  }

  test('nobody is above themselves, and TIER0 is above all others', () => {
    assert.equal(isAbove(admin, admin, withApproval.tiers), false);
    assert.equal(isAbove(admin, lowAdmin, withApproval.tiers), true);
    assert.equal(isAbove(lowAdmin, admin, withApproval.tiers), false);
  });
});

describe('the way to the administration', () => {
  const route = administrationRoute({ network: null, ...withApproval });
  const session = aSession({
    principal: admin,
    enrolled: ['totp'],
    proofs: [aProof('password'), aProof('totp')],
  });

  test('is open to whoever has a role and has just proved two factors', () => {
    const decision = decideAdministration(route, facts({ session }), withApproval, 'view');
    assert.deepEqual(kindAndReason(decision), ['allow', 'assurance-met']);
  });

  test('asks for a step-up, and for a role, and for the right role', () => {
    const now = NOON + 601_000;
    const late = decideAdministration(route, facts({ session, now }), withApproval, 'view');
    assert.deepEqual(kindAndReason(late), ['step-up', 'proof-too-old']);
    const nobody = { ...session, principal: aPrincipal({ groups: ['PROJECT-OWNERS'] }) };
    const outside = decideAdministration(route, facts({ session: nobody }), withApproval, 'view');
    assert.deepEqual(kindAndReason(outside), ['deny', 'not-admitted']);
    const executing = decideAdministration(
      route,
      facts({ session }),
      withApproval,
      'execute-reset',
    );
    assert.deepEqual(kindAndReason(executing), ['deny', 'not-permitted']);
  });
});
