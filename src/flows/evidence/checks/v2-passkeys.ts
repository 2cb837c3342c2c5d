/** V2: WebAuthn works for TIER0, and nothing that only looks like it does. */

import { isIP } from 'node:net';

import type { Config } from '../../../config/config.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import type { Tier } from '../../../core/policy/mfa-policy.ts';
import type { PasskeyOptions } from '../../../methods/method.ts';
import { beginPasskeyEnrollment, finishPasskeyEnrollment } from '../../enroll/enroll-passkey.ts';
import { answerChallengeWithPasskey, beginPasskeyChallenge } from '../../sign-in/answer-passkey.ts';
import { beginPasskeySignIn, signInWithPasskey } from '../../sign-in/sign-in-with-passkey.ts';
import type { Verification } from '../report.ts';
import {
  answerWithPasskey,
  enrollPasskey,
  rise,
  signInByPassword,
  type ThrowAway,
} from '../run/person.ts';
import type { Run } from '../run/run.ts';
import { anotherKey, createSoftPasskey, type Turned } from '../run/soft-passkey.ts';
import { withPeople } from '../run/throw-away.ts';
import { verify, type Verifying } from '../run/verifying.ts';
import { eventsOf } from './events.ts';
import { groupsOfTier, needsHardware, nobodyOf, tiersHere, tiersRequiring } from './tiers-here.ts';

const title = 'WebAuthn works for TIER0.';

/** Another site, as a look-alike has it. */
const otherOrigin = 'https://sallyport-evidence.invalid';

/** Enrolls and answers with a passkey in software, and tries what must be refused. */
export async function verifyPasskeys(run: Run): Promise<Verification> {
  return verify('V2', title, run, async (v) => {
    const { config } = run;
    const otherwise = whatThePolicySays(config);
    if (otherwise !== null) {
      v.skip({ what: title }, otherwise);
      return;
    }
    await checkDomain(v, config);
    await checkHardware(v, run);
    const tier = tierToTry(config);
    if (tier !== 'TIER0') {
      const why = needsHardware(config, 'TIER0')
        ? 'Only attested security keys of known models count for TIER0, and no software can be one; enroll one by hand to see it work.'
        : nobodyOf('TIER0');
      const rest =
        tier === null ? 'So is it for every tier.' : `What follows was tried for ${tier}.`;
      v.skip({ what: 'A passkey of TIER0 can be enrolled and signs in.' }, `${why} ${rest}`);
    }
    if (tier === null) return;
    await withPeople(run, [groupsOfTier(config, tier) ?? []], async ([person]) => {
      if (person !== undefined) await tryPasskey(v, run, person, tier);
    });
  });
}

async function checkDomain(v: Verifying, { portal, webauthn, policy }: Config): Promise<void> {
  const isName = isIP(portal.host) === 0;
  const isOwed = policy.mfa.methods.webauthn.requiredForTiers.length > 0;
  await v.check(
    {
      what: 'The portal has an address at which browsers make passkeys.',
      how: 'portal.url and policy.methods.webauthn.rpId of the configuration are read: WebAuthn wants a host name (WebAuthn L3 §5.1.3), and https or localhost.',
      expected: isOwed
        ? 'A host name, since the policy obliges a tier to a passkey.'
        : 'A host name, or an address and nobody who must have a passkey.',
    },
    () => ({
      passed: isName || !isOwed,
      seen: isName
        ? `${portal.origin}, passkeys belong to ${webauthn.rpId}.`
        : `${portal.origin} is an address: no browser makes a passkey there.`,
    }),
  );
}

