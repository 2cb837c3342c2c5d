/** `/account`: who I am here, how I sign in, where I am signed in. */

import type { SessionFacts } from '../../core/facts.ts';
import type { SessionKey } from '../../core/ids.ts';
import { tierOf } from '../../core/policy/mfa-policy.ts';
import { Problem } from '../../core/problem.ts';
import { endOtherSessions, endSession, signOutEverywhere } from '../../flows/sessions.ts';
import { deviceName } from '../../core/device-name.ts';
import { type Answer, type Exchange, redirectTo, showPage } from '../exchange.ts';
import { pageAddress } from '../onward.ts';
import type { AccountPage } from '../views.ts';
import { type ZonedTime, zonedTime } from '../zoned-time.ts';

/** From this many unused recovery codes down, the page warns. */
const fewRecoveryCodes = 3;

/** What may have been done, as it stands in the address after the redirect. */
const notices = ['session-ended', 'other-sessions-ended'] as const;

/** Shows the account. */
export async function showAccount(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, config, session } = exchange;
  const { principal } = session;
  const { say } = parts.renderer.words;
  const time = zonedTime(config.portal.timeZone);
  const done = notices.find((notice) => notice === exchange.query.get('done'));
  return showPage({
    page: 'account',
    user: {
      username: principal.username,
      displayName: principal.displayName,
      email: principal.email,
      groups: principal.groups,
      tier: tierOf(principal, config.policy.tiers),
    },
    authenticators: await authenticatorsOf(exchange, time),
    recoveryCodesLeft: session.recoveryCodesLeft,
    recoveryCodesWarning: warningOf(exchange),
    sessions: await sessionsOf(exchange, time),
    notice: done === undefined ? null : say(`account.done.${done}`),
  });
}

/** Ends sessions: one, all others, or all. */
export async function submitAccount(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, session, visit, form } = exchange;
  switch (form.get('action') ?? 'none') {
    case 'end-session': {
      const key = (form.get('session') ?? '') as SessionKey;
      await endSession(parts.flows, visit, session, key);
      return key === session.key ? signedOut(exchange) : done(exchange, 'session-ended');
    }
    case 'end-other-sessions':
      await endOtherSessions(parts.flows, visit, session);
      return done(exchange, 'other-sessions-ended');
    case 'sign-out-everywhere':
      await signOutEverywhere(parts.flows, visit, session);
      return signedOut(exchange);
    default:
      throw new Problem('invalid-request', { detail: 'The form names an action we do not know.' });
  }
}

function done(exchange: Exchange, notice: (typeof notices)[number]): Answer {
  return redirectTo(`${exchange.config.portal.url}/account?done=${notice}`);
}

function signedOut(exchange: Exchange): Answer {
  return { ...redirectTo(pageAddress(exchange, '/sign-out')), endsSession: true };
}

async function authenticatorsOf(
  { parts, session }: Exchange<SessionFacts>,
  time: ZonedTime,
): Promise<AccountPage['authenticators']> {
  const all = await parts.flows.stores.authenticators.listOfUser(session.principal.id);
  return all.map(({ name, method, createdAt, lastUsedAt }) => ({
    name,
    method,
    addedAt: time.full(createdAt),
    lastUsedAt: lastUsedAt === null ? null : time.full(lastUsedAt),
  }));
}

async function sessionsOf(
  { parts, session, now }: Exchange<SessionFacts>,
  time: ZonedTime,
): Promise<AccountPage['sessions']> {
  const { say } = parts.renderer.words;
  const all = await parts.flows.sessions.listOfUser(session.principal.id, now);
  return all
    .toSorted((one, other) => other.lastSeenAt - one.lastSeenAt)
    .map(({ key, userAgent, ip, lastSeenAt }) => ({
      key,
      device: deviceName(userAgent) ?? say('account.unknown-device'),
      ip,
      lastSeenAt: time.full(lastSeenAt),
      isThisOne: key === session.key,
    }));
}

function warningOf({ parts, session }: Exchange<SessionFacts>): string | null {
  const left = session.recoveryCodesLeft;
  // Nobody is warned of codes they never had.
  if (!session.enrolled.includes('totp') || left > fewRecoveryCodes) return null;
  return parts.renderer.words.count('account.few-codes', left);
}
