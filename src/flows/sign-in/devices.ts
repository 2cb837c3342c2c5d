/**
 * Browsers that people sign in with, and the second factors that are remembered in those they
 * trust.
 *
 * Every completed sign-in notes browser and place; what is unusual is told. Trust is given with a
 * right answer to the challenge and in its transaction, under that answer's own date. At the next
 * sign-in by password it stands in for the second factor, for whoever may have that and as long as
 * nothing speaks against it. It never counts as a step-up (core/assurance.ts).
 */

import { devicesRestedOn, isFromTheFuture } from '../../core/assurance.ts';
import { deviceName } from '../../core/device-name.ts';
import type { Principal, SessionFacts } from '../../core/facts.ts';
import { idBytes, idFrom, type DeviceId } from '../../core/ids.ts';
import { usableSecondFactors } from '../../core/policy/decide.ts';
import { tierOf } from '../../core/policy/mfa-policy.ts';
import type { Proof } from '../../core/proofs.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { Device, DeviceTrust, Session, Stores, User } from '../../stores/types.ts';
import { eventAtSignIn, eventInSession } from '../audit-events.ts';
import type { FlowContext, Visit } from '../flow-context.ts';
import { holdUser } from '../hold-user.ts';
import { forgetListed, revoke } from '../sessions.ts';
import { tellSparingly } from '../tell.ts';

/**
 * Inside the transaction that completes a sign-in, with the user held: notes browser and place,
 * and audits and tells what is unusual about them. The first of a person are not.
 */
export async function noteSignIn(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  user: User,
  now: EpochMs,
): Promise<void> {
  const { risk } = ctx.config.current();
  const place = ctx.placeOf(visit.ip);
  const device = await seeDevice(ctx, stores, visit, user, now);
  const whereabouts = await stores.places.see(user.id, place, now);
  const isNewDevice = device === 'new' && risk.newDevice !== 'ignore';
  const isNewPlace = whereabouts === 'new' && risk.newLocation !== 'ignore';
  if (!isNewDevice && !isNewPlace) return;

  const what = [...(isNewDevice ? ['device'] : []), ...(isNewPlace ? ['location'] : [])];
  await stores.audit.append(
    eventAtSignIn(visit, user, {
      at: now,
      type: 'session.unusual',
      severity: 'notice',
      details: { new: what, device: deviceName(visit.userAgent) ?? 'unknown', place },
    }),
  );
  // One sign-in, one mail; that of a new device names the place too.
  const kind = isNewDevice ? 'new-device' : 'new-location';
  await tellSparingly(ctx, stores, user, { kind, at: now, visit, details: { place } });
}

/** A program that signs in every minute and keeps no cookies must not fill the database. */
const devicesMax = 100;

async function seeDevice(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  user: User,
  now: EpochMs,
): Promise<'first' | 'new' | 'known' | 'none'> {
  if (visit.deviceKey === null) return 'none';
  const known = await stores.devices.find(user.id, visit.deviceKey);
  const isFirst = known === null && (await stores.devices.listOfUser(user.id)).length === 0;
  await stores.devices.see({
    id: known?.id ?? idFrom('device', ctx.random.bytes(idBytes)),
    userId: user.id,
    key: visit.deviceKey,
    name: deviceName(visit.userAgent) ?? '',
    firstSeenAt: known?.firstSeenAt ?? now,
    // Never earlier than before: by this a clock that went back is noticed.
    lastSeenAt: Math.max(now, known?.lastSeenAt ?? now),
    lastIp: visit.ip,
  });
  if (known !== null) return 'known';
  await stores.devices.keepLatest(user.id, devicesMax);
  return isFirst ? 'first' : 'new';
}

/** For how long this person may have a browser trusted, in seconds; null: not at all. */
export function trustOffer(
  ctx: Pick<FlowContext, 'config'>,
  person: Pick<Principal, 'groups'>,
): number | null {
  const { policy, trustedDevices } = ctx.config.current();
  const mayTrust = policy.rememberedFor.includes(tierOf(person, policy.tiers));
  return mayTrust ? trustedDevices.forSeconds : null;
}

/**
 * Inside the transaction in which a challenge was answered, after `noteSignIn`: remembers the
 * answer in this browser. Does nothing for whoever may not have that, whatever was posted, and for
 * recovery codes: who uses one has lost something.
 */
export async function trustDevice(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  session: SessionFacts,
  { user, proof, now }: { readonly user: User; readonly proof: Proof; readonly now: EpochMs },
): Promise<void> {
  const seconds = trustOffer(ctx, user);
  const isMemorable =
    proof.origin === 'answer' && (proof.method === 'totp' || proof.method === 'webauthn');
  if (seconds === null || !isMemorable || visit.deviceKey === null) return;

  const device = await stores.devices.find(user.id, visit.deviceKey);
  if (device === null) return;
  const until = addSeconds(proof.at, seconds);
  const trust = { method: proof.method, provedAt: proof.at, until };
  // A fresh answer: whatever clock the browser was seen by before does not matter any more.
  await stores.devices.see({ ...device, lastSeenAt: now, lastIp: visit.ip });
  await stores.devices.trust(user.id, device.key, trust);
  await stores.audit.append(
    eventInSession(visit, session, {
      at: now,
      type: 'device.trusted',
      severity: 'notice',
      details: { device: device.id, name: device.name, method: proof.method, until },
    }),
  );
}

