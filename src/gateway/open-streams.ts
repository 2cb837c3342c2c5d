/**
 * Everything that is open: WebSockets, and answers that are still being passed on.
 *
 * A decision is made once, at the start; what it let open can outlive the reason for it. So whoever
 * loses access loses what they have open within a second (guarantee G10), on every instance: the
 * database notes who changed, and this asks it twice a second while anything is open.
 */

import type { Config } from '../config/config.ts';
import type { SessionFacts } from '../core/facts.ts';
import type { TenantId, UserId } from '../core/ids.ts';
import { decide } from '../core/policy/decide.ts';
import { matchRoute } from '../core/route.ts';
import { sessionFactsOf } from '../core/session-facts.ts';
import { addSeconds, type EpochMs } from '../core/time.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { AccessChange, AccessChangeStore, UserStore } from '../stores/types.ts';
import type { Judgement } from './pipeline.ts';
import { type Member, Roster } from './roster.ts';

/** Why something open is closed. */
export type CloseReason = 'access-ended' | 'shutdown';

/** Something that is open. */
export interface OpenStream {
  readonly kind: 'upgraded' | 'response';
  readonly judgement: Judgement;
  readonly openedAt: EpochMs;
  close(reason: CloseReason): void;
}

/** What watching needs. */
export interface OpenStreamsDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: () => Pick<Config, 'routes' | 'policy' | 'sessions'>;
  readonly users: Pick<UserStore, 'findPrincipal'>;
  readonly accessChanges: Pick<AccessChangeStore, 'since'>;
}

/** The registry of what is open. */
export interface OpenStreams {
  /** Notes that something is open; the answer is to be called when it no longer is. */
  add(stream: OpenStream): () => void;
  /** How many WebSockets a person, or an address, has open. */
  countUpgraded(of: { readonly user: UserId } | { readonly ip: string }): number;
  count(kind: OpenStream['kind']): number;
  /** What is open and was opened by somebody, at this instance. */
  list(): readonly OpenStream[];
  closeAll(reason: CloseReason): void;
  /** Looks once at what has changed; the clock does this twice a second. */
  revalidate(): Promise<void>;
  stop(): void;
}

const pollMilliseconds = 500;
/** Changes are looked for this far back: a transaction may take long, and clocks differ. */
const lookBackSeconds = 60;
/**
 * Answers that are done sooner need no looking after. Together with one pause between two looks it
 * must stay well below the second within which access ends.
 */
const youngMilliseconds = 300;
/** A store that is silent this long may be hiding a revocation: what is open is closed. */
const silenceMillisecondsMax = 5000;

/** Makes the registry. Nothing runs while nothing is open. */
export function createOpenStreams(deps: OpenStreamsDeps): OpenStreams {
  const open = new Roster<Entry>();
  let upgradedCount = 0;
  const upgradesOfUser = new Map<UserId, number>();
  const upgradesOfAddress = new Map<string, number>();
  let seenChanges: ReadonlySet<number> = new Set();
  let seenConfig: unknown = null;
  let answeredAt: EpochMs | null = null;
  let isPolling = false;
  let timer: NodeJS.Timeout | undefined;

  function start(): void {
    if (timer !== undefined) return;
    answeredAt = null;
    seenConfig = deps.config();
    timer = setInterval(() => void revalidate(), pollMilliseconds);
    timer.unref();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  async function revalidate(): Promise<void> {
    if (open.size === 0) {
      stop();
      return;
    }
    const now = deps.clock.now();
    const watched = open.members().filter(({ stream }) => isWatched(stream, now));
    if (watched.length === 0) {
      answeredAt = now;
      return;
    }
    answeredAt ??= now;
    closeExpired(watched, now);
    if (now - answeredAt > silenceMillisecondsMax) closeOf(watched);
    if (isPolling) return;
    isPolling = true;
    try {
      await look(watched, now);
      answeredAt = now;
    } catch (error) {
      deps.log.warn({ err: error, open: watched.length }, 'open streams could not be checked');
    } finally {
      isPolling = false;
    }
  }

  function closeExpired(watched: readonly Entry[], now: EpochMs): void {
    const { absoluteSeconds } = deps.config().sessions;
    closeOf(
      watched.filter(({ stream }) => {
        const { session } = stream.judgement;
        return (
          session !== null &&
          (addSeconds(session.createdAt, absoluteSeconds) <= now || hasTokenEnded(session, now))
        );
      }),
    );
  }

  async function look(watched: readonly Entry[], now: EpochMs): Promise<void> {
    const changes = await deps.accessChanges.since(addSeconds(now, -lookBackSeconds));
    const all = whoseOf(changes);
    const fresh = whoseOf(changes.filter(({ id }) => !seenChanges.has(id)));
    const config = deps.config();
    const isReloaded = config !== seenConfig;

    const concerned = watched.filter((entry) => {
      const principal = entry.stream.judgement.session?.principal;
      if (principal === undefined) return false;
      // A change may have been noted between the look-up of the session and now.
      const changed = entry.wasSeen ? fresh : all;
      return (
        isReloaded ||
        isOverdue(entry, now) ||
        changed.has(principal.id) ||
        changed.has(principal.tenant)
      );
    });
    for (const entry of concerned) {
      if (entry.place < 0) continue;
      if (!(await mayStayOpen(deps, entry, now))) closeOf([entry]);
    }
    // Only now: had a look-up failed, the same changes would have to be looked at again.
    for (const entry of watched) entry.wasSeen = true;
    seenChanges = new Set(changes.map((change) => change.id));
    seenConfig = config;
  }

  function closeOf(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.place < 0) continue;
      remove(entry);
      const { request, route } = entry.stream.judgement;
      deps.log.info({ requestId: request.id, route: route?.name }, 'closed: access has ended');
      entry.stream.close('access-ended');
    }
  }

  function countUpgrade(stream: OpenStream, change: 1 | -1): void {
    upgradedCount += change;
    const user = userOf(stream);
    if (user !== null) count(upgradesOfUser, user, change);
    count(upgradesOfAddress, stream.judgement.request.ip, change);
  }

  function remove(entry: Entry): void {
    if (entry.place < 0) return;
    open.leave(entry);
    if (entry.stream.kind === 'upgraded') countUpgrade(entry.stream, -1);
  }

  return {
    add(stream) {
      const enrollBy = stream.judgement.session?.enrollBy ?? null;
      const entry: Entry = { stream, place: -1, wasSeen: false, enrollBy };
      open.join(entry);
      if (stream.kind === 'upgraded') countUpgrade(stream, 1);
      start();
      return () => remove(entry);
    },
    countUpgraded: (of) =>
      ('user' in of ? upgradesOfUser.get(of.user) : upgradesOfAddress.get(of.ip)) ?? 0,
    count: (kind) => (kind === 'upgraded' ? upgradedCount : open.size - upgradedCount),
    list: () =>
      open
        .members()
        .map(({ stream }) => stream)
        .filter((stream) => isWatched(stream, deps.clock.now())),
    closeAll(reason) {
      for (const entry of open.members()) {
        remove(entry);
        entry.stream.close(reason);
      }
    },
    revalidate,
    stop,
  };
}

