/**
 * A check that cannot fail is worth nothing: each verification is run against an installation in
 * which the thing that it is about is broken on purpose.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { NewAuditEvent } from '../../../src/core/audit-event.ts';
import type { FlowContext } from '../../../src/flows/flow-context.ts';
import { verifyEnrollmentFirst } from '../../../src/flows/evidence/checks/v1-enrollment-first.ts';
import { verifyPasskeys } from '../../../src/flows/evidence/checks/v2-passkeys.ts';
import { verifyAppCodes } from '../../../src/flows/evidence/checks/v3-app-codes.ts';
import { verifyRecoveryCodes } from '../../../src/flows/evidence/checks/v4-recovery-codes.ts';
import { verifyResets } from '../../../src/flows/evidence/checks/v5-resets.ts';
import { verifyNoSecrets } from '../../../src/flows/evidence/checks/v6-no-secrets.ts';
import type { CodeFactor } from '../../../src/methods/method.ts';
import type { AuditStore } from '../../../src/stores/types.ts';
import { withBrokenStores } from '../../support/broken-stores.ts';
import { failedIn, openEvidenceWorld, type EvidenceWorld } from '../../support/evidence-world.ts';

let at: EvidenceWorld;
before(async () => {
  at = await openEvidenceWorld();
});
after(() => at.close());

/** Runs a verification with something broken, and what it needs before it; says what failed. */
async function failures(
  id: keyof typeof verifications,
  broken: (ctx: FlowContext) => FlowContext,
): Promise<readonly string[]> {
  const before = id === 'V6' ? [verifyAppCodes, verifyRecoveryCodes] : [];
  const done = await at.verify([...before, verifications[id]], broken);
  const verification = done.at(-1);
  assert.equal(verification?.id, id);
  return failedIn(verification);
}

const verifications = {
  V1: verifyEnrollmentFirst,
  V2: verifyPasskeys,
  V3: verifyAppCodes,
  V4: verifyRecoveryCodes,
  V5: verifyResets,
  V6: verifyNoSecrets,
};

/** Every event goes through this on its way into the trail. */
function withAudit(ctx: FlowContext, change: (event: NewAuditEvent) => NewAuditEvent | null) {
  return withBrokenStores(ctx, ({ audit }) => ({
    audit: {
      ...audit,
      append: async (event) => {
        const changed = change(event);
        // An event that is dropped without a word: what the caller gets is the one before.
        return changed === null ? lastOf(audit, event) : audit.append(changed);
      },
    },
  }));
}

async function lastOf(audit: AuditStore, event: NewAuditEvent) {
  return audit.append({ ...event, type: 'session.signed-out', subject: null });
}

describe('V1 fails', () => {
  test('where the tier of whoever signs in is forgotten', async () => {
    const failed = await failures('V1', (ctx) =>
      withBrokenStores(ctx, ({ users }) => ({
        users: {
          ...users,
          async findPrincipal(id, lineage) {
            const record = await users.findPrincipal(id, lineage);
            return record && { ...record, user: { ...record.user, groups: [] } };
          },
        },
      })),
    );
    assert.deepEqual(failed, ['Signing in without anything enrolled leads to the enrollment.']);
  });

  test('where a refused token is not written down', async () => {
    const failed = await failures('V1', (ctx) =>
      withAudit(ctx, (event) => (event.type === 'token.refused' ? null : event)),
    );
    assert.deepEqual(failed, ['No access token is issued to this person.']);
  });

  test('where nobody is let through, however much they have enrolled', async () => {
    const failed = await failures('V1', (ctx) => {
      const config = ctx.config.current();
      const routes = config.routes.map((route) => ({ ...route, rules: [] }));
      return { ...ctx, config: { current: () => ({ ...config, routes }) } };
    });
    assert.deepEqual(failed, [], 'rules that admit nobody are not asked to');
    const shut = await failures('V1', (ctx) => {
      const config = ctx.config.current();
      const routes = config.routes.map((route) => ({
        ...route,
        rules: route.rules.map((rule) => ({
          ...rule,
          requires: { ...rule.requires, methods: [] },
        })),
      }));
      return { ...ctx, config: { current: () => ({ ...config, routes }) } };
    });
    assert.deepEqual(shut, [
      'Once everything is enrolled and freshly proved, the same person is let through.',
    ]);
  });
});

