/** V5: nobody's second factor is reset without approval, and each step is written down. */

import type { Config } from '../../../config/config.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import type { ResetRequestId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { approvalsNeededFor } from '../../../core/reset-request.ts';
import type { ResetRequest } from '../../../stores/types/administration.ts';
import { approveReset, executeReset, requestReset } from '../../admin/resets.ts';
import { beginPasskeyEnrollment } from '../../enroll/enroll-passkey.ts';
import { beginTotpEnrollment } from '../../enroll/enroll-totp.ts';
import type { Verification } from '../report.ts';
import { recallAgain, signInByPassword, signInFreshly, type ThrowAway } from '../run/person.ts';
import type { Run } from '../run/run.ts';
import { withPeople } from '../run/throw-away.ts';
import { verify, type Seen, type Verifying } from '../run/verifying.ts';
import { eventsOf } from './events.ts';
import { castOf, groupsOfCast, type Cast } from './reset-cast.ts';

const title = 'A reset needs approval, and is logged with the severity of the policy.';

/** Two checks of different kind: as much as is ever asked for. */
const proofing = [
  { kind: 'evidence-first', reference: 'throw-away person' },
  { kind: 'evidence-second', reference: 'throw-away person' },
];

/** Tries a reset from its request to its end, and what must not work on the way. */
export async function verifyResets(run: Run): Promise<Verification> {
  return verify('V5', title, run, async (v) => {
    const { config } = run;
    const otherwise = whatThePolicySays(config);
    const wanted = groupsOfCast(config);
    if (otherwise !== null || typeof wanted === 'string') {
      v.skip({ what: title }, otherwise ?? (typeof wanted === 'string' ? wanted : ''));
      return;
    }
    const { targetTier, groups } = wanted;
    await withPeople(run, groups, async (people) => {
      const cast = await castOf(run, people, targetTier);
      await tryWithoutProof(v, run, cast);
      const needed = approvalsNeededFor(targetTier, config.policy.mfa.reset);
      if (needed === 0) {
        await tryWithoutApproval(v, run, cast);
      } else {
        const request = await tryAsking(v, run, cast, needed);
        await tryApproving(v, run, cast, request);
        await tryExecuting(v, run, cast, request.id);
      }
      await checkTrail(v, run, cast, needed);
    });
  });
}

async function tryWithoutProof(v: Verifying, run: Run, cast: Cast): Promise<void> {
  const { reset } = run.config.policy.mfa;
  const what = 'A reset is not even asked for without proof of who is asking.';
  if (!reset.requiresIdentityProofing) {
    v.skip({ what }, 'The policy asks for none (reset_policy.requires_identity_proofing: false).');
    return;
  }
  await v.check(
    {
      what,
      how: 'Somebody who may ask for resets asks for one, with a reason and a ticket and a single check of identity.',
      expected: 'Refused as validation-failed.',
    },
    async () => {
      const asked = { ...askedOf(run, cast), proofing: proofing.slice(0, 1) };
      const seen = await problemOf(requestReset(run.ctx, cast.requester, asked));
      return { passed: seen === 'validation-failed', seen: `${seen}.` };
    },
  );
}

async function tryAsking(v: Verifying, run: Run, cast: Cast, needed: 1 | 2): Promise<ResetRequest> {
  return v.need(
    {
      what: `Asking for the reset of somebody of ${cast.targetTier} changes nothing yet.`,
      how: 'Somebody with every role asks, with a reason, a ticket and two checks of identity of different kind.',
      expected: `A request that waits for ${String(needed)} ${needed === 1 ? 'approval' : 'approvals'}; what the person has enrolled is still there.`,
    },
    async () => {
      const { request: value } = await requestReset(run.ctx, cast.requester, askedOf(run, cast));
      const left = await authenticatorsOf(run, cast.target);
      return {
        passed: value.state === 'pending' && value.approvalsNeeded === needed && left > 0,
        seen: `${value.state}, ${String(value.approvalsNeeded)} approvals needed, ${String(left)} authenticators enrolled.`,
        value,
      };
    },
  );
}

