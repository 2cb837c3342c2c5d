/** `/account`: who I am here, how I sign in, where I am signed in, what happened lately. */

import { devicesRestedOn, levelOf } from '../../core/assurance.ts';
import { deviceName } from '../../core/device-name.ts';
import type { SessionFacts } from '../../core/facts.ts';
import type { DeviceId, SessionKey } from '../../core/ids.ts';
import { adminRolesOf } from '../../core/policy/administration.ts';
import {
  enrollmentMissing,
  isNetworkAllowed,
  usableSecondFactors,
} from '../../core/policy/decide.ts';
import { isMethodEnabled, tierOf } from '../../core/policy/mfa-policy.ts';
import { Problem } from '../../core/problem.ts';
import { distrustDevice, listDevices } from '../../flows/sign-in/devices.ts';
import { mayDisableMfa } from '../../flows/account/disable-mfa.ts';
import { endOtherSessions, endSession, signOutEverywhere } from '../../flows/sessions.ts';
import { type Answer, type Exchange, redirectTo, showPage } from '../exchange.ts';
import { pageAddress } from '../onward.ts';
import type { AccountPage } from '../views.ts';
import { type ZonedTime, zonedTime } from '../zoned-time.ts';
import { activityOf } from './account-activity.ts';
import { areFewCodesLeft } from './few-codes.ts';
import { hasDomain } from './passkey-domain.ts';

/** What may have been done, as it stands in the address after the redirect. */
const notices = [
  'session-ended',
  'other-sessions-ended',
  'authenticator-renamed',
  'authenticator-removed',
  'password-changed',
  'mfa-disabled',
  'device-distrusted',
] as const;

/** Shows the account. */
export async function showAccount(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, config, session } = exchange;
  const { principal } = session;
  const { say } = parts.renderer.words;
  const time = zonedTime(config.portal.timeZone);
  const done = notices.find((notice) => notice === exchange.query.get('done'));
  const { mfa, tiers } = config.policy;
  return showPage({
    page: 'account',
    user: {
      username: principal.username,
      displayName: principal.displayName,
      email: principal.email,
      groups: principal.groups,
      // The label says the word already.
      tier: tierOf(principal, tiers).replace(/^tier[ _-]?(?=.)/i, ''),
    },
    missing: missingOf(exchange),
    authenticators: await authenticatorsOf(exchange, time),
    canAdd: {
      totp: isMethodEnabled('totp', mfa),
      passkey: isMethodEnabled('webauthn', mfa) && hasDomain(config),
    },
    recoveryCodesLeft:
      isMethodEnabled('recovery-code', mfa) || session.recoveryCodesLeft > 0
        ? session.recoveryCodesLeft
        : null,
    recoveryCodesWarning: warningOf(exchange),
    canDisable: mayDisableMfa(parts.flows, session),
    canChangePassword: config.local.isEnabled,
    sessions: await sessionsOf(exchange, time),
    trustedDevices: await devicesOf(exchange, time),
    activity: await activityOf(exchange, time),
    administrationHref: administrationOf(exchange),
    notice: done === undefined ? null : say(`account.done.${done}`),
  });
}

/** Ends sessions: one, all others, or all; or the trust in a browser. */
export async function submitAccount(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  switch (form.get('action') ?? 'none') {
    case 'end-session': {
      const key = (form.get('session') ?? '') as SessionKey;
      await endSession(parts.flows, visit, session, key);
      return key === session.key ? signedOut(exchange) : accountAfter(exchange, 'session-ended');
    }
    case 'end-other-sessions':
      await exchange.rise(await endOtherSessions(parts.flows, visit, session));
      return accountAfter(exchange, 'other-sessions-ended');
    case 'sign-out-everywhere':
      await signOutEverywhere(parts.flows, visit, session);
      return signedOut(exchange);
    case 'distrust-device': {
      const id = (form.get('device') ?? '') as DeviceId;
      await distrustDevice(parts.flows, visit, session, id);
      return restsOn(exchange, id)
        ? signedOut(exchange)
        : accountAfter(exchange, 'device-distrusted');
    }
    default:
      throw new Problem('invalid-request', { detail: 'The form names an action we do not know.' });
  }
}

