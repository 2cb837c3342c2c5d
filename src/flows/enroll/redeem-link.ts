/**
 * Using up a one-time link.
 *
 * Looking at one changes nothing, because mail programs open links before people do. It is used up
 * by one statement, in the transaction of what it is used for. Whoever has it is told the same of
 * one that is unknown, expired, used or another person's.
 */

import type { Proof } from '../../core/proofs.ts';
import { isFromTheFuture } from '../../core/assurance.ts';
import { isNeededToApprove } from '../../core/policy/administration.ts';
import { Problem } from '../../core/problem.ts';
import type { EpochMs } from '../../core/time.ts';
import type { PasswordRefusal } from '../../methods/method.ts';
import type { Stores, User } from '../../stores/types.ts';
import type { EnrollmentLink } from '../../stores/types/administration.ts';
import { isLinkSecret, linkHash, type LinkKind } from '../admin/enrollment-links.ts';
import { eventAtSignIn } from '../audit-events.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { endAllSessions, forgetSessions } from '../sessions.ts';
import { completeWithPassword } from '../sign-in/complete-with-password.ts';
import { guessPassword } from '../sign-in/guess-password.ts';
import { recordPasswordFailure, usernameCharactersMax } from '../sign-in/sign-in.ts';
import { tell } from '../tell.ts';

/** What the page of a link shows of it. */
export type LinkView =
  | { readonly kind: 'invitation'; readonly username: string; readonly expiresAt: EpochMs }
  // Whose it is stays unsaid: whoever found it would know whose password to look for.
  | { readonly kind: 'enroll-again'; readonly expiresAt: EpochMs };

/** The answer to a password that was chosen by a link. */
export type InvitationAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'link-not-valid' }
  | ({ readonly ok: false } & PasswordRefusal);

/** The answer to a username and a password beside a link. */
export type EnrollAgainAnswer =
  | { readonly ok: true; readonly session: NewSession }
  | { readonly ok: false; readonly reason: 'link-not-valid' | 'invalid-credentials' };

/** What a link is for, without using it up; null when it is good for nothing. */
export async function lookAtLink(ctx: FlowContext, secret: string): Promise<LinkView | null> {
  const found = await findLink(ctx, secret);
  if (found === null) return null;
  const { link, user } = found;
  const { kind, expiresAt } = link;
  return kind === 'invitation' ? { kind, username: user.username, expiresAt } : { kind, expiresAt };
}

/**
 * Takes the chosen password, ends all sessions and what browsers remember, and signs the person in.
 * A second factor that they have is asked for afterwards all the same (ASVS 5.0 §6.4.3).
 *
 * Throws the problems `policy-forbids` where local users are switched off and `too-busy` when too
 * many passwords wait to be hashed.
 *
 * Security: the session counts as begun by a link only where no reset's guard stands. The mailbox
 * alone must not be enough to enroll again; that takes the link which is made for it, too.
 */
export async function redeemInvitation(
  ctx: FlowContext,
  visit: Visit,
  { secret, password }: { readonly secret: string; readonly password: string },
): Promise<InvitationAnswer> {
  const { local, portal } = ctx.config.current();
  assertPasswordsAreEnabled(ctx);
  const found = await findLink(ctx, secret, 'invitation');
  if (found === null) return notValid;
  const { username } = found.user;
  const rules = { username, issuer: portal.issuer, lengthMin: local.minPasswordLength };
  const refusal = ctx.passwords.refusalOf(password, rules);
  if (refusal !== null) return { ok: false, ...refusal };

  const passwordHash = await ctx.passwords.hash(password);
  const now = ctx.clock.now();
  const session = await ctx.stores.transaction(async (stores) => {
    const user = await useUp(stores, found, visit, now);
    if (user === null) return null;
    await endAllSessions(stores, user.id, now);
    await stores.users.setPasswordHash(user.id, passwordHash);
    await stores.devices.distrustAll(user.id);
    await tell(ctx, stores, user, { kind: 'password-changed', at: now, visit });
    const changed = { at: now, type: 'user.password-changed', severity: 'notice' } as const;
    await stores.audit.append(eventAtSignIn(visit, user, changed));
    const risen = await stores.users.findById(user.id);
    if (risen === null) return null;
    const proof = user.enrollGuard === null ? byLink(now) : byPassword(now);
    return completeWithPassword(ctx, stores, visit, risen, { proof, now });
  });
  if (session === null) return notValid;
  await forgetSessions(ctx, session.userId);
  return { ok: true, session };
}

