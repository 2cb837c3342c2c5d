/**
 * Tokens for callers who are no browsers. A token is a session that its holder carries: it holds the
 * proofs with their dates, and is worth what they are worth when it is used.
 */

import { assuranceOf } from '../../core/assurance.ts';
import type { SessionFacts } from '../../core/facts.ts';
import type { SessionKey } from '../../core/ids.ts';
import { admissibleProofs } from '../../core/policy/decide.ts';
import { tierOf } from '../../core/policy/mfa-policy.ts';
import { Problem } from '../../core/problem.ts';
import { sessionFactsOf } from '../../core/session-facts.ts';
import type { EpochMs } from '../../core/time.ts';
import {
  enrollmentTokenSeconds,
  mfaTokenSeconds,
  tokenEndsAt,
  type TokenKind,
  type TokenScope,
} from '../../core/tokens.ts';
import type { Random } from '../../platform/random.ts';
import { tokenKeyOf } from '../../platform/session-key.ts';
import type { Signer } from '../../platform/signing.ts';
import type { PrincipalRecord } from '../../stores/types.ts';
import { eventInSession } from '../audit-events.ts';
import type { FlowContext, NewSession, Visit } from '../flow-context.ts';
import { nextPage } from '../next-page.ts';

/** What flows that hand out tokens work with. */
export type TokenContext = FlowContext & { readonly signer: Pick<Signer, 'signToken'> };

/** A token that was made. */
export interface IssuedToken {
  readonly kind: TokenKind;
  readonly token: string;
  readonly expiresAt: EpochMs;
  /** What it amounts to. */
  readonly session: SessionFacts;
}

/** The client of people who sign in by name and password (RFC 9068 §2.2). */
const ownClient = 'sallyport';

/** A new line of tokens: 256 random bits, as for a session. */
export function newLineage(random: Random): SessionKey {
  return random.bytes(32).toString('hex') as SessionKey;
}

/**
 * What a sign-in that a flow ended in amounts to, under a name that the token will bear. Throws the
 * problem `not-signed-in` when the account was changed meanwhile.
 */
export async function tokenSession(ctx: FlowContext, next: NewSession): Promise<TokenSession> {
  const lineage = next.lineage ?? newLineage(ctx.random);
  const record = await ctx.stores.users.findPrincipal(next.userId, lineage);
  const counts =
    record !== null &&
    !record.isSessionRevoked &&
    !record.user.isDisabled &&
    record.user.sessionEpoch === next.sessionEpoch;
  if (!counts) {
    throw new Problem('not-signed-in', { detail: 'The account was changed. Sign in again.' });
  }
  return tokenSessionOf(ctx, { ...next, lineage }, record);
}

/** A session to be, and the id of the token that will stand for it. */
export interface TokenSession {
  readonly id: string;
  readonly facts: SessionFacts;
}

/** The same from a record that is at hand. */
export function tokenSessionOf(
  ctx: FlowContext,
  next: NewSession & { readonly lineage: SessionKey },
  record: PrincipalRecord,
): TokenSession {
  const id = `tok_${ctx.random.bytes(16).toString('base64url')}`;
  const { lineage, sessionEpoch, proofs, createdAt } = next;
  const kept = {
    key: tokenKeyOf(id),
    lineage,
    sessionEpoch,
    proofs,
    createdAt,
    lastSeenAt: ctx.clock.now(),
  };
  const { absoluteSeconds } = ctx.config.current().sessions;
  const lifetimes = { absoluteSeconds, idleSeconds: absoluteSeconds };
  return { id, facts: sessionFactsOf(kept, record, lifetimes) };
}

/** Makes a token. Nothing is noted of it; access tokens are made by `issueAccessToken`. */
export async function makeToken(
  ctx: TokenContext,
  kind: TokenKind,
  { id, facts }: TokenSession,
  clientId = ownClient,
): Promise<IssuedToken> {
  const { portal, policy, sessions, tokens } = ctx.config.current();
  const { principal, proofs, lineage, sessionEpoch, createdAt } = facts;
  const now = ctx.clock.now();
  const assurance = assuranceOf(admissibleProofs(facts, policy), now);
  const lifetimeSeconds = {
    access: tokens.lifetimeSeconds,
    mfa: mfaTokenSeconds,
    enrollment: enrollmentTokenSeconds,
  }[kind];
  const signIn = { createdAt, absoluteSeconds: sessions.absoluteSeconds };
  const expiresAt = tokenEndsAt(now, lifetimeSeconds, signIn);
  const token = await ctx.signer.signToken(
    kind,
    {
      sub: principal.id,
      jti: id,
      client_id: clientId,
      scope: scopeOf(kind, principal.kind),
      tenant: principal.tenant,
      preferred_username: principal.username,
      name: principal.displayName,
      ...(principal.email !== null && { email: principal.email }),
      groups: groupsThatFit(principal.groups),
      tier: tierOf(principal, policy.tiers),
      acr: assurance.acr ?? 'aal1',
      amr: assurance.amr,
      auth_time: Math.floor((assurance.authenticatedAt ?? createdAt) / 1000),
      sallyport: { lineage, epoch: sessionEpoch, since: createdAt, proofs },
    },
    { portal, expiresAt },
  );
  return { kind, token, expiresAt, session: { ...facts, expiresAt, tokenEndsAt: expiresAt } };
}

/**
 * Makes an access token and writes it down. Security: the event comes first; a token that could not
 * be written down is not handed out (G12).
 */
export async function issueAccessToken(
  ctx: TokenContext,
  visit: Visit,
  session: TokenSession,
  client: { readonly id: string } = { id: ownClient },
): Promise<IssuedToken> {
  const issued = await makeToken(ctx, 'access', session, client.id);
  const { policy } = ctx.config.current();
  const now = ctx.clock.now();
  const { acr, amr } = assuranceOf(admissibleProofs(session.facts, policy), now);
  await ctx.stores.audit.append(
    eventInSession(visit, session.facts, {
      at: now,
      type: 'token.issued',
      severity: 'info',
      details: {
        token: session.id,
        client: client.id,
        acr: acr ?? 'none',
        amr,
        expiresAt: issued.expiresAt,
      },
    }),
  );
  return issued;
}

/**
 * The token of somebody who came with one and has proved or enrolled more since: for access once
 * nothing is due any more, else for what is still to enroll. Challenges that were open move along.
 */
export async function risenToken(
  ctx: TokenContext,
  visit: Visit,
  { old, next }: { readonly old: SessionFacts | null; readonly next: NewSession },
): Promise<IssuedToken> {
  const session = await tokenSession(ctx, next);
  const isDone = nextPage(ctx, session.facts) === 'done';
  const issued = isDone
    ? await issueAccessToken(ctx, visit, session)
    : await makeToken(ctx, 'enrollment', session);
  if (old !== null) await ctx.stores.challenges.rebind(old.key, session.facts.key);
  return issued;
}

/** Services administer nothing, so that their tokens open routes alone. */
function scopeOf(kind: TokenKind, of: 'user' | 'service'): string {
  if (kind !== 'access') return kind;
  const scopes: readonly TokenScope[] = of === 'service' ? ['routes'] : ['api', 'routes'];
  return scopes.join(' ');
}

/** So many bytes of groups are named; a token must fit into a header (ASVS 5.0 §4.2.5). */
const groupsBytesMax = 2048;

function groupsThatFit(groups: readonly string[]): readonly string[] {
  let bytes = 0;
  return groups.filter((group) => {
    bytes += Buffer.byteLength(group) + 3;
    return bytes <= groupsBytesMax;
  });
}
