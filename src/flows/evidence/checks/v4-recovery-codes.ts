/** V4: recovery codes are made, each works once, and their use is written down. */

import type { Config } from '../../../config/config.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import type { Tier } from '../../../core/policy/mfa-policy.ts';
import { regenerateRecoveryCodes } from '../../account/regenerate-codes.ts';
import { takeRecoveryCodes } from '../../enroll/recovery-codes.ts';
import { answerChallenge } from '../../sign-in/challenge.ts';
import type { Verification } from '../report.ts';
import { nextCode } from '../run/app-codes.ts';
import {
  enrollApp,
  enrollPasskey,
  recallAgain,
  rise,
  signInByPassword,
  storeCodes,
  type ThrowAway,
} from '../run/person.ts';
import type { Run } from '../run/run.ts';
import { withPeople } from '../run/throw-away.ts';
import { verify, type Verifying } from '../run/verifying.ts';
import { eventsOf } from './events.ts';
import { groupsOfTier, needsHardware, tiersHere, tiersRequiring } from './tiers-here.ts';

const title = 'Recovery codes are generated, single-use, and their use is logged.';

/** Tries a set from its making to its end. */
export async function verifyRecoveryCodes(run: Run): Promise<Verification> {
  return verify('V4', title, run, async (v) => {
    const { config } = run;
    const tier = tierToTry(config);
    const otherwise = whatThePolicySays(config, tier);
    if (otherwise !== null || tier === null) {
      v.skip({ what: title }, otherwise ?? '');
      return;
    }
    await withPeople(run, [groupsOfTier(config, tier) ?? []], async ([person]) => {
      if (person === undefined) return;
      const session = await tryMaking(v, run, person, tier);
      await tryUsing(v, run, person);
      await tryRegenerating(v, run, person, session);
    });
  });
}

async function tryMaking(
  v: Verifying,
  run: Run,
  person: ThrowAway,
  tier: Tier,
): Promise<SessionFacts> {
  const { recoveryCodes, audit } = run.config.policy.mfa;
  const count = String(recoveryCodes.codesMin);
  const session = await v.need(
    {
      what: `A set of ${count} codes is made beside the first authenticator, and shown once.`,
      how: `A throw-away person of ${tier} enrolls a second factor, has the codes shown, asks for them again, and says that they are stored.`,
      expected: `${count} codes (mfa.recovery_codes.min_codes), all different; nothing the second time.`,
    },
    async () => {
      const enrolled = await enrollSomething(run, person);
      const value = await storeCodes(run, person, enrolled);
      const again = await takeRecoveryCodes(run.ctx, value);
      const different = new Set(person.codes).size;
      return {
        passed:
          person.codes.length === recoveryCodes.codesMin &&
          different === person.codes.length &&
          again === null,
        seen: `${String(person.codes.length)} codes, ${String(different)} different; the second time ${again === null ? 'nothing' : 'codes again'}.`,
        value,
      };
    },
  );
  await checkLogged(v, run, person, {
    type: 'recovery-codes.generated',
    isLogged: audit.logsRecoveryCodesGenerated,
    key: 'audit.log_recovery_codes_generated',
  });
  return session;
}

async function tryUsing(v: Verifying, run: Run, person: ThrowAway): Promise<void> {
  const { audit } = run.config.policy.mfa;
  const [first = ''] = person.codes;
  await v.check(
    {
      what: 'A code stands in for the second factor, and works once.',
      how: 'Two sign-ins by password; the same code is typed in each.',
      expected: 'Accepted, then refused.',
    },
    async () => {
      const answers = [await typeCode(run, person, first), await typeCode(run, person, first)];
      return {
        passed: answers[0] === 'accepted' && answers[1] !== 'accepted',
        seen: `First ${answers[0] ?? ''}, then ${answers[1] ?? ''}.`,
      };
    },
  );
  await checkLogged(v, run, person, {
    type: 'recovery-code.used',
    isLogged: audit.logsRecoveryCodeUsed,
    key: 'audit.log_recovery_code_used',
  });
}

