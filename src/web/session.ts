/**
 * Gives a browser a new session: at sign-in and at every rise in assurance.
 *
 * What a session has proved never changes under one id (ASVS 5.0 §7.2.4). The old session is
 * removed first: when it was already gone, somebody ended it while this request was under way, and
 * nothing may come into being in its place.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import type { Config } from '../config/config.ts';
import type { SessionFacts } from '../core/facts.ts';
import type { SessionKey } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { sessionFactsOf } from '../core/session-facts.ts';
import type { EpochMs } from '../core/time.ts';
import { isStillTrusted } from '../flows/sign-in/devices.ts';
import type { NewSession, Visit } from '../flows/flow-context.ts';
import { signOut } from '../flows/sessions.ts';
import { sessionKeyOf } from '../platform/session-key.ts';
import type { PortalParts } from './exchange.ts';

/** The request that brings a new session about. */
export interface Rising {
  readonly parts: PortalParts;
  readonly config: Config;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly visit: Visit;
  readonly now: EpochMs;
  /** The session that the request came with. */
  readonly old: SessionFacts | null;
}

/**
 * Puts a new session in place of the old one, under a new id, and returns its facts. Challenges
 * that were open in the old session move along.
 *
 * Throws `not-signed-in` when the session, or the trust that it rests on, was ended meanwhile.
 */
export async function rotateSession(rising: Rising, next: NewSession): Promise<SessionFacts> {
  const { parts, old } = rising;
  await removeOld(rising, next);
  const key = await writeNew(rising, next);
  if (!(await isStillTrusted(parts.flows.stores, next, rising.now))) {
    await parts.flows.sessions.remove(key);
    throw new Problem('not-signed-in');
  }
  if (old !== null && next.lineage !== null) {
    await parts.flows.stores.challenges.rebind(old.key, key);
  }
  return factsOf(rising, next, key);
}

async function removeOld({ parts, visit, old }: Rising, next: NewSession): Promise<void> {
  if (old === null) return;
  if (next.lineage === null) {
    // A sign-in over a live session: whoever that was, their session ends here, so that nobody
    // works on in a session that somebody else planted (session fixation).
    await signOut(parts.flows, visit, old);
    return;
  }
  if (!(await parts.flows.sessions.remove(old.key))) throw new Problem('not-signed-in');
}

async function writeNew(rising: Rising, next: NewSession): Promise<SessionKey> {
  const { visit, now } = rising;
  const req = await withExpressSession(rising);
  // Left over from a session that `recall` did not honour; its id must not be used again.
  if (req.session.record !== undefined) {
    await called((done) => req.session.regenerate(done));
  }
  const key = sessionKeyOf(req.sessionID);
  req.session.record = {
    // Null at a sign-in: this session is then the first of its line.
    lineage: next.lineage,
    userId: next.userId,
    sessionEpoch: next.sessionEpoch,
    proofs: next.proofs,
    createdAt: next.createdAt,
    lastSeenAt: now,
    ip: visit.ip,
    userAgent: visit.userAgent,
  };
  await called((done) => req.session.save(done));
  return key;
}

/**
 * Runs express-session on this request alone. Pages that only read a session never load it that
 * way: what was not loaded cannot be saved again at the end of the response, which is how sessions
 * come back from the dead.
 */
async function withExpressSession({ parts, req, res }: Rising): Promise<Request> {
  const expressRequest = req as Request;
  await called((done) => {
    parts.session(expressRequest, res as Response, done);
  });
  if ((expressRequest.session as unknown) === undefined) {
    // It says so by doing nothing when its store is not connected.
    throw new Problem('store-unavailable', { retryAfterSeconds: 5 });
  }
  return expressRequest;
}

async function factsOf(
  { parts, config, now }: Rising,
  next: NewSession,
  key: SessionKey,
): Promise<SessionFacts> {
  const lineage = next.lineage ?? key;
  const record = await parts.flows.stores.users.findPrincipal(next.userId, lineage);
  if (record === null || record.isSessionRevoked) throw new Problem('not-signed-in');
  return sessionFactsOf({ ...next, key, lineage, lastSeenAt: now }, record, config.sessions);
}

/** Waits for a function that reports by a callback. */
async function called(start: (done: (error?: unknown) => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    start((error) => {
      if (error === undefined || error === null) resolve();
      else
        reject(
          error instanceof Error ? error : new Error('express-session failed', { cause: error }),
        );
    });
  });
}