/** The policy asks for no approval: whoever may execute does it as soon as it is asked for. */
async function tryWithoutApproval(v: Verifying, run: Run, cast: Cast): Promise<void> {
  const why = 'The policy asks for no approval (reset_policy.requires_approval: false).';
  v.skip({ what: 'A reset needs approval.' }, why);
  await v.check(
    {
      what: 'A reset ends all that the person had, and their password alone opens nothing.',
      how: 'The person is signed in; somebody who may execute resets asks for it, with a one-time link. Then the old session, the password, and an enrollment by it are tried.',
      expected: consequencesExpected,
    },
    async () => {
      const before = await signInFreshly(run, cast.target);
      const asked = { ...askedOf(run, cast), enrollment: 'link' } as const;
      const { request, execution } = await requestReset(run.ctx, cast.requester, asked);
      if (execution !== null && execution.link !== null) keepLink(run, execution.link);
      return consequences(run, cast.target, { before, request });
    },
  );
}

/** The least that every request has. */
function askedOf(run: Run, { target }: Cast) {
  return { userId: target.user.id, reason: 'evidence', ticket: run.id, proofing };
}

async function tryApproving(
  v: Verifying,
  run: Run,
  cast: Cast,
  { id, approvalsNeeded }: ResetRequest,
): Promise<void> {
  const { requester, manager, securityOwner, executor, target } = cast;
  const cannotExecute = async (): Promise<string> =>
    problemOf(executeReset(run.ctx, executor, { id, enrollment: 'link' }));

  await v.check(
    {
      what: 'Whoever asked cannot approve, and nobody can execute what is not approved.',
      how: 'The requester, who has every role, approves; then somebody who may execute resets executes it.',
      expected: 'Both are refused, and nothing is removed.',
    },
    async () => {
      const approved = await problemOf(approveReset(run.ctx, requester, { id }));
      const executed = await cannotExecute();
      const left = await authenticatorsOf(run, target);
      return {
        passed: approved !== 'done' && executed !== 'done' && left > 0,
        seen: `Approving: ${approved}. Executing: ${executed}. ${String(left)} authenticators enrolled.`,
      };
    },
  );
  if (approvalsNeeded === 2) {
    await v.check(
      {
        what: 'One approval is not enough, and nobody gives two.',
        how: 'Somebody who is manager and security owner approves, and approves again; then somebody executes.',
        expected: 'The request still waits; the second approval and the execution are refused.',
      },
      async () => {
        const first = await approveReset(run.ctx, manager, { id, role: 'manager' });
        const again = await problemOf(approveReset(run.ctx, manager, { id }));
        const executed = await cannotExecute();
        const left = await authenticatorsOf(run, target);
        return {
          passed: first.state === 'pending' && again !== 'done' && executed !== 'done' && left > 0,
          seen: `After one: ${first.state}. Again: ${again}. Executing: ${executed}.`,
        };
      },
    );
  }
  await v.check(
    {
      what: `With ${approvalsNeeded === 2 ? 'two people, a manager and a security owner,' : 'somebody else'} the request is approved.`,
      how:
        approvalsNeeded === 2
          ? 'A security owner, another person, approves.'
          : 'A security owner approves.',
      expected: 'Approved; nothing is removed before it is executed.',
    },
    async () => {
      const approved = await approveReset(run.ctx, securityOwner, { id, role: 'security-owner' });
      const people = new Set(approved.approvals.map(({ approver }) => approver));
      const left = await authenticatorsOf(run, target);
      const isByOthers = !people.has(requester.session.principal.id);
      return {
        passed:
          approved.state === 'approved' &&
          people.size === approvalsNeeded &&
          isByOthers &&
          left > 0,
        seen: `${approved.state} by ${String(people.size)} people, ${isByOthers ? 'none of them' : 'among them'} whoever asked; ${String(left)} authenticators enrolled.`,
      };
    },
  );
}

