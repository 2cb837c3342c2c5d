/**
 * What it means to change an account, whoever does it: an operator on the command line, or an
 * administrator. All of it happens inside a transaction of the caller's, who has settled that the
 * change may be made and holds the record, and stands there with its audit event.
 */

import type { Principal } from '../../core/facts.ts';
import { idBytes, idFrom, type TenantId } from '../../core/ids.ts';
import type { MailKind } from '../../core/mail-kinds.ts';
import type { NewAuditEvent } from '../../core/audit-event.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores, User } from '../../stores/types.ts';
import { eventOnCommandLine, type Happening } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import { endAllSessions } from '../sessions.ts';
import { type News, tell } from '../tell.ts';
import {
  type Administrator,
  eventByAdministrator,
  type HeldAdministrator,
} from './administrator.ts';
import { networksRefusal, type NetworksRefusal } from './network-rules.ts';
import { recordRefusal, type RecordRefusal } from './user-rules.ts';

/** Who makes a change. */
export type ChangedBy = Administrator | 'cli';

/** The event of a change. */
export function eventOfChange(
  by: ChangedBy,
  user: Pick<User, 'id' | 'tenant' | 'username'>,
  happening: Happening,
): NewAuditEvent {
  if (by !== 'cli') return eventByAdministrator(by, user, happening);
  const details = { username: user.username, ...happening.details };
  return eventOnCommandLine(user, { ...happening, details });
}

/** What somebody is told that an administrator did to their account. */
export function newsBy({ session, now }: HeldAdministrator, kind: MailKind): News {
  return { kind, at: now, details: { by: session.principal.username } };
}

/** What an account is to be made of. */
export interface AccountInput {
  readonly kind: Principal['kind'];
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  readonly tenant: string;
  /** Services: names of the networks they may come from, at least one. People: none. */
  readonly networks: readonly string[];
}

/** An account that may be made as far as its own record goes. */
export interface SettledAccount extends AccountInput {
  readonly tenant: TenantId;
}

/** The record in order, or why it is not taken. */
export function settledAccount(
  ctx: Pick<FlowContext, 'config'>,
  input: AccountInput,
):
  | { readonly ok: true; readonly account: SettledAccount }
  | ({ readonly ok: false } & (RecordRefusal | NetworksRefusal)) {
  const account = {
    ...input,
    displayName: input.displayName.normalize('NFC'),
    groups: inOrder(input.groups),
    networks: inOrder(input.networks),
    tenant: input.tenant as TenantId,
  };
  const refusal = recordRefusal(account) ?? networksRefusal(ctx, account.kind, account.networks);
  return refusal === null ? { ok: true, account } : { ok: false, ...refusal };
}

/** Each once, sorted. */
export function inOrder(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

/** Makes the account. Throws `NameTaken` when there is one of the name. */
export async function addAccount(
  ctx: Pick<FlowContext, 'random'>,
  stores: Stores,
  by: ChangedBy,
  account: SettledAccount & { readonly passwordHash: string | null },
  now: EpochMs,
): Promise<User> {
  const id = idFrom('user', ctx.random.bytes(idBytes));
  const created = await stores.users.create({ ...account, id, createdAt: now });
  const { kind, groups, networks } = created;
  const details = { kind, groups, ...(kind === 'service' && { networks }) };
  const happening = { at: now, type: 'user.created', severity: 'notice', details } as const;
  await stores.audit.append(eventOfChange(by, created, happening));
  return created;
}

/**
 * Puts the account into exactly these groups. Its sessions live on, under the new groups; its
 * one-time links do not where it gains any.
 *
 * Security: whoever made a link knows it. What it was good for may not be what it would open now.
 */
export async function putIntoGroups(
  stores: Stores,
  by: ChangedBy,
  user: User,
  wanted: readonly string[],
  now: EpochMs,
): Promise<User> {
  const groups = inOrder(wanted);
  await stores.users.setGroups(user.id, groups);
  const gainsAny = groups.some((group) => !user.groups.includes(group));
  if (gainsAny) await stores.enrollmentLinks.removeOfUser(user.id);
  await stores.accessChanges.note(user.id, now);
  const details = { before: user.groups, after: groups };
  const happening = { at: now, type: 'user.groups-changed', severity: 'notice', details } as const;
  await stores.audit.append(eventOfChange(by, user, happening));
  return { ...user, groups };
}

/**
 * Disables the account, or enables it again. Either ends its sessions and one-time links: whatever
 * was signed in before must sign in again. The caller has the sessions forgotten afterwards.
 */
export async function setAccountDisabled(
  stores: Stores,
  by: ChangedBy,
  user: User,
  isDisabled: boolean,
  now: EpochMs,
): Promise<User> {
  await endAllSessions(stores, user.id, now);
  await stores.enrollmentLinks.removeOfUser(user.id);
  await stores.users.setDisabled(user.id, isDisabled);
  await stores.devices.distrustAll(user.id);
  const type = isDisabled ? 'user.disabled' : 'user.enabled';
  await stores.audit.append(eventOfChange(by, user, { at: now, type, severity: 'notice' }));
  return { ...user, isDisabled };
}

/** Binds a service account to exactly these networks. It takes effect on its next request. */
export async function bindToNetworks(
  stores: Stores,
  by: ChangedBy,
  service: User,
  wanted: readonly string[],
  now: EpochMs,
): Promise<User> {
  const networks = inOrder(wanted);
  await stores.users.setNetworks(service.id, networks);
  await stores.accessChanges.note(service.id, now);
  const details = { before: service.networks, after: networks };
  const type = 'user.networks-changed';
  await stores.audit.append(
    eventOfChange(by, service, { at: now, type, severity: 'notice', details }),
  );
  return { ...service, networks };
}

/**
 * Lifts the pause of somebody's codes and forgets the wrong ones that led to it. Says whether codes
 * were paused; where they were not, nothing happens.
 */
export async function liftPause(
  ctx: Pick<FlowContext, 'config' | 'mailWritten'>,
  stores: Stores,
  by: ChangedBy,
  user: User,
  now: EpochMs,
): Promise<boolean> {
  const until = await stores.attempts.lockedUntil(user.id, now);
  if (until === null) return false;
  await stores.attempts.reset(user.id);
  const happening = { at: now, type: 'second-factor.unlocked', severity: 'notice' } as const;
  await stores.audit.append(eventOfChange(by, user, happening));
  const news =
    by === 'cli'
      ? ({ kind: 'codes-unlocked', at: now } as const)
      : newsBy({ ...by, now }, 'codes-unlocked');
  await tell(ctx, stores, user, news);
  return true;
}