interface Entry extends Member {
  readonly stream: OpenStream;
  /** It was looked at at least once: only new changes concern it. */
  wasSeen: boolean;
  /** When a second factor is due that was not yet when this was looked at last. */
  enrollBy: EpochMs | null;
}

/** Use does not keep a token alive: what was opened with it ends with it. */
function hasTokenEnded({ tokenEndsAt }: SessionFacts, now: EpochMs): boolean {
  return tokenEndsAt !== undefined && tokenEndsAt <= now;
}

/** Nothing that anybody did ends a grace: it ends by itself. */
function isOverdue({ enrollBy }: Entry, now: EpochMs): boolean {
  return enrollBy !== null && enrollBy <= now;
}

function whoseOf(changes: readonly AccessChange[]): ReadonlySet<UserId | TenantId> {
  return new Set(changes.map(({ whose }) => whose));
}

/** What nobody is signed in for has no access to lose. */
function isWatched(stream: OpenStream, now: EpochMs): boolean {
  if (stream.judgement.session === null) return false;
  return stream.kind === 'upgraded' || now - stream.openedAt >= youngMilliseconds;
}

function count<Key>(counts: Map<Key, number>, key: Key, change: 1 | -1): void {
  const counted = (counts.get(key) ?? 0) + change;
  if (counted === 0) counts.delete(key);
  else counts.set(key, counted);
}

function userOf({ judgement: { session } }: OpenStream): UserId | null {
  return session?.principal.id ?? null;
}

/**
 * Decides anew, with the person as they are now and the proofs as they were at the start. What was
 * fresh enough to open may stay open: a step-up is asked for an act, not for its duration.
 */
async function mayStayOpen(deps: OpenStreamsDeps, entry: Entry, now: EpochMs): Promise<boolean> {
  const { request, session } = entry.stream.judgement;
  if (session === null) return true;
  const record = await deps.users.findPrincipal(session.principal.id, session.lineage);
  if (record === null || record.isSessionRevoked) return false;
  if (record.user.sessionEpoch !== session.sessionEpoch) return false;

  const { routes, policy, sessions } = deps.config();
  // Idle time does not run while something is open.
  const kept = { ...session, lastSeenAt: now };
  const lifetimes = { ...sessions, idleSeconds: sessions.absoluteSeconds };
  const current = sessionFactsOf(kept, record, lifetimes);
  entry.enrollBy = current.enrollBy !== null && current.enrollBy > now ? current.enrollBy : null;
  const route = matchRoute(routes, request);
  const decision = decide(route, { request, session: current, now }, policy);
  return (
    decision.kind === 'allow' ||
    decision.kind === 'remind' ||
    (decision.kind === 'step-up' && decision.reason === 'proof-too-old')
  );
}