describe('V2 fails', () => {
  test('where no signature is looked at', async () => {
    const failed = await failures('V2', (ctx) => ({
      ...ctx,
      passkeys: {
        ...ctx.passkeys,
        checkAnswer: (_stores, _response, { authenticator, now }) =>
          Promise.resolve(
            authenticator === null
              ? { ok: false, reason: 'unreadable' }
              : {
                  ok: true,
                  proof: {
                    method: 'webauthn',
                    at: now,
                    origin: 'answer',
                    authenticatorId: authenticator.id,
                    isUserVerified: true,
                  },
                },
          ),
      },
    }));
    assert.deepEqual(failed, [
      'An answer that was given on another site is refused.',
      'An answer with a wrong signature is refused.',
      'An answer whose counter went back is refused.',
    ]);
  });

  test('where a challenge can be used twice', async () => {
    const failed = await failures('V2', (ctx) =>
      withBrokenStores(ctx, ({ usedChallenges }) => ({
        usedChallenges: { ...usedChallenges, consume: () => Promise.resolve(true) },
      })),
    );
    assert.deepEqual(failed, [
      'An answer that comes a second time is refused.',
      'The passkey signs in alone, with the person verified by their device.',
    ]);
  });

  test('where passkeys cannot be enrolled', async () => {
    const failed = await failures('V2', (ctx) => ({
      ...ctx,
      passkeys: {
        ...ctx.passkeys,
        checkEnrollment: () => Promise.resolve({ ok: false, reason: 'not-verified' }),
      },
    }));
    assert.deepEqual(failed, ['A passkey can be enrolled.']);
  });
});

describe('V3 fails', () => {
  test('where a time step can be used twice', async () => {
    const failed = await failures('V3', (ctx) =>
      withBrokenStores(ctx, ({ authenticators }) => ({
        authenticators: {
          ...authenticators,
          listOfUser: async (user) =>
            (await authenticators.listOfUser(user)).map((one) => ({ ...one, lastStep: -1 })),
          consumeStep: () => Promise.resolve(true),
        },
      })),
    );
    assert.deepEqual(failed, [
      'TIER0: a code that was used is refused.',
      'TIER1: a code that was used is refused.',
    ]);
  });

  test('where any code will do', async () => {
    const failed = await failures('V3', (ctx) => ({
      ...ctx,
      codeFactors: {
        ...ctx.codeFactors,
        totp: {
          id: 'totp',
          verify: (_stores, _user, _code, now) =>
            Promise.resolve({ ok: true, proof: { method: 'totp', at: now, origin: 'answer' } }),
        },
      },
    }));
    assert.ok(failed.includes('TIER0: a wrong code is refused.'));
    assert.ok(failed.includes('TIER1: an old code is refused.'));
  });

  test('where nobody counts', async () => {
    const failed = await failures('V3', (ctx) =>
      withBrokenStores(ctx, ({ attempts }) => ({
        attempts: {
          ...attempts,
          reserve: () => Promise.resolve({ ok: true, failuresLeft: 4 }),
        },
      })),
    );
    assert.deepEqual(failed, [
      'TIER0: after 5 wrong codes the right one is refused too.',
      'TIER1: after 5 wrong codes the right one is refused too.',
    ]);
  });
});

describe('V4 fails', () => {
  test('where a code works twice', async () => {
    const failed = await failures('V4', (ctx) =>
      withBrokenStores(ctx, ({ recoveryCodes }) => ({
        recoveryCodes: { ...recoveryCodes, consume: () => Promise.resolve(true) },
      })),
    );
    assert.ok(failed.includes('A code stands in for the second factor, and works once.'));
    assert.ok(failed.includes('A new set makes the codes of the old one worthless.'));
  });

  test('where a set has fewer codes than the policy says', async () => {
    const failed = await failures('V4', (ctx) => ({
      ...ctx,
      recoveryCodeMaker: {
        make: (user, count) => ctx.recoveryCodeMaker.make(user, count - 1),
      },
    }));
    assert.deepEqual(failed, [
      'A set of 10 codes is made beside the first authenticator, and shown once.',
    ]);
  });

  test('where older codes go on working', async () => {
    const failed = await failures('V4', (ctx) =>
      withBrokenStores(ctx, ({ recoveryCodes }) => ({
        recoveryCodes: {
          ...recoveryCodes,
          confirm: (user, now) => recoveryCodes.confirm(user, now, 'keep'),
        },
      })),
    );
    assert.deepEqual(failed, ['A new set makes the codes of the old one worthless.']);
  });

  test('where the use of a code is not written down', async () => {
    const failed = await failures('V4', (ctx) =>
      withAudit(ctx, (event) => (event.type === 'recovery-code.used' ? null : event)),
    );
    assert.deepEqual(failed, ['The trail has recovery-code.used.']);
  });
});

