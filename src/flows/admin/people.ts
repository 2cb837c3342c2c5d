/**
 * What administrators do to the people and service accounts of their tenant.
 *
 * Nobody changes themselves here, nor anybody above them; nobody chooses or sees another's password
 * (ASVS 5.0 §6.4.6): whoever is new, or has forgotten theirs, is given a one-time link.
 */

import type { Principal } from '../../core/facts.ts';
import { defaultTenant, type UserId } from '../../core/ids.ts';
import { isNeededToApprove, mayHandOut } from '../../core/policy/administration.ts';
import { type FieldFault, Problem } from '../../core/problem.ts';
import { NameTaken, type Stores, type User } from '../../stores/types.ts';
import type { FlowContext } from '../flow-context.ts';
import { forgetSessions } from '../sessions.ts';
import { tell } from '../tell.ts';
import {
  addAccount,
  bindToNetworks,
  eventOfChange,
  inOrder,
  liftPause,
  newsBy,
  putIntoGroups,
  setAccountDisabled,
  settledAccount,
} from './account-changes.ts';
import {
  type Administrator,
  assertSomebodyElse,
  type HeldAdministrator,
  holdAdministrator,
  holdBoth,
} from './administrator.ts';
import { createEnrollmentLink, type CreatedLink } from './enrollment-links.ts';
import { networksRefusal } from './network-rules.ts';
import { displayNameRefusal, emailRefusal, groupsRefusal } from './user-rules.ts';

/** Somebody new. */
export interface NewPerson {
  readonly kind: Principal['kind'];
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  /** Services: at least one. People: none. */
  readonly networks: readonly string[];
}

/** What became of it. The link is shown this once; null for services and where there are no passwords. */
export interface CreatedPerson {
  readonly user: User;
  readonly invitation: CreatedLink | null;
}

/**
 * Makes an account in the administrator's tenant. Throws as `holdAdministrator` does,
 * `validation-failed` with the faults of each field, and `not-permitted` for a group that the
 * administrator may not hand out.
 */
export async function createPerson(
  ctx: FlowContext,
  admin: Administrator,
  input: NewPerson,
): Promise<CreatedPerson> {
  const { tenant } = admin.session.principal;
  const settled = settledAccount(ctx, { ...input, tenant });
  if (!settled.ok) throw invalid([{ pointer: pointers[settled.reason], detail: settled.sentence }]);
  const { account } = settled;
  if (tenant !== defaultTenant && isNamedInRules(ctx, account.username)) {
    throw invalid([nameInRules]);
  }
  try {
    return await ctx.stores.transaction(async (stores) => {
      const actor = await holdAdministrator(ctx, stores, admin, 'manage');
      assertMayHandOut(ctx, actor, account.groups);
      const made = { ...account, tenant: actor.session.principal.tenant, passwordHash: null };
      const user = await addAccount(ctx, stores, actor, made, actor.now);
      const isInvited = user.kind === 'user' && ctx.config.current().local.isEnabled;
      const invitation = isInvited
        ? await createEnrollmentLink(ctx, stores, actor, user, 'invitation', actor.now)
        : null;
      return { user, invitation };
    });
  } catch (thrown) {
    if (!(thrown instanceof NameTaken)) throw thrown;
    const detail = 'There is an account of this name already.';
    throw invalid([{ pointer: '/username', detail }]);
  }
}

const nameInRules: FieldFault = {
  pointer: '/username',
  detail: 'This name is kept for somebody else. Take another.',
};

/**
 * Says whether a rule names somebody of this name, in any letter case.
 *
 * Security: names are the installation's, and rules mean those of the tenant `default`. Whoever took
 * one in another tenant that a rule names and nobody has yet would be admitted in their place.
 */
function isNamedInRules(ctx: Pick<FlowContext, 'config'>, username: string): boolean {
  const rules = ctx.config.current().routes.flatMap((route) => route.rules);
  const named = rules.flatMap(({ audience }) =>
    audience === null ? [] : [...audience.users, ...audience.services],
  );
  return named.some((name) => name.toLowerCase() === username.toLowerCase());
}

