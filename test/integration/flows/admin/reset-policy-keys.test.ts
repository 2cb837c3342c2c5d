/** Each key of `reset_policy` in the operator's file, turned over, makes a difference to resets. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { UserId } from '../../../../src/core/ids.ts';
import type { AccessPolicy } from '../../../../src/core/policy/mfa-policy.ts';
import { approveReset, executeReset, requestReset } from '../../../../src/flows/admin/resets.ts';
import { nextPage } from '../../../../src/flows/next-page.ts';
import { configOf, operatorPolicy, smallest } from '../../../support/config-files.ts';
import { openWorld, sure, type World } from '../../../support/flow-world.ts';
import { aProblem } from '../../../support/own-changes.ts';
import {
  goodReason,
  newAdministrator,
  newPerson,
  openOffice,
  resetBy,
  type Office,
} from '../../../support/reset-office.ts';

const roles = `
administration: { admins: [ADMINS], managers: [MANAGERS], securityOwners: [SECURITY-OWNERS] }
policy: { tiers: { TIER0: [ADMINS, EXECUTORS, AI-PLATFORM-ADMINS], TIER1: [SEC-OPS] } }
`;

/** What the program makes of the operator's file, with lines of it changed. */
function policyOf(...changes: readonly (readonly [from: string, to: string])[]): AccessPolicy {
  let text = operatorPolicy;
  for (const [from, to] of [[allowed, allowedHere] as const, ...changes]) {
    assert.ok(text.includes(from), `the file has no ${from}`);
    text = text.replace(from, to);
  }
  return configOf(smallest + roles, { files: { 'mfa-policy.yaml': text } }).policy;
}

const allowed = /allowed_roles: .*/.exec(operatorPolicy)?.[0] ?? '';
const allowedHere = 'allowed_roles: [EXECUTORS]';

let world: World;
let office: Office;
let anna: UserId;
beforeEach(async () => {
  world = await openWorld({ config: { policy: policyOf() } });
  office = await openOffice(world);
  anna = await newPerson(world, 'anna');
});
afterEach(() => world.close());

const ask = (changes: { readonly proofing?: (typeof goodReason)['proofing'] | [] } = {}) =>
  requestReset(world.ctx, office.admin, { userId: anna, ...goodReason, ...changes });

describe('reset_policy', () => {
  test('enabled: off, nothing is asked for', async () => {
    world.configure({
      policy: policyOf(['reset_policy:\n  enabled: true', 'reset_policy:\n  enabled: false']),
    });
    await assert.rejects(ask(), aProblem('policy-forbids'));
    world.configure({ policy: policyOf() });
    assert.equal((await ask()).request.state, 'pending');
  });

  test('allowed_roles: their members carry resets out, and no others', async () => {
    const secOps = await newAdministrator(world, 'sec', ['SEC-OPS']);
    const { id } = (await ask()).request;
    await approveReset(world.ctx, office.manager, { id });
    const byWhom = (who: typeof secOps) =>
      executeReset(world.ctx, who, { id, enrollment: 'supervised' });
    await assert.rejects(byWhom(secOps), aProblem('not-permitted'));
    world.configure({ policy: policyOf([allowedHere, 'allowed_roles: [SEC-OPS]']) });
    await assert.rejects(byWhom(office.executor), aProblem('not-permitted'));
    assert.equal((await byWhom(secOps)).request.state, 'executed');
  });

  test('requires_approval: off, nobody is asked', async () => {
    assert.equal((await ask()).request.approvalsNeeded, 1);
    world.configure({ policy: policyOf(['requires_approval: true', 'requires_approval: false']) });
    const ben = await newPerson(world, 'ben', ['SEC-OPS']);
    const asked = { userId: ben, ...goodReason };
    const { request, outcome } = await requestReset(world.ctx, office.executor, asked);
    assert.deepEqual([request.approvalsNeeded, outcome], [0, 'executed']);
  });

  test('requires_identity_proofing: off, no check is asked for', async () => {
    await assert.rejects(ask({ proofing: [] }), aProblem('validation-failed'));
    const off = ['requires_identity_proofing: true', 'requires_identity_proofing: false'] as const;
    world.configure({ policy: policyOf(off) });
    assert.deepEqual((await ask({ proofing: [] })).request.proofing, []);
  });

  test('post_reset_require_enroll: off, the password opens what asks for no more', async () => {
    await resetBy(world, office, anna);
    assert.equal(nextPage(world.ctx, await world.signInBy('anna')), 'enroll');
    const off = ['post_reset_require_enroll: true', 'post_reset_require_enroll: false'] as const;
    world.configure({ policy: policyOf(off) });
    await newPerson(world, 'ben');
    const ben = sure(await world.ctx.stores.users.findByUsername('ben'));
    await resetBy(world, office, ben.id);
    assert.equal(nextPage(world.ctx, await world.signInBy('ben')), 'done');
  });

  test('severity: that of every step', async () => {
    const severities = async () => {
      const events = (await world.events()).filter(({ subject }) => subject === anna);
      const ofReset = /^(?:reset\.|enrollment-link\.created|enrollment\.supervised)/;
      return events.filter(({ type }) => ofReset.test(type)).map(({ severity }) => severity);
    };
    await resetBy(world, office, anna);
    assert.deepEqual(await severities(), ['high', 'high', 'high', 'high']);
    world.configure({ policy: policyOf(['severity: "high"', 'severity: "notice"']) });
    await resetBy(world, office, anna, 'supervised');
    assert.deepEqual((await severities()).slice(4), ['notice', 'notice', 'notice', 'notice']);
  });
});

describe('audit', () => {
  test('log_mfa_reset: off leaves out the steps of a reset, and nothing else', async () => {
    const off = ['log_mfa_reset: true', 'log_mfa_reset: false'] as const;
    world.configure({ policy: policyOf(off) });
    await resetBy(world, office, anna);
    const about = (await world.events()).filter(({ subject }) => subject === anna);
    assert.deepEqual(
      about.map(({ type }) => type),
      ['user.created', 'enrollment-link.created'],
    );
  });
});
