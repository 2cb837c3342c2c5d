/**
 * What would happen to a request, for administrators: about their own people, with the facts of
 * now. A person of another tenant is nobody here.
 */

import type { AuditEvent } from '../../core/audit-event.ts';
import type { AuditEventId, SessionKey, TenantId } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';
import type { PrincipalRecord, Session, Stores } from '../../stores/types.ts';
import type { FlowContext } from '../flow-context.ts';
import { type Administrator, assertMayView } from './administrator.ts';
import {
  type AccessAnswer,
  type DescribedAccess,
  explainRequest,
} from './explain/explain-request.ts';
import { visibleRoutes } from './explain/visible-routes.ts';
import { noSession } from './explain/visitor.ts';

/** What an administrator asks. */
export interface AskedAccess extends Omit<DescribedAccess, 'groups'> {
  /** Somebody in these groups instead of a person; null: nobody is supposed. */
  readonly groups?: readonly string[] | null;
  /** A live session of the person, in place of proofs. */
  readonly session?: SessionKey | null;
}

/** Explains a request. Throws the problem `not-permitted` without a role that lets one look. */
export async function explainAccess(
  ctx: FlowContext,
  admin: Administrator,
  asked: AskedAccess,
): Promise<AccessAnswer> {
  assertMayView(ctx, admin);
  const config = ctx.config.current();
  const now = ctx.clock.now();
  const { tenant } = admin.session.principal;
  const { session = null, groups = null } = asked;
  return explainRequest(
    {
      config,
      now,
      findPerson: async (username) => personNamed(ctx.stores, tenant, username),
      findSession: async (person) =>
        session === null ? null : ((await liveSession(ctx, person, session, now)) ?? 'gone'),
      routes: await visibleRoutes(ctx.stores, tenant, config.routes),
      administration: config.administration,
    },
    { ...asked, groups },
  );
}

/** The live sessions of a person of the administrator's tenant, seen last first; else none. */
export async function sessionsToExplain(
  ctx: FlowContext,
  admin: Administrator,
  username: string,
): Promise<readonly Session[]> {
  assertMayView(ctx, admin);
  const person = await personNamed(ctx.stores, admin.session.principal.tenant, username);
  if (person === null) return [];
  const sessions = await ctx.sessions.listOfUser(person.user.id, ctx.clock.now());
  return sessions
    .filter(({ sessionEpoch }) => sessionEpoch === person.user.sessionEpoch)
    .toSorted((one, other) => other.lastSeenAt - one.lastSeenAt);
}

/** An audit event as a question, or why it is none. */
export type EventAsQuestion =
  | { readonly ok: true; readonly event: AuditEvent; readonly asked: AskedAccess }
  | { readonly ok: false; readonly reason: 'no-such-event' | 'no-request' };

/**
 * The question that an audit event about a request answers: what would happen to the same request
 * now, by the same person as they are now? The person is nobody where they are gone.
 */
export async function questionOfEvent(
  ctx: FlowContext,
  admin: Administrator,
  id: string,
): Promise<EventAsQuestion> {
  assertMayView(ctx, admin);
  const { tenant } = admin.session.principal;
  const event = await ctx.stores.auditBrowser.find(tenant, id as AuditEventId);
  if (event === null) return { ok: false, reason: 'no-such-event' };
  const request = requestIn(event);
  if (request === null) return { ok: false, reason: 'no-request' };

  const user = event.subject === null ? null : await ctx.stores.users.findById(event.subject);
  const { portal, server } = ctx.config.current();
  // Events keep the host without scheme and port, which decide nothing: those of our own address.
  const { protocol, port } = new URL(request.host === portal.host ? portal.url : server.publicUrl);
  const host = request.host.includes(':') ? `[${request.host}]` : request.host;
  const authority = port === '' ? host : `${host}:${port}`;
  return {
    ok: true,
    event,
    asked: {
      method: request.method,
      url: `${protocol}//${authority}${request.path}`,
      ip: event.ip,
      username: user?.tenant === tenant ? user.username : null,
      proofs: null,
    },
  };
}

/** Says whether an event is about a request that can be explained. */
export function isExplicable(event: AuditEvent): boolean {
  return requestIn(event) !== null;
}

function requestIn({
  type,
  details,
}: AuditEvent): { readonly method: string; readonly host: string; readonly path: string } | null {
  if (type !== 'request.denied' && type !== 'request.allowed') return null;
  const { method, host, path } = details;
  const isWhole =
    typeof method === 'string' && typeof host === 'string' && typeof path === 'string';
  return isWhole ? { method, host, path } : null;
}

async function personNamed(
  stores: Stores,
  tenant: TenantId,
  username: string,
): Promise<PrincipalRecord | null> {
  const user = await stores.users.findByUsername(username);
  if (user === null || user.tenant !== tenant) return null;
  return stores.users.findPrincipal(user.id, noSession);
}

/** Null: it has ended, or was never theirs. */
async function liveSession(
  ctx: FlowContext,
  { user }: PrincipalRecord,
  key: SessionKey,
  now: EpochMs,
): Promise<Session | null> {
  const sessions = await ctx.sessions.listOfUser(user.id, now);
  const session = sessions.find((candidate) => candidate.key === key);
  if (session === undefined || session.sessionEpoch !== user.sessionEpoch) return null;
  const record = await ctx.stores.users.findPrincipal(user.id, session.lineage);
  return record === null || record.isSessionRevoked ? null : session;
}
