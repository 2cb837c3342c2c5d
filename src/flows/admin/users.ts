/**
 * What an operator does to accounts on the command line. Every change is audited in the
 * transaction that makes it, and takes effect on the next request of every instance.
 */

import { defaultTenant } from '../../core/ids.ts';
import type { PasswordRefusal } from '../../methods/method.ts';
import { NameTaken, type Stores, type User } from '../../stores/types.ts';
import { eventOnCommandLine, type Happening } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import { endAllSessions, forgetSessions } from '../sessions.ts';
import { tell } from '../tell.ts';
import { eraseSecondFactors } from './resets/erase.ts';
import { endOvertakenRequest } from './resets/end-request.ts';
import {
  addAccount,
  liftPause,
  putIntoGroups,
  setAccountDisabled,
  settledAccount,
} from './account-changes.ts';
import type { NetworksRefusal } from './network-rules.ts';
import { noSuchTenant } from './tenants.ts';
import { groupsRefusal, type RecordRefusal } from './user-rules.ts';

/** Why a change to an account was not made, with a sentence for the operator. */
export type UserRefusal =
  | ({ readonly ok: false } & (PasswordRefusal | RecordRefusal | NetworksRefusal))
  | {
      readonly ok: false;
      readonly reason:
        | 'name-taken'
        | 'no-such-user'
        | 'no-such-tenant'
        | 'password-missing'
        | 'no-password-for-services'
        | 'no-second-factor-for-services'
        | 'reason-missing'
        | 'policy-forbids';
      readonly sentence: string;
    };

/** The answer to a change of one account. */
export type UserAnswer = { readonly ok: true; readonly user: User } | UserRefusal;

/** The answer to a reset: what the policy asks for and was skipped. */
export type ResetAnswer =
  | { readonly ok: true; readonly user: User; readonly skipped: readonly string[] }
  | UserRefusal;

/** A new account. Services have no password; people have one. */
export interface CreateUserInput {
  readonly kind?: 'user' | 'service';
  readonly username: string;
  readonly displayName?: string;
  readonly email?: string | null;
  readonly groups?: readonly string[];
  readonly tenant?: string;
  /** Services: names of the networks they may come from, at least one. People: none. */
  readonly networks?: readonly string[];
  readonly password: string | null;
}

/** Makes an account. Throws the problem `too-busy` when too many passwords wait to be hashed. */
export async function createUser(ctx: FlowContext, input: CreateUserInput): Promise<UserAnswer> {
  const kind = input.kind ?? 'user';
  const refusal = kindRefusal(kind, input.password);
  if (refusal !== null) return { ok: false, ...refusal };
  const settled = settledAccount(ctx, {
    kind,
    username: input.username,
    displayName: input.displayName ?? input.username,
    email: input.email ?? null,
    groups: input.groups ?? [],
    tenant: input.tenant ?? defaultTenant,
    networks: input.networks ?? [],
  });
  if (!settled.ok) return settled;
  const { account } = settled;
  if ((await ctx.stores.tenants.find(account.tenant)) === null) return noSuchTenant(account.tenant);
  const passwordRefusal =
    input.password === null ? null : checkPassword(ctx, account.username, input.password);
  if (passwordRefusal !== null) return { ok: false, ...passwordRefusal };

  const passwordHash = input.password === null ? null : await ctx.passwords.hash(input.password);
  const now = ctx.clock.now();
  try {
    const user = await ctx.stores.transaction((stores) =>
      addAccount(ctx, stores, 'cli', { ...account, passwordHash }, now),
    );
    return { ok: true, user };
  } catch (thrown) {
    if (!(thrown instanceof NameTaken)) throw thrown;
    const sentence = `There is an account named ${account.username} already.`;
    return { ok: false, reason: 'name-taken', sentence };
  }
}

/** Says why a new password is not taken, or null when it is. */
function checkPassword(
  ctx: Pick<FlowContext, 'config' | 'passwords'>,
  username: string,
  password: string,
): PasswordRefusal | null {
  const { local, portal } = ctx.config.current();
  return ctx.passwords.refusalOf(password, {
    username,
    issuer: portal.issuer,
    lengthMin: local.minPasswordLength,
  });
}