describe('V5 fails', () => {
  test('where whoever asked can approve', async () => {
    const failed = await failures('V5', (ctx) =>
      withBrokenStores(ctx, ({ resets }) => ({
        resets: {
          ...resets,
          async lock(id) {
            const request = await resets.lock(id);
            return request && { ...request, requestedBy: request.userId };
          },
        },
      })),
    );
    assert.ok(
      failed.includes('Whoever asked cannot approve, and nobody can execute what is not approved.'),
    );
  });

  test('where approvals are switched off behind the back of the policy', async () => {
    const failed = await failures('V5', (ctx) =>
      withBrokenStores(ctx, ({ resets }) => ({
        resets: {
          ...resets,
          create: (request) => resets.create({ ...request, approvalsNeeded: 1 }),
        },
      })),
    );
    assert.ok(failed.includes('One approval is not enough, and nobody gives two.'));
  });

  test('where a step is written down as less than it is', async () => {
    const failed = await failures('V5', (ctx) =>
      withAudit(ctx, (event) =>
        event.type === 'reset.executed' ? { ...event, severity: 'info' } : event,
      ),
    );
    assert.deepEqual(failed, ['The trail has each step, of severity high.']);
  });

  test('where a reset leaves something behind', async () => {
    const failed = await failures('V5', (ctx) =>
      withBrokenStores(ctx, ({ authenticators }) => ({
        authenticators: { ...authenticators, removeOfUser: () => Promise.resolve(2) },
      })),
    );
    assert.deepEqual(failed, [
      'Executed, it ends all that the person had, and their password alone opens nothing.',
    ]);
  });
});

describe('V6 fails (G9)', () => {
  test('where the log prints a code', async () => {
    const failed = await failures('V6', (ctx) => {
      const totp: CodeFactor = {
        id: 'totp',
        verify: (stores, user, code, now) => {
          at.log.info({ typed: code }, 'somebody typed a code');
          return ctx.codeFactors.totp.verify(stores, user, code, now);
        },
      };
      return { ...ctx, codeFactors: { ...ctx.codeFactors, totp } };
    });
    assert.deepEqual(failed, ['The log of this process holds none.']);
  });

  test('where an event holds a password', async () => {
    const passwords = new Set<string>();
    const failed = await failures('V6', (ctx) => ({
      ...withAudit(ctx, (event) => ({
        ...event,
        details: { ...event.details, note: [...passwords].at(-1) ?? '' },
      })),
      passwords: {
        ...ctx.passwords,
        hash: (password) => {
          passwords.add(password);
          return ctx.passwords.hash(password);
        },
      },
    }));
    assert.deepEqual(failed, [
      'The audit trail holds no secret of this run.',
      'An export as JSONL holds none.',
      'An export as CSV holds none.',
      'An export as CEF holds none.',
      'The database holds none in clear.',
    ]);
  });

  test('where what is sealed stands beside its seal', async () => {
    const failed = await failures('V6', (ctx) => ({
      ...ctx,
      sealer: {
        ...ctx.sealer,
        seal: (plain, row) => `${ctx.sealer.seal(plain, row)} ${plain.toString()}`,
        unseal: (sealed, row) => ctx.sealer.unseal(sealed.split(' ')[0] ?? '', row),
      },
    }));
    assert.deepEqual(failed, ['The database holds none in clear.']);
  });

  test('where the search itself finds nothing', async () => {
    const failed = await failures('V6', (ctx) =>
      withBrokenStores(ctx, ({ auditBrowser, evidence }) => ({
        auditBrowser: { ...auditBrowser, export: () => nothing() },
        evidence: { ...evidence, textsAbout: () => nothing() },
      })),
    );
    assert.deepEqual(failed, [
      'The audit trail holds no secret of this run.',
      'An export as JSONL holds none.',
      'An export as CSV holds none.',
      'An export as CEF holds none.',
      'The database holds none in clear.',
    ]);
  });
});

async function* nothing(): AsyncGenerator<never> {
  // Looks like a search that went well.
}
