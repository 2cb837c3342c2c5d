/**
 * A throw-away person at their browser: types passwords and codes and uses a passkey, through the
 * flows that the pages use.
 *
 * What the portal does between flows is done here by the same rules: a rise gives the session
 * another id, open challenges move along, and what a session amounts to is read anew from the
 * database. Only the session itself is nowhere but here.
 */

import type { SessionFacts } from '../../../core/facts.ts';
import { methodsRequiredOf, tierOf } from '../../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../../core/proofs.ts';
import { sessionFactsOf } from '../../../core/session-facts.ts';
import { sessionKeyOf } from '../../../platform/session-key.ts';
import type { User } from '../../../stores/types.ts';
import { beginPasskeyEnrollment, finishPasskeyEnrollment } from '../../enroll/enroll-passkey.ts';
import { beginTotpEnrollment, finishTotpEnrollment } from '../../enroll/enroll-totp.ts';
import { confirmRecoveryCodes, takeRecoveryCodes } from '../../enroll/recovery-codes.ts';
import type { NewSession } from '../../flow-context.ts';
import { nextPage } from '../../next-page.ts';
import { answerChallengeWithPasskey, beginPasskeyChallenge } from '../../sign-in/answer-passkey.ts';
import { answerChallenge } from '../../sign-in/challenge.ts';
import { signIn } from '../../sign-in/sign-in.ts';
import { stepUp } from '../../sign-in/step-up.ts';
import { newApp, nextCode, type App } from './app-codes.ts';
import { captureTexts } from './stored-texts.ts';
import type { Run } from './run.ts';
import { createSoftPasskey, type SoftPasskey } from './soft-passkey.ts';
import { WasRefused } from './verifying.ts';

/** Somebody who exists for a few seconds. */
export interface ThrowAway {
  readonly user: User;
  readonly password: string;
  app: App | null;
  passkey: SoftPasskey | null;
  /** Recovery codes that were shown, used or not. */
  codes: readonly string[];
}

const sessionIdBytes = 32;

/** Signs in by name and password alone. */
export async function signInByPassword(run: Run, person: ThrowAway): Promise<SessionFacts> {
  const { username } = person.user;
  const typed = { username, password: person.password };
  const answer = await signIn(run.ctx, run.visit(), typed);
  if (!answer.ok) throw new WasRefused('signing in by password', answer.reason);
  return rise(run, answer.session, null);
}

/** The session that a flow ended in, under a new id. */
export async function rise(
  run: Run,
  risen: NewSession,
  old: SessionFacts | null,
): Promise<SessionFacts> {
  const id = run.ctx.random.bytes(sessionIdBytes).toString('base64url');
  run.secrets.add('a session id', id);
  const key = sessionKeyOf(id);
  const lineage = risen.lineage ?? key;
  if (old !== null) await run.ctx.stores.challenges.rebind(old.key, key);
  const kept = { ...risen, key, lineage, lastSeenAt: run.ctx.clock.now() };
  const facts = await recall(run, kept);
  if (facts === null) throw new WasRefused('going on in a session', 'not-signed-in');
  return facts;
}

/** What a session amounts to at this moment; null when it does not count any more. */
export async function recall(
  run: Run,
  session: Omit<NewSession, 'lineage'> &
    Pick<SessionFacts, 'key' | 'lineage'> & { readonly lastSeenAt: number },
): Promise<SessionFacts | null> {
  const { ctx, config } = run;
  const record = await ctx.stores.users.findPrincipal(session.userId, session.lineage);
  const isDead =
    record === null ||
    record.isSessionRevoked ||
    record.user.isDisabled ||
    record.user.sessionEpoch !== session.sessionEpoch;
  return isDead ? null : sessionFactsOf(session, record, config.sessions);
}

/** The same session with what is true of its person now; null when it was ended. */
export async function recallAgain(run: Run, facts: SessionFacts): Promise<SessionFacts | null> {
  const { key, lineage, sessionEpoch, proofs, createdAt, principal } = facts;
  const lastSeenAt = run.ctx.clock.now();
  const userId = principal.id;
  return recall(run, { key, lineage, sessionEpoch, proofs, createdAt, userId, lastSeenAt });
}

/** Sets up an authenticator app. */
export async function enrollApp(
  run: Run,
  person: ThrowAway,
  session: SessionFacts,
): Promise<SessionFacts> {
  const { secret } = await beginTotpEnrollment(run.ctx, session);
  run.secrets.add('a TOTP secret', secret);
  // It waits for its first code: the one moment at which it is in a table of challenges.
  await captureTexts(run);
  const app = newApp(secret, run.config.totp);
  const code = await nextCode(run, app, { isEarlyWelcome: true });
  const answer = await finishTotpEnrollment(run.ctx, run.visit(), session, { code });
  if (!answer.ok) throw new WasRefused('setting up an authenticator app', answer.reason);
  person.app = app;
  return rise(run, answer.session, session);
}