/** Where only attested keys count, the software authenticator must be turned away. */
async function checkHardware(v: Verifying, run: Run): Promise<void> {
  const tier = tiersHere(run.config).find((one) => needsHardware(run.config, one));
  if (tier === undefined) return;
  await withPeople(run, [groupsOfTier(run.config, tier) ?? []], async ([person]) => {
    if (person === undefined) return;
    await v.check(
      {
        what: `A passkey without attestation is not taken from ${tier}, which must use security keys of known models.`,
        how: 'The person signs in by password and answers the enrollment with a passkey in software, which nobody has attested.',
        expected: 'Refused as model-not-allowed; nothing is enrolled.',
      },
      async () => {
        const session = await signInByPassword(run, person);
        const { options } = await beginPasskeyEnrollment(run.ctx, session);
        const refusal = await tryToEnroll(run, session, options, run.config.portal.origin);
        const enrolled = await run.ctx.stores.authenticators.listOfUser(person.user.id);
        return {
          passed: refusal === 'model-not-allowed' && enrolled.length === 0,
          seen: `${refusal}; ${String(enrolled.length)} authenticators enrolled.`,
        };
      },
    );
  });
}

async function tryPasskey(v: Verifying, run: Run, person: ThrowAway, tier: Tier): Promise<void> {
  await v.check(
    {
      what: 'A new passkey that was made on another site is refused.',
      how: `A throw-away person of ${tier} signs in by password and answers the enrollment with a passkey whose browser says that it shows ${otherOrigin}.`,
      expected: 'Refused; nothing is enrolled.',
    },
    async () => {
      const session = await signInByPassword(run, person);
      const { options } = await beginPasskeyEnrollment(run.ctx, session);
      const refusal = await tryToEnroll(run, session, options, otherOrigin);
      const enrolled = await run.ctx.stores.authenticators.listOfUser(person.user.id);
      return {
        passed: refusal !== 'accepted' && enrolled.length === 0,
        seen: `${refusal}; ${String(enrolled.length)} authenticators enrolled.`,
      };
    },
  );
  await v.need(
    {
      what: 'A passkey can be enrolled.',
      how: `The person answers the enrollment of this installation with a passkey in software (ES256, person verified) at ${run.config.portal.origin}.`,
      expected: 'Accepted, with a proof of the method webauthn.',
    },
    async () => {
      const value = await enrollPasskey(run, person, await signInByPassword(run, person));
      const passed = value.proofs.some(({ method }) => method === 'webauthn');
      return { passed, seen: passed ? 'Accepted.' : 'No proof came of it.', value };
    },
  );
  await tryChallenge(v, run, person);
  await tryAlone(v, run, person);
}

async function tryChallenge(v: Verifying, run: Run, person: ThrowAway): Promise<void> {
  await v.check(
    {
      what: 'The passkey answers the challenge of a sign-in by password.',
      how: 'Name and password, then the challenge that the page would show, answered by the passkey.',
      expected: 'Signed in, with a fresh proof of the method webauthn.',
    },
    async () => {
      const session = await signInByPassword(run, person);
      const risen = await answerWithPasskey(run, person, session);
      const passed = risen.proofs.some(
        ({ method, origin }) => method === 'webauthn' && origin === 'answer',
      );
      return { passed, seen: passed ? 'Signed in.' : 'No fresh proof came of it.' };
    },
  );
  // prettier-ignore
  const forgeries: readonly (readonly [what: string, how: string, turned: Turned, reason: string])[] = [
    ['An answer that was given on another site is refused.', `The passkey signs for a page at ${otherOrigin}, as a look-alike site would have it.`, { origin: otherOrigin }, 'not-verified'],
    ['An answer with a wrong signature is refused.', 'The right answer, signed by another key.', { privateKey: anotherKey() }, 'not-verified'],
    ['An answer whose counter went back is refused.', 'The right answer with counter 1 again: a copy of the key would show that.', { counter: 1 }, 'counter-went-back'],
  ];
  for (const [what, how, turned, reason] of forgeries) {
    const expected = `Refused, and the trail has second-factor.failed with the reason ${reason}.`;
    await v.check({ what, how, expected }, async () => {
      const session = await signInByPassword(run, person);
      const options = await challengeFor(run, session);
      const answer = await answerTo(run, session, person.passkey?.get(options, turned) ?? '');
      const noted = await lastFailure(run, person);
      return {
        passed: answer !== 'accepted' && noted === reason,
        seen: `${answer}; in the trail: ${noted}.`,
      };
    });
  }
  await v.check(
    {
      what: 'An answer that comes a second time is refused.',
      how: 'The right answer to a challenge is accepted; then the same bytes are sent again, in the session that they were made in.',
      expected: 'Accepted once, then refused because the challenge was used before.',
    },
    async () => {
      const session = await signInByPassword(run, person);
      const response = person.passkey?.get(await challengeFor(run, session)) ?? '';
      const first = await answerTo(run, session, response);
      const second = await answerTo(run, session, response);
      const noted = await lastFailure(run, person);
      return {
        passed: first === 'accepted' && second !== 'accepted' && noted === 'challenge-used-before',
        seen: `First ${first}, then ${second}; in the trail: ${noted}.`,
      };
    },
  );
}