/**
 * Signs the person in whose link it is, by username and password, so that they may enroll again.
 * A wrong name, a wrong password and a right pair that is another person's look the same, and leave
 * the link as it is. Throws as `signIn` does.
 */
export async function redeemEnrollAgain(
  ctx: FlowContext,
  visit: Visit,
  typed: { readonly secret: string; readonly username: string; readonly password: string },
): Promise<EnrollAgainAnswer> {
  const { secret, username, password } = typed;
  assertPasswordsAreEnabled(ctx);
  const found = await findLink(ctx, secret, 'enroll-again');
  if (found === null) return notValid;
  const isName = username !== '' && username.length <= usernameCharactersMax;
  const named = isName ? await ctx.stores.users.findByUsername(username) : null;
  const user = named?.id === found.user.id ? named : null;
  const isRight = await guessPassword(ctx, visit, { user, claimedName: username, password });
  const now = ctx.clock.now();
  if (!isRight || user === null) {
    const failure = { now, reason: 'wrong-credentials', during: 'enroll-again' } as const;
    await recordPasswordFailure(ctx, visit, found.user, failure);
    return { ok: false, reason: 'invalid-credentials' };
  }

  const session = await ctx.stores.transaction(async (stores) => {
    if ((await useUp(stores, found, visit, now)) === null) return null;
    return completeWithPassword(ctx, stores, visit, user, { proof: byLink(now), now });
  });
  return session === null ? notValid : { ok: true, session };
}

const notValid = { ok: false, reason: 'link-not-valid' } as const;

function assertPasswordsAreEnabled(ctx: Pick<FlowContext, 'config'>): void {
  if (ctx.config.current().local.isEnabled) return;
  throw new Problem('policy-forbids', { detail: 'Passwords are kept elsewhere.' });
}

interface FoundLink {
  readonly link: EnrollmentLink;
  readonly user: User;
}

/** A link that could be used now, and whose it is; null for any other. */
async function findLink(
  ctx: FlowContext,
  secret: string,
  kind?: LinkKind,
): Promise<FoundLink | null> {
  if (!isLinkSecret(secret)) return null;
  const now = ctx.clock.now();
  const link = await ctx.stores.enrollmentLinks.find(linkHash(secret), now);
  // One that was made in the future outlived a clock that has gone back.
  if (link === null || isFromTheFuture(link.createdAt, now)) return null;
  if (kind !== undefined && link.kind !== kind) return null;
  const user = await ctx.stores.users.findById(link.userId);
  if (user === null || user.kind !== 'user' || user.isDisabled) return null;
  return isOwnMaking(ctx, link, user) ? null : { link, user };
}

/**
 * Says whether an administrator made the link by which somebody would choose a password who approves
 * resets by now: whoever made it knows it, and would approve what they ask for themselves.
 */
function isOwnMaking(
  ctx: Pick<FlowContext, 'config'>,
  { kind, createdBy }: EnrollmentLink,
  user: User,
): boolean {
  const { policy } = ctx.config.current();
  return kind === 'invitation' && createdBy !== 'cli' && isNeededToApprove(user, policy);
}

/** Holds the person and uses the link up, with its audit event; null when it was used meanwhile. */
async function useUp(
  stores: Stores,
  { link }: FoundLink,
  visit: Visit,
  now: EpochMs,
): Promise<User | null> {
  const user = await stores.users.lock(link.userId);
  if (user === null || user.isDisabled) return null;
  if ((await stores.enrollmentLinks.consume(link.hash, now)) === null) return null;
  await stores.audit.append(
    eventAtSignIn(visit, user, {
      at: now,
      type: 'enrollment-link.used',
      severity: 'notice',
      details: { kind: link.kind, createdBy: link.createdBy },
    }),
  );
  return user;
}

function byPassword(now: EpochMs): Proof {
  return { method: 'password', at: now, origin: 'answer' };
}

function byLink(now: EpochMs): Proof {
  return { ...byPassword(now), isByLink: true };
}
