/**
 * What an upstream is told of who asks (contract section 5).
 *
 * Values are UTF-8, the octets as they are, as Authelia and oauth2-proxy send them. A comma inside
 * a group's name is escaped: unescaped it would be read as two groups.
 */

import { assuranceOf } from '../core/assurance.ts';
import type { SessionFacts } from '../core/facts.ts';
import type { Portal } from '../core/locations.ts';
import { admissibleProofs } from '../core/policy/decide.ts';
import { type AccessPolicy, tierOf } from '../core/policy/mfa-policy.ts';
import type { Route } from '../core/route.ts';
import type { EpochMs } from '../core/time.ts';
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

/** The identity headers for a session on a route. */
export async function identityHeaders(
  deps: { readonly signer: Signer; readonly now: EpochMs },
  session: SessionFacts,
  route: Route,
  config: { readonly portal: Portal; readonly policy: AccessPolicy },
): Promise<IdentityHeaders> {
  const { principal } = session;
  const groups = groupsThatFit(principal.groups);
  const assurance = assuranceOf(admissibleProofs(session, config.policy), deps.now);
  return {
    'Remote-User': headerText(principal.username),
    'Remote-Groups': groups.map(groupText).join(','),
    'Remote-Name': headerText(principal.displayName),
    'Remote-Email': headerText(principal.email ?? ''),
    'X-Sallyport-Assertion': await deps.signer.assertion(`${session.key} ${route.name}`, {
      iss: config.portal.url,
      aud: route.name,
      sub: principal.id,
      preferred_username: principal.username,
      name: principal.displayName,
      email: principal.email,
      groups,
      tenant: principal.tenant,
      tier: tierOf(principal, config.policy.tiers),
      acr: assurance.acr ?? 'aal1',
      amr: assurance.amr,
      auth_time: Math.floor((assurance.authenticatedAt ?? session.createdAt) / 1000),
    }),
  };
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