async function tryRegenerating(
  v: Verifying,
  run: Run,
  person: ThrowAway,
  session: SessionFacts,
): Promise<void> {
  const { doesRegenerateInvalidateOld: invalidates } = run.config.policy.mfa.recoveryCodes;
  const what = 'A new set makes the codes of the old one worthless.';
  if (!invalidates) {
    const why =
      'The policy lets older codes go on working (mfa.recovery_codes.regenerate_invalidates_old: false).';
    v.skip({ what }, why);
  }
  const [, , third = ''] = person.codes;
  await v.check(
    {
      what: invalidates ? what : 'A new set can be made, and its codes work.',
      how: 'With the password and a code the person makes a new set, has it shown and says that it is stored; then a code of the old set and one of the new are tried.',
      expected: invalidates
        ? 'The old code is refused, the new one accepted.'
        : 'The new code is accepted; the old one is too.',
    },
    async () => {
      const held = (await recallAgain(run, session)) ?? session;
      await run.ctx.stores.attempts.reset(person.user.id);
      const proof = { password: person.password, code: await codeToProve(run, person) };
      const made = await regenerateRecoveryCodes(run.ctx, run.visit(), held, proof);
      if (!made.ok) return { passed: false, seen: `No new set: ${made.reason}.` };
      await storeCodes(run, person, held);
      const old = third === '' ? 'none left to try' : await typeCode(run, person, third);
      const fresh = await typeCode(run, person, person.codes[0] ?? '');
      const isOldRight = third === '' || (old === 'accepted') === !invalidates;
      return {
        passed: isOldRight && fresh === 'accepted',
        seen: `The old code: ${old}. The new code: ${fresh}.`,
      };
    },
  );
}

async function checkLogged(
  v: Verifying,
  run: Run,
  person: ThrowAway,
  event: {
    readonly type: 'recovery-codes.generated' | 'recovery-code.used';
    readonly isLogged: boolean;
    readonly key: string;
  },
): Promise<void> {
  const what = `The trail has ${event.type}.`;
  if (!event.isLogged) {
    v.skip({ what }, `The policy switches it off (${event.key}: false).`);
    return;
  }
  await v.check(
    {
      what,
      how: 'The events about this person are read back from the audit trail.',
      expected: 'One event.',
    },
    async () => {
      const found = await eventsOf(run, person, event.type);
      const severity = found[0]?.severity ?? '';
      return {
        passed: found.length === 1,
        seen: `${String(found.length)} events${severity === '' ? '' : `, severity ${severity}`}.`,
      };
    },
  );
}

/** An unused code of the set where enough are left, else one of the app. */
async function codeToProve(run: Run, { codes, app }: ThrowAway): Promise<string> {
  const [, second, third] = codes;
  const isLeftOver = second !== undefined && (third !== undefined || app === null);
  if (isLeftOver) return second;
  return app === null ? '' : nextCode(run, app);
}

/** An app, or a passkey where apps are switched off. */
async function enrollSomething(run: Run, person: ThrowAway): Promise<SessionFacts> {
  const session = await signInByPassword(run, person);
  return run.config.policy.mfa.methods.totp.isEnabled
    ? enrollApp(run, person, session)
    : enrollPasskey(run, person, session);
}

async function typeCode(run: Run, person: ThrowAway, code: string): Promise<string> {
  await run.ctx.stores.attempts.reset(person.user.id);
  const session = await signInByPassword(run, person);
  const guess = { method: 'recovery-code', code } as const;
  const answer = await answerChallenge(run.ctx, run.visit(), session, guess);
  if (!answer.ok) return answer.reason;
  await rise(run, answer.session, session);
  return 'accepted';
}

/** The strongest tier that must have codes, else the strongest there is. */
function tierToTry(config: Config): Tier | null {
  const { totp, webauthn } = config.policy.mfa.methods;
  const possible = (tier: Tier): boolean =>
    totp.isEnabled || (webauthn.isEnabled && !needsHardware(config, tier));
  const owing = tiersRequiring(config, 'recovery-code').filter(possible);
  return owing[0] ?? tiersHere(config).find(possible) ?? null;
}

/** Null where codes can be tried; else what the policy says instead. */
function whatThePolicySays({ local, policy }: Config, tier: Tier | null): string | null {
  if (!local.isEnabled) return 'Nobody signs in here by password (identity.local.enabled: false).';
  if (!policy.mfa.recoveryCodes.isEnabled) {
    return 'The policy switches recovery codes off (mfa.recovery_codes.enabled: false).';
  }
  return tier === null
    ? 'There is no second factor here that software can be, and codes stand in for one.'
    : null;
}
