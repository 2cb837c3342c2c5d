/**
 * What an upstream is told of who asks (contract section 5).
 *
 * Values are UTF-8, the octets as they are, as Authelia and oauth2-proxy send them. A comma inside
 * a group's name is escaped: unescaped it would be read as two groups.
 */

import type { Config } from '../config/config.ts';
import { assuranceOf } from '../core/assurance.ts';
import type { Principal, SessionFacts } from '../core/facts.ts';
import { admissibleProofs } from '../core/policy/decide.ts';
import { tierOf } from '../core/policy/mfa-policy.ts';
import type { Route } from '../core/route.ts';
import type { EpochMs } from '../core/time.ts';
import type { Clock } from '../platform/clock.ts';
import type { Signer } from '../platform/signing.ts';

/** The names, as they are written. */
export const identityHeaderNames = [
  'Remote-User',
  'Remote-Groups',
  'Remote-Name',
  'Remote-Email',
  'X-Sallyport-Assertion',
] as const;

/** One value for each name; empty where nothing is known. */
export type IdentityHeaders = Readonly<Record<(typeof identityHeaderNames)[number], string>>;

/** Nobody was looked up: every name is there, so that a proxy overwrites what a client sent. */
export const nobody: IdentityHeaders = {
  'Remote-User': '',
  'Remote-Groups': '',
  'Remote-Name': '',
  'Remote-Email': '',
  'X-Sallyport-Assertion': '',
};

/**
 * Longest list of groups that is sent, in bytes. Common servers refuse a header of 8 KiB, and the
 * assertion repeats the list; a person with hundreds of groups would be answered 400 for ever
 * (ASVS 5.0 §4.2.5). Groups beyond it are left out, which can only take access away.
 */
export const groupsBytesMax = 2048;

/** What the headers are made of beside session and route. */
export type IdentitySettings = Pick<Config, 'portal' | 'policy'>;

/** Makes the identity headers for a session on a route. */
export type IdentityOf = (
  session: SessionFacts,
  route: Route,
  settings: IdentitySettings,
) => IdentityHeaders | Promise<IdentityHeaders>;

/** An assertion lives for a minute and is used for half of it; clocks may differ by the rest. */
const reuseMilliseconds = 30_000;

/** Sessions come and go; whose headers were made longest ago is made anew. */
const kept = 10_000;

interface Made {
  readonly session: SessionFacts;
  readonly settings: IdentitySettings;
  readonly at: EpochMs;
  readonly headers: IdentityHeaders;
}

/**
 * Makes a source of identity headers. Signing costs more than passing a request on, so what was
 * made for a session on a route is used again, for half a minute.
 *
 * Security: every input is compared before that. A group that was taken away must not be found in
 * an old assertion (the cache-key class of faults: CVE-2026-33496, CVE-2021-32701).
 */
export function identitySource(deps: {
  readonly clock: Clock;
  readonly signer: Pick<Signer, 'sign'>;
}): IdentityOf {
  const made = new Map<string, Made>();

  return (session, route, settings) => {
    const now = deps.clock.now();
    const key = `${session.key} ${route.name}`;
    const known = made.get(key);
    if (known !== undefined && isStillTrue(known, session, settings, now)) return known.headers;
    return make(key, session, route, settings, now);
  };

  async function make(
    key: string,
    session: SessionFacts,
    route: Route,
    settings: IdentitySettings,
    now: EpochMs,
  ): Promise<IdentityHeaders> {
    const headers = await sign(deps.signer, session, route, settings, now);
    made.delete(key);
    made.set(key, { session, settings, at: now, headers });
    if (made.size > kept) made.delete(made.keys().next().value ?? '');
    return headers;
  }
}

async function sign(
  signer: Pick<Signer, 'sign'>,
  session: SessionFacts,
  route: Route,
  { portal, policy }: IdentitySettings,
  now: EpochMs,
): Promise<IdentityHeaders> {
  const { principal } = session;
  const groups = groupsThatFit(principal.groups);
  const assurance = assuranceOf(admissibleProofs(session, policy), now);
  return {
    'Remote-User': headerText(principal.username),
    'Remote-Groups': groups.map(groupText).join(','),
    'Remote-Name': headerText(principal.displayName),
    'Remote-Email': headerText(principal.email ?? ''),
    'X-Sallyport-Assertion': await signer.sign({
      iss: portal.url,
      aud: route.name,
      sub: principal.id,
      preferred_username: principal.username,
      name: principal.displayName,
      ...(principal.email !== null && { email: principal.email }),
      groups,
      tenant: principal.tenant,
      tier: tierOf(principal, policy.tiers),
      acr: assurance.acr ?? 'aal1',
      amr: assurance.amr,
      auth_time: Math.floor((assurance.authenticatedAt ?? session.createdAt) / 1000),
    }),
  };
}

function isStillTrue(
  known: Made,
  session: SessionFacts,
  settings: IdentitySettings,
  now: EpochMs,
): boolean {
  return (
    // A clock that went back must not stretch the life of what was signed before.
    now >= known.at &&
    now - known.at < reuseMilliseconds &&
    settings.portal === known.settings.portal &&
    settings.policy === known.settings.policy &&
    session.createdAt === known.session.createdAt &&
    isSamePerson(session.principal, known.session.principal) &&
    haveSameProofs(session, known.session)
  );
}

function isSamePerson(a: Principal, b: Principal): boolean {
  return (
    a.id === b.id &&
    a.username === b.username &&
    a.displayName === b.displayName &&
    a.email === b.email &&
    a.tenant === b.tenant &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, index) => group === b.groups[index])
  );
}

function haveSameProofs(a: SessionFacts, b: SessionFacts): boolean {
  return (
    a.proofs.length === b.proofs.length &&
    a.proofs.every(
      (proof, index) => proof.method === b.proofs[index]?.method && proof.at === b.proofs[index].at,
    )
  );
}

function groupsThatFit(groups: readonly string[]): readonly string[] {
  let bytes = 0;
  return groups.filter((group) => {
    bytes += Buffer.byteLength(groupText(group), 'latin1') + 1;
    return bytes <= groupsBytesMax;
  });
}

function groupText(group: string): string {
  return headerText(group).replaceAll(',', '%2C');
}

/**
 * A value as Node writes it: one character for each octet. Control characters, which no header may
 * hold, are escaped as in an address.
 */
function headerText(value: string): string {
  if (/^[\x20-\x7e]*$/.test(value)) return value;
  const escaped = value.replace(/\p{Cc}/gu, (found) => encodeURIComponent(found));
  return Buffer.from(escaped, 'utf8').toString('latin1');
}