/** Gives somebody another password; ends all of their sessions and what browsers remember. */
export async function setPassword(
  ctx: FlowContext,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<UserAnswer> {
  const user = await ctx.stores.users.findByUsername(username);
  if (user === null) return noSuchUser(username);
  const refusal = kindRefusal(user.kind, password) ?? checkPassword(ctx, user.username, password);
  if (refusal !== null) return { ok: false, ...refusal };

  const hash = await ctx.passwords.hash(password);
  const now = ctx.clock.now();
  await ctx.stores.transaction(async (stores) => {
    await endAllSessions(stores, user.id, now);
    await stores.users.setPasswordHash(user.id, hash);
    await stores.devices.distrustAll(user.id);
    await append(stores, user, { at: now, type: 'user.password-changed', severity: 'notice' });
    await tell(ctx, stores, user, { kind: 'password-changed', at: now });
  });
  await forgetSessions(ctx, user.id);
  return { ok: true, user };
}

/** Puts somebody into exactly these groups. Their sessions live on, under the new groups. */
export async function setGroups(
  ctx: FlowContext,
  { username, groups }: { readonly username: string; readonly groups: readonly string[] },
): Promise<UserAnswer> {
  const refusal = groupsRefusal(groups);
  if (refusal !== null) return { ok: false, ...refusal };
  const found = await ctx.stores.users.findByUsername(username);
  if (found === null) return noSuchUser(username);

  const now = ctx.clock.now();
  const user = await ctx.stores.transaction(async (stores) => {
    const held = await stores.users.lock(found.id);
    return held === null ? null : putIntoGroups(stores, 'cli', held, groups, now);
  });
  return user === null ? noSuchUser(username) : { ok: true, user };
}

/** Disables an account and ends its sessions, or enables it again. */
export async function setDisabled(
  ctx: FlowContext,
  { username, isDisabled }: { readonly username: string; readonly isDisabled: boolean },
): Promise<UserAnswer> {
  const user = await ctx.stores.users.findByUsername(username);
  if (user === null) return noSuchUser(username);

  const now = ctx.clock.now();
  const changed = await ctx.stores.transaction((stores) =>
    setAccountDisabled(stores, 'cli', user, isDisabled, now),
  );
  await forgetSessions(ctx, user.id);
  return { ok: true, user: changed };
}

/** Lets somebody's codes be typed again; the guesses that paused them are forgotten. */
export async function unlockCodesOf(
  ctx: FlowContext,
  { username }: { readonly username: string },
): Promise<{ readonly ok: true; readonly user: User; readonly wasLocked: boolean } | UserRefusal> {
  const user = await ctx.stores.users.findByUsername(username);
  if (user === null) return noSuchUser(username);
  const now = ctx.clock.now();
  return ctx.stores.transaction(async (stores) => {
    await stores.users.lock(user.id);
    return { ok: true, user, wasLocked: await liftPause(ctx, stores, 'cli', user, now) };
  });
}

/**
 * Break-glass: resets somebody on the command line, as `eraseSecondFactors` does, and ends the
 * request of the web that was under way about them. What the policy obliges them to, they enroll at
 * their next sign-in, by their password alone: the guard of the web's resets is not set, and lifted
 * where it stood (decision 22).
 *
 * Approval and identity proofing are skipped, where the policy asks for them: this is for the day
 * on which nobody is left who could approve. The event says so.
 */
export async function resetMfa(
  ctx: FlowContext,
  {
    username,
    reason,
    ticket,
  }: { readonly username: string; readonly reason: string; readonly ticket: string },
): Promise<ResetAnswer> {
  const { mfa } = ctx.config.current().policy;
  if (!mfa.reset.isEnabled) {
    const sentence = 'The MFA policy switches resets off (reset_policy.enabled).';
    return { ok: false, reason: 'policy-forbids', sentence };
  }
  const words = { reason: reason.trim().slice(0, 500), ticket: ticket.trim().slice(0, 100) };
  if (words.reason === '' || words.ticket === '') {
    const sentence = 'A reset needs a reason and a ticket; both are kept in the audit log.';
    return { ok: false, reason: 'reason-missing', sentence };
  }
  const user = await ctx.stores.users.findByUsername(username);
  if (user === null) return noSuchUser(username);
  if (user.kind === 'service') {
    const sentence = 'A service account has no second factor that could be reset.';
    return { ok: false, reason: 'no-second-factor-for-services', sentence };
  }

  const now = ctx.clock.now();
  const skipped = [
    ...(mfa.reset.requiresApproval ? ['approval'] : []),
    ...(mfa.reset.requiresIdentityProofing ? ['identity-proofing'] : []),
  ];
  await ctx.stores.transaction(async (stores) => {
    const erased = await eraseSecondFactors(ctx, stores, user, now);
    // Nobody may be left who could be present or hand out a link.
    await stores.users.setEnrollGuard(user.id, null);
    await endOvertakenRequest(ctx, stores, user, now);
    await tell(ctx, stores, user, { kind: 'mfa-reset', at: now });
    if (!mfa.audit.logsReset) return;
    await append(stores, user, {
      at: now,
      type: 'reset.executed',
      severity: mfa.reset.severity,
      details: {
        ...words,
        breakGlass: true,
        skipped,
        ...erased,
      },
    });
  });
  await forgetSessions(ctx, user.id);
  return { ok: true, user, skipped };
}

function kindRefusal(
  kind: User['kind'],
  password: string | null,
): {
  readonly reason: 'password-missing' | 'no-password-for-services';
  readonly sentence: string;
} | null {
  if (kind === 'user' && password === null) {
    return { reason: 'password-missing', sentence: 'A person needs a password to sign in.' };
  }
  if (kind === 'service' && password !== null) {
    const sentence = 'A service account has no password and cannot sign in.';
    return { reason: 'no-password-for-services', sentence };
  }
  return null;
}

function noSuchUser(username: string): UserRefusal {
  const sentence = `There is no account named ${JSON.stringify(username)}.`;
  return { ok: false, reason: 'no-such-user', sentence };
}

async function append(
  stores: Stores,
  user: Pick<User, 'id' | 'tenant' | 'username'>,
  happening: Happening,
): Promise<void> {
  const details = { username: user.username, ...happening.details };
  await stores.audit.append(eventOnCommandLine(user, { ...happening, details }));
}
