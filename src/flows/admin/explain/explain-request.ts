/**
 * What would happen to a request that somebody describes, why, and what would let it pass: asked
 * by the command line, the administration pages and the API alike.
 *
 * The decision is the gateway's own (core/policy/decide.ts). Nothing is ever changed.
 */

import type { Config } from '../../../config/config.ts';
import type { RequestFacts } from '../../../core/facts.ts';
import { isPortalRequest } from '../../../core/locations.ts';
import { type Explanation, explain } from '../../../core/policy/explain.ts';
import type { Proof } from '../../../core/proofs.ts';
import type { Route } from '../../../core/route.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { PrincipalRecord, Session } from '../../../stores/types.ts';
import { parseProofs, type WrittenProofs } from './parse-proofs.ts';
import {
  type DescribedRequest,
  type RefusedRequest,
  type RequestFault,
  settleRequest,
  supposedAddress,
} from './settle-request.ts';
import {
  type Assumption,
  knownVisitor,
  supposedVisitor,
  type Visitor,
  visitorInSession,
  type VisitorContext,
} from './visitor.ts';

/** A request as it was described, and who makes it. */
export interface DescribedAccess extends DescribedRequest {
  /** A person who is kept; null: nobody in particular. */
  readonly username: string | null;
  /** Somebody in these groups instead of a person; null: nobody is supposed. */
  readonly groups: readonly string[] | null;
  /** `password,totp@5m`; null: it was not said. */
  readonly proofs: string | null;
}

/** One thing about a description that cannot be read, or fits nothing. */
export type AccessFault =
  | RequestFault
  | (Extract<WrittenProofs, { ok: false }> & { readonly field: 'proofs' })
  | { readonly field: 'username'; readonly written: string }
  | { readonly field: 'session'; readonly written: string }
  /** A person and groups are two ways to say who asks. */
  | { readonly field: 'groups'; readonly written: string };

/** An explanation and what it was asked for. */
export interface ExplainedAccess {
  readonly explanation: Explanation;
  /** The whole address, as the gateway settled it. */
  readonly url: string;
  /** Null: nobody is signed in. */
  readonly visitor: Visitor | null;
  readonly assumptions: readonly Assumption[];
}

/** What a description led to. */
export type AccessAnswer =
  | ({ readonly outcome: 'explained' } & ExplainedAccess)
  /** Our own pages answer by themselves. */
  | { readonly outcome: 'portal' }
  | RefusedRequest
  | { readonly outcome: 'unreadable'; readonly faults: readonly AccessFault[] };

/** What explaining needs. */
export interface ExplainContext extends VisitorContext {
  readonly config: Pick<Config, 'policy' | 'portal' | 'routes' | 'server' | 'sessions'>;
  /** Whoever has this name and may be asked about; read only where a name was given. */
  readonly findPerson: (username: string) => Promise<PrincipalRecord | null>;
  /** Their live session that is meant; null: none is. */
  readonly findSession: (person: PrincipalRecord) => Promise<Session | null | 'gone'>;
  /** The routes as whoever asks may see them; their decisions are those of the configured ones. */
  readonly routes: readonly Route[];
  /** The way to the pages of the administration; null: of our own pages none is explained. */
  readonly administration: Route | null;
}

/** Explains a request that was described. */
export async function explainRequest(
  ctx: ExplainContext,
  described: DescribedAccess,
): Promise<AccessAnswer> {
  const { config, now } = ctx;
  const settled = settleRequest(config, described);
  const proofs = proofsOf(described, now);
  const faults: AccessFault[] = [
    ...(settled.outcome === 'unreadable' ? settled.faults : []),
    ...(proofs.ok ? [] : [{ field: 'proofs', ...proofs } as const]),
    ...(described.username !== null && described.groups !== null
      ? [{ field: 'groups', written: described.groups.join(',') } as const]
      : []),
  ];
  if (faults.length > 0 || settled.outcome === 'unreadable' || !proofs.ok) {
    return { outcome: 'unreadable', faults };
  }

  const found = await visitorOf(ctx, described, proofs.proofs);
  if ('field' in found) return { outcome: 'unreadable', faults: [found] };
  if (settled.outcome === 'refused') return settled;
  const { request } = settled;
  const isOwn = isPortalRequest(config.portal, request);
  const administration = isOwn ? administrationAt(ctx, request) : null;
  if (isOwn && administration === null) return { outcome: 'portal' };

  const { visitor } = found;
  const facts = { request, session: visitor?.session ?? null, now };
  const routes = administration === null ? ctx.routes : [administration];
  return {
    outcome: 'explained',
    explanation: explain(routes, facts, config.policy),
    url: `${request.scheme}://${request.authority}${request.path}${request.query}`,
    visitor,
    assumptions: [
      ...addressAssumed(described),
      ...(visitor?.assumptions ?? []),
      ...(administration === null ? [] : [roleAssumed]),
    ],
  };
}

function administrationAt(
  { config, administration }: ExplainContext,
  { path }: RequestFacts,
): Route | null {
  const below = path.slice(config.portal.basePath.length);
  return below === '/admin' || below.startsWith('/admin/') ? administration : null;
}

// Which role a page wants is the page's to know; the route lets everybody pass who has any.
const roleAssumed: Assumption = {
  about: 'role',
  sentence: 'a role of theirs allows what is done on this page',
};

function proofsOf(
  { proofs }: DescribedAccess,
  now: EpochMs,
): Exclude<WrittenProofs, { ok: true }> | { readonly ok: true; readonly proofs: Proofs } {
  return proofs === null ? { ok: true, proofs: null } : parseProofs(proofs, now);
}

type Proofs = readonly Proof[] | null;

async function visitorOf(
  ctx: ExplainContext,
  { username, groups }: DescribedAccess,
  proofs: Proofs,
): Promise<{ readonly visitor: Visitor | null } | AccessFault> {
  if (username === null) {
    const isSupposed = proofs !== null || groups !== null;
    return { visitor: isSupposed ? supposedVisitor(ctx, groups ?? [], proofs) : null };
  }
  const person = await ctx.findPerson(username);
  if (person === null) return { field: 'username', written: username };
  const session = await ctx.findSession(person);
  if (session === 'gone') return { field: 'session', written: '' };
  return {
    visitor:
      session === null ? knownVisitor(ctx, person, proofs) : visitorInSession(ctx, person, session),
  };
}

function addressAssumed({ ip }: DescribedAccess): readonly Assumption[] {
  if (ip !== null) return [];
  return [{ about: 'address', sentence: `the request comes from ${supposedAddress}` }];
}