/** Back to the account, which says once what was done. */
export function accountAfter(exchange: Exchange, notice: (typeof notices)[number]): Answer {
  return redirectTo(`${exchange.config.portal.url}/account?done=${notice}`);
}

function signedOut(exchange: Exchange): Answer {
  return { ...redirectTo(pageAddress(exchange, '/sign-out')), endsSession: true };
}

// Only where the policy lets people in who have not enrolled everything; all others set it up first.
function missingOf(exchange: Exchange<SessionFacts>): AccountPage['missing'] {
  const { parts, config, session } = exchange;
  const missing = enrollmentMissing(session, config.policy);
  if (missing.length === 0) return null;
  const { say } = parts.renderer.words;
  const methods = missing.map((method) => say(`method.${method}`)).join(', ');
  return say('account.missing', { issuer: config.portal.issuer, methods });
}

// Whoever is outside of its network is not told that there is one (guarantee G3).
function administrationOf({ config, request, session }: Exchange<SessionFacts>): string | null {
  const { policy, portal, administration } = config;
  const hasRole = adminRolesOf(session.principal, policy.roleGroups).length > 0;
  return hasRole && isNetworkAllowed(administration, request.ip)
    ? `${portal.basePath}/admin`
    : null;
}

async function authenticatorsOf(
  { parts, config, session }: Exchange<SessionFacts>,
  time: ZonedTime,
): Promise<AccountPage['authenticators']> {
  const all = await parts.flows.stores.authenticators.listOfUser(session.principal.id);
  return all.map(({ id, name, method, createdAt, lastUsedAt }) => ({
    name,
    method,
    addedAt: time.full(createdAt),
    lastUsedAt: lastUsedAt === null ? null : time.full(lastUsedAt),
    href: `${config.portal.basePath}/account/authenticators/${id}`,
  }));
}

async function sessionsOf(
  { parts, config, session, now }: Exchange<SessionFacts>,
  time: ZonedTime,
): Promise<AccountPage['sessions']> {
  const hasSecondFactor = usableSecondFactors(session, config.policy).length > 0;
  const { say } = parts.renderer.words;
  const all = await parts.flows.sessions.listOfUser(session.principal.id, now);
  return all
    .toSorted((one, other) => other.lastSeenAt - one.lastSeenAt)
    .map(({ key, userAgent, ip, lastSeenAt, proofs }) => ({
      key,
      device: deviceName(userAgent) ?? say('account.unknown-device'),
      ip,
      place: placeOf(parts.flows.placeOf(ip)),
      lastSeenAt: time.full(lastSeenAt),
      isThisOne: key === session.key,
      isHalfOpen: hasSecondFactor && levelOf(proofs, now) < 2,
    }));
}

/** This session is worth less without what that browser remembers, and ends with it. */
function restsOn({ session, now }: Exchange<SessionFacts>, device: DeviceId): boolean {
  return devicesRestedOn(session.proofs, now).includes(device);
}

// Without a map a place is a network prefix, which says no more to a person than the address.
function placeOf(place: string): string | null {
  return /\/\d+$/.test(place) ? null : place;
}

async function devicesOf(
  exchange: Exchange<SessionFacts>,
  time: ZonedTime,
): Promise<AccountPage['trustedDevices']> {
  const { parts, session, visit } = exchange;
  const { say } = parts.renderer.words;
  const devices = await listDevices(parts.flows, visit, session);
  return devices.map(({ id, name, lastSeenAt, until, isThisOne }) => ({
    id,
    name: name === '' ? say('account.unknown-device') : name,
    lastSeenAt: time.full(lastSeenAt),
    until: time.full(until),
    isThisOne,
    signsOutHere: restsOn(exchange, id),
  }));
}

function warningOf({ parts, config, session }: Exchange<SessionFacts>): string | null {
  const left = session.recoveryCodesLeft;
  // Nobody is warned of codes they never had.
  if (session.enrolled.length === 0 || !areFewCodesLeft(left, config.policy.mfa)) return null;
  return parts.renderer.words.count('account.few-codes', left);
}