async function tryExecuting(
  v: Verifying,
  run: Run,
  { target, executor }: Cast,
  id: ResetRequestId,
): Promise<void> {
  await v.need(
    {
      what: 'Executed, it ends all that the person had, and their password alone opens nothing.',
      how: 'The person is signed in; somebody who may execute resets executes it, with a one-time link. Then the old session, the password, and an enrollment by it are tried.',
      expected: consequencesExpected,
    },
    async () => {
      const before = await signInFreshly(run, target);
      const { request, execution } = await executeReset(run.ctx, executor, {
        id,
        enrollment: 'link',
      });
      if (execution.link !== null) keepLink(run, execution.link);
      return { ...(await consequences(run, target, { before, request })), value: request };
    },
  );
  await v.check(
    {
      what: 'It is executed once.',
      how: 'The same request is executed again.',
      expected: 'Refused.',
    },
    async () => {
      const seen = await problemOf(executeReset(run.ctx, executor, { id, enrollment: 'link' }));
      return { passed: seen !== 'done', seen: `${seen}.` };
    },
  );
}

const consequencesExpected =
  'No authenticators and no codes, the session is dead, and enrolling by password is refused as enrollment-link-required.';

/** What is left of somebody after a reset. */
async function consequences(
  run: Run,
  target: ThrowAway,
  { before, request }: { readonly before: SessionFacts; readonly request: ResetRequest },
): Promise<Seen> {
  const left = await authenticatorsOf(run, target);
  const codes = await run.ctx.stores.recoveryCodes.countLeft(target.user.id);
  const isDead = (await recallAgain(run, before)) === null;
  const enrolling = await problemOf(beginEnrolling(run, await signInByPassword(run, target)));
  return {
    passed:
      request.state === 'executed' &&
      left === 0 &&
      codes === 0 &&
      isDead &&
      enrolling === 'enrollment-link-required',
    seen: `${request.state}; ${String(left)} authenticators and ${String(codes)} codes left; the session is ${isDead ? 'dead' : 'alive'}; enrolling by password: ${enrolling}.`,
  };
}

async function checkTrail(
  v: Verifying,
  run: Run,
  { target }: Cast,
  approvalsNeeded: number,
): Promise<void> {
  const { audit, reset } = run.config.policy.mfa;
  const what = `The trail has each step, of severity ${reset.severity}.`;
  if (!audit.logsReset) {
    v.skip({ what }, 'The policy switches it off (audit.log_mfa_reset: false).');
    return;
  }
  await v.check(
    {
      what,
      how: 'The events about the person are read back from the audit trail.',
      expected: `reset.requested once, reset.approved ${String(approvalsNeeded)} times, reset.executed once, each of severity ${reset.severity} (reset_policy.severity).`,
    },
    async () => {
      const steps = ['reset.requested', 'reset.approved', 'reset.executed'] as const;
      const found = await Promise.all(steps.map((type) => eventsOf(run, target, type)));
      const counts = found.map((events) => events.length);
      const severities = [...new Set(found.flat().map(({ severity }) => severity))];
      return {
        passed:
          counts.join() === [1, approvalsNeeded, 1].join() && severities.join() === reset.severity,
        seen: `${steps.map((type, at) => `${type} ${String(counts[at])}`).join(', ')}; severity ${severities.join(', ')}.`,
      };
    },
  );
}

async function beginEnrolling(run: Run, session: SessionFacts): Promise<void> {
  const { totp } = run.config.policy.mfa.methods;
  await (totp.isEnabled
    ? beginTotpEnrollment(run.ctx, session)
    : beginPasskeyEnrollment(run.ctx, session));
}

function keepLink(run: Run, link: string): void {
  run.secrets.add('a one-time link', link.slice(link.lastIndexOf('/') + 1));
}

async function authenticatorsOf(run: Run, { user }: ThrowAway): Promise<number> {
  return (await run.ctx.stores.authenticators.listOfUser(user.id)).length;
}

/** The code of the problem that a step gave, or `done`. */
async function problemOf(step: Promise<unknown>): Promise<string> {
  try {
    await step;
    return 'done';
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

/** Null where resets can be tried; else what the policy says instead. */
function whatThePolicySays({ local, policy }: Config): string | null {
  if (!local.isEnabled) return 'Nobody signs in here by password (identity.local.enabled: false).';
  if (!policy.mfa.reset.isEnabled) {
    return 'The policy switches resets off (reset_policy.enabled: false).';
  }
  const { totp, webauthn } = policy.mfa.methods;
  return totp.isEnabled || webauthn.isEnabled
    ? null
    : 'The policy switches every second factor off: there is nothing to reset.';
}