/** What is to be changed; what is left out stays. */
export interface PersonChange {
  readonly userId: UserId;
  readonly displayName?: string;
  readonly email?: string | null;
  readonly groups?: readonly string[];
  /** Services only. */
  readonly networks?: readonly string[];
  readonly isDisabled?: boolean;
}

/**
 * Changes an account. Throws as `holdBoth` does, `conflict` for oneself, `validation-failed` with
 * the faults of each field, and `not-permitted` for a group that the administrator may not hand
 * out. All of it happens or nothing.
 */
export async function changePerson(
  ctx: FlowContext,
  admin: Administrator,
  change: PersonChange,
): Promise<User> {
  const { user, hasEnded } = await ctx.stores.transaction(async (stores) => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'manage', change.userId);
    assertSomebodyElse(actor, target);
    assertValidChange(ctx, target, change);
    const renamed = await changeProfile(ctx, stores, actor, target, change);
    const regrouped = await changeGroups(ctx, stores, actor, renamed, change);
    const bound = await changeNetworks(stores, actor, regrouped, change);
    const { isDisabled = bound.isDisabled } = change;
    if (isDisabled === bound.isDisabled) return { user: bound, hasEnded: false };
    const put = await setAccountDisabled(stores, actor, bound, isDisabled, actor.now);
    if (isDisabled) await tell(ctx, stores, put, newsBy(actor, 'account-disabled'));
    return { user: put, hasEnded: true };
  });
  if (hasEnded) await forgetSessions(ctx, user.id);
  return user;
}

/**
 * Gives somebody a link to choose a password by: another invitation, or a way back for whoever has
 * forgotten theirs. The password that they have stays until they choose another. Throws as
 * `holdBoth` does, and `conflict` for oneself, a service account, a disabled account, somebody whose
 * approval resets may need, and where passwords are not kept here.
 *
 * Security: the link is shown to whoever makes it. By the account of an approver who has enrolled
 * nothing yet they could approve what they ask for themselves.
 */
export async function inviteAgain(
  ctx: FlowContext,
  admin: Administrator,
  userId: UserId,
): Promise<CreatedLink> {
  return ctx.stores.transaction(async (stores) => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'manage', userId);
    assertSomebodyElse(actor, target);
    if (target.kind === 'service') {
      throw new Problem('conflict', { detail: 'A service account has no password.' });
    }
    if (target.isDisabled) {
      throw new Problem('conflict', { detail: 'This account is disabled. Enable it first.' });
    }
    const { local, policy } = ctx.config.current();
    if (!local.isEnabled) {
      throw new Problem('conflict', { detail: 'Passwords are not kept here.' });
    }
    if (isNeededToApprove(target, policy)) {
      throw new Problem('conflict', {
        detail: 'This person approves resets: their password is set on the command line.',
      });
    }
    return createEnrollmentLink(ctx, stores, actor, target, 'invitation', actor.now);
  });
}

/**
 * Lifts the pause of somebody's codes and forgets their wrong ones. Says whether codes were paused.
 * Throws as `holdBoth` does, and `conflict` for oneself: a pause must not end for whoever guesses.
 */
export async function unlockCodes(
  ctx: FlowContext,
  admin: Administrator,
  userId: UserId,
): Promise<{ readonly wasLocked: boolean }> {
  return ctx.stores.transaction(async (stores) => {
    const { actor, target } = await holdBoth(ctx, stores, admin, 'manage', userId);
    assertSomebodyElse(actor, target);
    return { wasLocked: await liftPause(ctx, stores, actor, target, actor.now) };
  });
}

