/**
 * Turns a token into facts: who asks, and what they had proved when they got it.
 *
 * The bytes say when proofs were given; everything else is looked up anew, as for a session: the
 * person, their groups, whether they still count. A token dies with the epoch of its person, with
 * its lineage and at its end, whichever comes first. One look-up; a store that does not answer
 * throws `StoreUnavailable`, which becomes 503.
 */

import { isFromTheFuture } from '../core/assurance.ts';
import type { SessionFacts } from '../core/facts.ts';
import { sessionFactsOf } from '../core/session-facts.ts';
import type { TokenKind, TokenScope } from '../core/tokens.ts';
import type { EpochMs } from '../core/time.ts';
import type { Clock } from '../platform/clock.ts';
import { tokenKeyOf } from '../platform/session-key.ts';
import type { Signer } from '../platform/signing.ts';
import type { SessionLifetimes, UserStore } from '../stores/types.ts';

/** Somebody who came with a token. */
export interface TokenBearer {
  readonly kind: TokenKind;
  /** `jti`: by which a token that works once is used up. */
  readonly id: string;
  readonly expiresAt: EpochMs;
  readonly session: SessionFacts;
}

/** Looks up whose a token is; null: it does not count, for whatever reason. */
export type RecallToken = (
  token: string,
  asked: { readonly kinds: readonly TokenKind[]; readonly scope: TokenScope },
) => Promise<TokenBearer | null>;

/** What recalling needs. */
export interface RecallTokenDeps {
  readonly clock: Clock;
  readonly signer: Pick<Signer, 'verifyToken'>;
  readonly users: Pick<UserStore, 'findPrincipal'>;
  readonly portal: () => { readonly url: string };
  readonly lifetimes: () => SessionLifetimes;
}

/** Makes `recallToken`. */
export function createRecallToken(deps: RecallTokenDeps): RecallToken {
  return async function recallToken(token, { kinds, scope }) {
    const verified = await deps.signer.verifyToken(token, { portal: deps.portal(), kinds });
    if (verified === null) return null;
    const { kind, claims } = verified;
    if (kind === 'access' && !claims.scope.split(' ').includes(scope)) return null;

    const now = deps.clock.now();
    const { lineage, epoch, since, proofs } = claims.sallyport;
    // Dated ahead: it was made before the clock went back (as for sessions, see recall.ts).
    if (isFromTheFuture(since, now)) return null;
    const record = await deps.users.findPrincipal(claims.sub, lineage);
    if (record === null || record.isSessionRevoked || record.user.sessionEpoch !== epoch) {
      return null;
    }
    const kept = {
      key: tokenKeyOf(claims.jti),
      lineage,
      sessionEpoch: epoch,
      proofs,
      createdAt: since,
      lastSeenAt: now,
    };
    // Use does not keep a token alive, and disuse does not end it.
    const { absoluteSeconds } = deps.lifetimes();
    const lifetimes = { absoluteSeconds, idleSeconds: absoluteSeconds };
    const facts = sessionFactsOf(kept, record, lifetimes);
    const expiresAt = Math.min(verified.expiresAt, facts.expiresAt);
    if (expiresAt <= now) return null;
    return {
      kind,
      id: claims.jti,
      expiresAt,
      session: { ...facts, expiresAt, tokenEndsAt: expiresAt },
    };
  };
}