/**
 * Inside the transaction of a sign-in by password, with the user held: the proof that this browser
 * remembers, or null. `session` is what the sign-in amounts to without it.
 *
 * Security: nothing is honoured for a factor that was enrolled only afterwards, beyond what the
 * configuration allows now, or once a clock that went back would make it last longer.
 */
export async function rememberedProof(
  ctx: FlowContext,
  stores: Stores,
  visit: Visit,
  session: SessionFacts,
  now: EpochMs,
): Promise<Proof | null> {
  const { policy, risk } = ctx.config.current();
  const { principal } = session;
  const seconds = trustOffer(ctx, principal);
  if (seconds === null || visit.deviceKey === null) return null;

  const device = await stores.devices.find(principal.id, visit.deviceKey);
  const trust = device === null ? null : liveTrust(device, seconds, now);
  if (device === null || trust === null) return null;
  if (!usableSecondFactors(session, policy).includes(trust.method)) return null;

  const authenticators = await stores.authenticators.listOfUser(principal.id);
  const wasEnrolled = authenticators.some(
    ({ method, createdAt }) => method === trust.method && createdAt <= trust.provedAt,
  );
  if (!wasEnrolled) return null;

  if (risk.newLocation === 'challenge') {
    const place = ctx.placeOf(visit.ip);
    if ((await stores.places.look(principal.id, place)) === 'new') return null;
  }
  return { method: trust.method, at: trust.provedAt, origin: 'remembered', deviceId: device.id };
}

function liveTrust(device: Device, seconds: number, now: EpochMs): DeviceTrust | null {
  const { trust, lastSeenAt } = device;
  if (trust === null) return null;
  const hasEnded = now >= Math.min(trust.until, addSeconds(trust.provedAt, seconds));
  const hasClockGoneBack = isFromTheFuture(trust.provedAt, now) || isFromTheFuture(lastSeenAt, now);
  return hasEnded || hasClockGoneBack ? null : trust;
}

/** A browser that this person trusts. */
export interface TrustedDevice {
  readonly id: DeviceId;
  /** `Firefox on Linux`; empty when it did not say. */
  readonly name: string;
  readonly trustedAt: EpochMs;
  readonly until: EpochMs;
  readonly lastSeenAt: EpochMs;
  readonly lastIp: string;
  /** It is the one that asks. */
  readonly isThisOne: boolean;
}

/** The browsers that this person trusts and that would be honoured now, the last used first. */
export async function listDevices(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
): Promise<readonly TrustedDevice[]> {
  const seconds = trustOffer(ctx, session.principal);
  if (seconds === null) return [];
  const now = ctx.clock.now();
  const all = await ctx.stores.devices.listOfUser(session.principal.id);
  return all.flatMap((device) => {
    const trust = liveTrust(device, seconds, now);
    if (trust === null) return [];
    const { id, name, lastSeenAt, lastIp } = device;
    const until = Math.min(trust.until, addSeconds(trust.provedAt, seconds));
    const isThisOne = device.key === visit.deviceKey;
    return [{ id, name, trustedAt: trust.provedAt, until, lastSeenAt, lastIp, isThisOne }];
  });
}

/**
 * Ends the trust in one of this person's browsers and the sessions that rest on it. False when
 * none of theirs is trusted under that id.
 */
export async function distrustDevice(
  ctx: FlowContext,
  visit: Visit,
  session: SessionFacts,
  id: DeviceId,
): Promise<boolean> {
  const now = ctx.clock.now();
  const user = session.principal.id;
  const ended = await sessionsRestingOn(ctx, session, { id, now });
  const wasTrusted = await ctx.stores.transaction(async (stores) => {
    await holdUser(stores, session);
    if (!(await stores.devices.distrust(user, id))) return false;
    await revoke(ctx, stores, ended, now);
    await stores.accessChanges.note(user, now);
    await stores.audit.append(
      eventInSession(visit, session, {
        at: now,
        type: 'device.distrusted',
        severity: 'notice',
        details: { device: id, sessions: ended.length },
      }),
    );
    return true;
  });
  if (!wasTrusted) return false;

  // A sign-in that had read the trust before may have been written down since.
  const late = await sessionsRestingOn(ctx, session, { id, now });
  await ctx.stores.transaction((stores) => revoke(ctx, stores, late, now));
  await forgetListed(ctx, [...ended, ...late]);
  return true;
}

async function sessionsRestingOn(
  ctx: FlowContext,
  session: SessionFacts,
  { id, now }: { readonly id: DeviceId; readonly now: EpochMs },
): Promise<readonly Session[]> {
  const all = await ctx.sessions.listOfUser(session.principal.id, now);
  return all.filter(({ proofs }) => devicesRestedOn(proofs, now).includes(id));
}

/**
 * Says whether what these proofs remember may still be remembered; to be asked once the session
 * that holds them has been written.
 *
 * Security: a device may be distrusted while a sign-in in it is under way. Whoever comes second
 * sees the other: either this answers no, or `distrustDevice` finds the session.
 */
export async function isStillTrusted(
  stores: Stores,
  session: Pick<Session, 'userId' | 'proofs'>,
  now: EpochMs,
): Promise<boolean> {
  const devices = devicesRestedOn(session.proofs, now);
  if (devices.length === 0) return true;
  const known = await stores.devices.listOfUser(session.userId);
  return known.some(({ id, trust }) => trust !== null && devices.includes(id));
}
