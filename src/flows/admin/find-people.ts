/** Looking for people of the administrator's tenant, and at all that is known of one. */

import type { AuditEvent } from '../../core/audit-event.ts';
import type { UserId } from '../../core/ids.ts';
import { statusPolicyOf } from '../../core/policy/enrollment-status.ts';
import { Problem } from '../../core/problem.ts';
import type { Authenticator, Device, Session } from '../../stores/types.ts';
import type {
  ApiKey,
  EnrollmentLink,
  KeysetPage,
  ListedPerson,
  PeopleFilter,
  ResetRequest,
} from '../../stores/types/administration.ts';
import type { FlowContext } from '../flow-context.ts';
import { type Administrator, assertMayView } from './administrator.ts';

/** Which people, of the administrator's tenant; null: it does not matter. */
export type PeopleSearch = Omit<PeopleFilter, 'tenant'>;

/** Everybody. */
export const everybody: PeopleSearch = {
  text: null,
  tier: null,
  group: null,
  status: null,
  method: null,
  kind: null,
  isDisabled: null,
  isLocked: null,
};

/** People by username; `after` is the username that the page before ended with. */
export async function searchPeople(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  admin: Administrator,
  search: PeopleSearch,
  page: KeysetPage,
): Promise<readonly ListedPerson[]> {
  assertMayView(ctx, admin);
  const filter = { ...search, tenant: admin.session.principal.tenant };
  return ctx.stores.people.search(filter, page, peopleAt(ctx));
}

/** How many there are. */
export async function countPeople(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores'>,
  admin: Administrator,
  search: PeopleSearch,
): Promise<number> {
  assertMayView(ctx, admin);
  const filter = { ...search, tenant: admin.session.principal.tenant };
  return ctx.stores.people.count(filter, null, peopleAt(ctx));
}

/** What people's status depends on, now. */
export function peopleAt(ctx: Pick<FlowContext, 'config' | 'clock'>) {
  return { policy: statusPolicyOf(ctx.config.current().policy), now: ctx.clock.now() };
}

/** All that is known of somebody. No secrets: credentials and hashes are for nobody to look at. */
export interface PersonStory extends ListedPerson {
  readonly authenticators: readonly Omit<Authenticator, 'sealedCredential'>[];
  /** They were given a password, or chose one. */
  readonly hasPassword: boolean;
  readonly sessions: readonly Session[];
  readonly devices: readonly Omit<Device, 'key'>[];
  /** One-time links that are not used yet. */
  readonly links: readonly Omit<EnrollmentLink, 'hash'>[];
  readonly resets: readonly ResetRequest[];
  readonly apiKeys: readonly Omit<ApiKey, 'hash'>[];
  /** The latest, newest first. */
  readonly events: readonly AuditEvent[];
}

/** So much of each kind is told; all of it is a link away. */
const toldMax = 15;

/** The story of one person. Throws the problem `not-found` for anybody of another tenant. */
export async function findPerson(
  ctx: Pick<FlowContext, 'config' | 'clock' | 'stores' | 'sessions'>,
  admin: Administrator,
  id: UserId,
): Promise<PersonStory> {
  assertMayView(ctx, admin);
  const { stores, sessions } = ctx;
  const { tenant } = admin.session.principal;
  const at = peopleAt(ctx);
  const person = await stores.people.find(tenant, id, at);
  if (person === null) throw new Problem('not-found');
  const latest = { after: null, limit: toldMax };
  const [authenticators, passwordHash, live, devices, links, resets, apiKeys, events] =
    await Promise.all([
      stores.authenticators.listOfUser(id),
      stores.users.passwordHashOf(id),
      sessions.listOfUser(id, at.now),
      stores.devices.listOfUser(id),
      stores.enrollmentLinks.listOfUser(id, at.now),
      stores.resets.list({ tenant, states: null, user: id }, latest),
      stores.apiKeys.list({ tenant, user: id }, latest),
      stores.audit.listOfSubject(id, toldMax),
    ]);
  return {
    ...person,
    authenticators: authenticators.map(({ sealedCredential: _sealed, ...shown }) => shown),
    hasPassword: passwordHash !== null,
    sessions: live.filter(({ sessionEpoch }) => sessionEpoch === person.user.sessionEpoch),
    devices: devices.map(({ key: _key, ...shown }) => shown),
    links: links.map(({ hash: _hash, ...shown }) => shown),
    resets,
    apiKeys: apiKeys.map(({ hash: _hash, ...shown }) => shown),
    events,
  };
}