async function changeProfile(
  ctx: FlowContext,
  stores: Stores,
  actor: HeldAdministrator,
  before: User,
  change: PersonChange,
): Promise<User> {
  const displayName = (change.displayName ?? before.displayName).normalize('NFC');
  const { email = before.email } = change;
  const names = displayName === before.displayName ? [] : ['displayName'];
  const changed = email === before.email ? names : [...names, 'email'];
  if (changed.length === 0) return before;
  const after = { ...before, displayName, email };
  await stores.users.setProfile(before.id, { displayName, email });
  await stores.accessChanges.note(before.id, actor.now);
  const details = { changed, ...(email !== before.email && { emailBefore: before.email ?? '' }) };
  const happening = { at: actor.now, type: 'user.changed', severity: 'notice', details } as const;
  await stores.audit.append(eventOfChange(actor, after, happening));
  if (email !== before.email) {
    // Security: links were mailed to the old address, and whoever reads it must learn of the new.
    await stores.enrollmentLinks.removeOfUser(before.id);
    for (const address of [before.email, email]) {
      await tell(ctx, stores, { ...after, email: address }, newsBy(actor, 'email-changed'));
    }
  }
  return after;
}

async function changeGroups(
  ctx: FlowContext,
  stores: Stores,
  actor: HeldAdministrator,
  before: User,
  { groups }: PersonChange,
): Promise<User> {
  if (groups === undefined || inOrder(groups).join() === inOrder(before.groups).join()) {
    return before;
  }
  const added = groups.filter((group) => !before.groups.includes(group));
  assertMayHandOut(ctx, actor, added);
  // Nor is anybody made to be no approver for a while, to be invited anew as somebody else.
  const { policy } = ctx.config.current();
  const removed = before.groups.filter((group) => !groups.includes(group));
  assertMayHandOut(
    ctx,
    actor,
    removed.filter((group) => isNeededToApprove({ groups: [group] }, policy)),
  );
  return putIntoGroups(stores, actor, before, groups, actor.now);
}

async function changeNetworks(
  stores: Stores,
  actor: HeldAdministrator,
  before: User,
  { networks }: PersonChange,
): Promise<User> {
  if (networks === undefined || inOrder(networks).join() === inOrder(before.networks).join()) {
    return before;
  }
  return bindToNetworks(stores, actor, before, networks, actor.now);
}

function assertMayHandOut(
  ctx: Pick<FlowContext, 'config'>,
  { session }: Administrator,
  groups: readonly string[],
): void {
  const { policy } = ctx.config.current();
  const tooHigh = groups.find((group) => !mayHandOut(group, session.principal, policy));
  if (tooHigh === undefined) return;
  throw new Problem('not-permitted', {
    detail: isNeededToApprove({ groups: [tooHigh] }, policy)
      ? `Members of ${tooHigh} approve resets: that group is handed out on the command line.`
      : `You cannot put anybody into the group ${tooHigh}: it is above you.`,
  });
}

function assertValidChange(
  ctx: Pick<FlowContext, 'config'>,
  { kind }: User,
  { displayName, email, groups, networks }: PersonChange,
): void {
  const refusals = [
    displayName === undefined ? null : displayNameRefusal(displayName.normalize('NFC')),
    email === undefined ? null : emailRefusal(email),
    groups === undefined ? null : groupsRefusal(groups),
    networks === undefined ? null : networksRefusal(ctx, kind, inOrder(networks)),
  ].filter((refusal) => refusal !== null);
  if (refusals.length === 0) return;
  throw invalid(
    refusals.map(({ reason, sentence }) => ({ pointer: pointers[reason], detail: sentence })),
  );
}

/** Which value of a request a refusal is about. */
const pointers = {
  'invalid-username': '/username',
  'invalid-group': '/groups',
  'invalid-display-name': '/display_name',
  'invalid-email': '/email',
  'invalid-tenant': '',
  'networks-missing': '/networks',
  'unknown-network': '/networks',
  'no-networks-for-people': '/networks',
} as const;

function invalid(errors: readonly FieldFault[]): Problem {
  return new Problem('validation-failed', {
    detail: errors[0]?.detail ?? '',
    members: { errors },
  });
}
