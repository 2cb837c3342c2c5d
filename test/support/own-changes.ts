/** What tests of changes to one's own account need: fresh proofs, passkeys, mail that is read. */

import assert from 'node:assert/strict';

import type { SessionFacts } from '../../src/core/facts.ts';
import { idBytes, idFrom, type AuthenticatorId } from '../../src/core/ids.ts';
import type { MailKind } from '../../src/core/mail-kinds.ts';
import { Problem, type ProblemCode } from '../../src/core/problem.ts';
import type { Proof } from '../../src/core/proofs.ts';
import { beginTotpEnrollment, finishTotpEnrollment } from '../../src/flows/enroll/enroll-totp.ts';
import { stepUp } from '../../src/flows/sign-in/step-up.ts';
import type { Config } from '../../src/config/config.ts';
import { codeAt } from './authenticator-app.ts';
import { goodPassword, sure, visit, type EnrolledPerson, type World } from './flow-world.ts';

/** Mail that nobody sends: it waits in the outbox for the test to look at. */
export const mailThatWaits: Config['mail'] = {
  host: '127.0.0.1',
  port: 25,
  isImplicitTls: false,
  isTlsRequired: false,
  username: null,
  password: null,
  from: 'Sallyport <no-reply@example.com>',
};

/** The code that the app shows half a minute on, so that none is used twice. */
export function laterCode(world: World, secret: string): string {
  world.clock.advance(30);
  return codeAt(secret, world.clock.now());
}

/** The person's session after a step-up. */
export async function steppedUp(
  world: World,
  { session, secret }: Pick<EnrolledPerson, 'session' | 'secret'>,
): Promise<SessionFacts> {
  const code = laterCode(world, secret);
  const proof = { password: goodPassword, method: 'totp', code } as const;
  const answer = await stepUp(world.ctx, visit(), session, proof);
  assert(answer.ok, JSON.stringify(answer));
  return sure(await world.rise(answer.session, session));
}

/** Adds another app in a session that may; the answer is the session it goes on as. */
export async function withAnotherApp(
  world: World,
  session: SessionFacts,
  name = 'Tablet',
): Promise<SessionFacts> {
  const { secret } = await beginTotpEnrollment(world.ctx, session);
  const code = codeAt(secret, world.clock.now());
  const answer = await finishTotpEnrollment(world.ctx, visit(), session, { code, name });
  assert(answer.ok, JSON.stringify(answer));
  return sure(await world.rise(answer.session, session));
}

/** Keeps a passkey as if it had been enrolled. */
export async function withPasskey(
  world: World,
  session: SessionFacts,
  name = 'Security key',
): Promise<AuthenticatorId> {
  const id = idFrom('authenticator', world.ctx.random.bytes(idBytes));
  await world.ctx.stores.authenticators.create({
    id,
    userId: session.principal.id,
    method: 'webauthn',
    name,
    sealedCredential: 'sealed',
    lastStep: -1,
    passkey: { credentialId: id, signCount: 0, isBackedUp: false, attestedModel: null },
    createdAt: world.clock.now(),
    lastUsedAt: null,
  });
  return id;
}

/** The session after its passkey was used: a proof that cannot be phished, of this moment. */
export async function afterPasskey(
  world: World,
  session: SessionFacts,
  authenticatorId: AuthenticatorId,
): Promise<SessionFacts> {
  const at = world.clock.now();
  const proof: Proof = {
    method: 'webauthn',
    at,
    origin: 'answer',
    authenticatorId,
    isUserVerified: true,
  };
  const { principal, sessionEpoch, lineage, createdAt } = session;
  const proofs = [...session.proofs, proof];
  const next = { userId: principal.id, sessionEpoch, lineage, proofs, createdAt };
  return sure(await world.rise(next, session));
}

/** The kinds of mail that wait for one person, oldest first. */
export async function mailFor(world: World, session: SessionFacts): Promise<readonly MailKind[]> {
  const now = world.clock.now();
  const waiting = await world.ctx.stores.outbox.take({ now, leaseUntil: now, limit: 100 });
  return waiting.filter(({ userId }) => userId === session.principal.id).map(({ kind }) => kind);
}

/** Gives somebody an address, which `addUser` leaves out. */
export async function withAddress(world: World, session: SessionFacts): Promise<void> {
  await world.database.db
    .updateTable('users')
    .set({ email: 'anna@example.com' })
    .where('id', '=', session.principal.id)
    .execute();
}

/** For `assert.rejects`. */
export function aProblem(code: ProblemCode): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof Problem && thrown.code === code;
}