/** Sets up a passkey of the software authenticator. */
export async function enrollPasskey(
  run: Run,
  person: ThrowAway,
  session: SessionFacts,
): Promise<SessionFacts> {
  const { ctx, config } = run;
  const { options } = await beginPasskeyEnrollment(ctx, session);
  const { origin } = config.portal;
  const { passkey, posted } = createSoftPasskey(options, { origin, random: ctx.random });
  keepKey(run, passkey);
  const given = { response: posted, name: 'Software authenticator' };
  const answer = await finishPasskeyEnrollment(ctx, run.visit(), session, given);
  if (!answer.ok) throw new WasRefused('setting up a passkey', answer.reason);
  person.passkey = passkey;
  return rise(run, answer.session, session);
}

/** Has the recovery codes shown that wait in this session, and says that they are stored. */
export async function storeCodes(
  run: Run,
  person: ThrowAway,
  session: SessionFacts,
): Promise<SessionFacts> {
  await captureTexts(run);
  const codes = await takeRecoveryCodes(run.ctx, session);
  for (const code of codes ?? []) run.secrets.add('a recovery code', code);
  if (codes !== null) {
    await captureTexts(run);
    await confirmRecoveryCodes(run.ctx, run.visit(), session);
    person.codes = codes;
  }
  const facts = await recallAgain(run, session);
  if (facts === null) throw new WasRefused('going on in a session', 'not-signed-in');
  return facts;
}

/**
 * Signs in and sets up whatever the policy asks of this person; without anything asked, one second
 * factor that can be used here. The session is one of enrollments: nothing in it is fresh.
 */
export async function enrollEverything(
  run: Run,
  person: ThrowAway,
  { andPasskey = false }: { readonly andPasskey?: boolean } = {},
): Promise<SessionFacts> {
  const { totp, webauthn } = run.config.policy.mfa.methods;
  let session = await signInByPassword(run, person);
  const required = requiredOf(run, person);
  const wantsPasskey = required.includes('webauthn') || (andPasskey && webauthn.isEnabled);
  if (required.includes('totp') || (!wantsPasskey && totp.isEnabled)) {
    session = await enrollApp(run, person, session);
  }
  if (wantsPasskey || (person.app === null && webauthn.isEnabled)) {
    session = await enrollPasskey(run, person, session);
  }
  session = await storeCodes(run, person, session);
  const next = nextPage(run.ctx, session);
  if (next !== 'done') throw new WasRefused('completing the enrollment', next);
  return session;
}

/**
 * Signs in anew, with the password and every second factor that this person has: each proof of the
 * session is fresh.
 */
export async function signInFreshly(run: Run, person: ThrowAway): Promise<SessionFacts> {
  const { app, passkey, password } = person;
  const session = await signInByPassword(run, person);
  if (app === null && passkey === null) {
    throw new WasRefused('signing in with two factors', 'nothing-enrolled');
  }
  if (passkey === null) return answerWithCode(run, session, await nextCode(run, app as App));
  const risen = await answerWithPasskey(run, person, session);
  if (app === null) return risen;
  const typed = { method: 'totp', code: await nextCode(run, app), password } as const;
  const answer = await stepUp(run.ctx, run.visit(), risen, typed);
  if (!answer.ok) throw new WasRefused('confirming with a code of the app', answer.reason);
  return rise(run, answer.session, risen);
}

/** Answers the challenge of a sign-in with the code of an app. */
export async function answerWithCode(
  run: Run,
  session: SessionFacts,
  code: string,
): Promise<SessionFacts> {
  const answer = await answerChallenge(run.ctx, run.visit(), session, { method: 'totp', code });
  if (!answer.ok) throw new WasRefused('a code of the app', answer.reason);
  return rise(run, answer.session, session);
}

/** Answers the challenge of a sign-in with the passkey. */
export async function answerWithPasskey(
  run: Run,
  person: ThrowAway,
  session: SessionFacts,
): Promise<SessionFacts> {
  const options = await beginPasskeyChallenge(run.ctx, session, { userVerification: 'preferred' });
  const response = options === null ? null : person.passkey?.get(options);
  if (response === null || response === undefined) {
    throw new WasRefused('asking for the passkey', 'nothing-enrolled');
  }
  const answer = await answerChallengeWithPasskey(run.ctx, run.visit(), session, response);
  if (!answer.ok) throw new WasRefused('the answer of the passkey', answer.reason);
  return rise(run, answer.session, session);
}

function requiredOf({ config }: Run, { user }: ThrowAway): readonly MethodId[] {
  const { tiers, mfa } = config.policy;
  return methodsRequiredOf(tierOf(user, tiers), mfa);
}

/** The private key of a passkey is a secret of the run, though it is never sent anywhere. */
export function keepKey(run: Run, { privateKey }: SoftPasskey): void {
  const { d } = privateKey.export({ format: 'jwk' });
  if (d !== undefined) run.secrets.add('the private key of a passkey', d);
}