async function tryAlone(v: Verifying, run: Run, person: ThrowAway): Promise<void> {
  await v.check(
    {
      what: 'The passkey signs in alone, with the person verified by their device.',
      how: 'The options of the sign-in page, answered by the passkey without name or password; then the same answer again.',
      expected: 'Signed in as its owner, once.',
    },
    async () => {
      const browser = run.ctx.random.bytes(16).toString('hex');
      const options = await beginPasskeySignIn(run.ctx, browser);
      if (options === null) return { passed: false, seen: 'The sign-in page offers no passkey.' };
      const given = { response: person.passkey?.get(options) ?? '', browser };
      const answer = await signInWithPasskey(run.ctx, run.visit(), given);
      if (!answer.ok) return { passed: false, seen: `Refused: ${answer.reason}.` };
      const session = await rise(run, answer.session, null);
      const again = await signInWithPasskey(run.ctx, run.visit(), given);
      const isOwner = session.principal.id === person.user.id;
      return {
        passed: isOwner && !again.ok && again.reason === 'expired',
        seen: `Signed in as ${isOwner ? 'its owner' : 'somebody else'}; the second time ${again.ok ? 'accepted' : again.reason}.`,
      };
    },
  );
}

async function tryToEnroll(
  run: Run,
  session: SessionFacts,
  options: PasskeyOptions,
  origin: string,
): Promise<string> {
  const { posted } = createSoftPasskey(options, { origin, random: run.ctx.random });
  const given = { response: posted, name: 'Software authenticator' };
  const answer = await finishPasskeyEnrollment(run.ctx, run.visit(), session, given);
  return answer.ok ? 'accepted' : answer.reason;
}

async function challengeFor(run: Run, session: SessionFacts): Promise<PasskeyOptions> {
  const asked = { userVerification: 'preferred' } as const;
  return (await beginPasskeyChallenge(run.ctx, session, asked)) ?? {};
}

/** Why the last answer was refused, as the trail has it. */
async function lastFailure(run: Run, person: ThrowAway): Promise<string> {
  const [event] = await eventsOf(run, person, 'second-factor.failed');
  return String(event?.details['reason'] ?? 'nothing');
}

async function answerTo(run: Run, session: SessionFacts, response: string): Promise<string> {
  const answer = await answerChallengeWithPasskey(run.ctx, run.visit(), session, response);
  return answer.ok ? 'accepted' : answer.reason;
}

/** TIER0, or the first tier here of which software can be a passkey. */
function tierToTry(config: Config): Tier | null {
  const possible = tiersHere(config).filter((tier) => !needsHardware(config, tier));
  return possible[0] ?? null;
}

/** Null where passkeys can be used; else what the policy says instead. */
function whatThePolicySays(config: Config): string | null {
  const { local, policy } = config;
  if (!local.isEnabled) return 'Nobody signs in here by password (identity.local.enabled: false).';
  if (policy.mfa.methods.webauthn.isEnabled) return null;
  const owed = tiersRequiring(config, 'webauthn');
  return `The policy switches WebAuthn off (mfa.methods.webauthn.enabled: false)${owed.length === 0 ? '' : ` though it names ${owed.join(', ')}`}.`;
}
