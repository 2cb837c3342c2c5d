/** People in a word: how far they are, what they sign in with, what else should be seen. */

import type { UserId } from '../../../core/ids.ts';
import { tierOf } from '../../../core/policy/mfa-policy.ts';
import type { MethodId, Proof } from '../../../core/proofs.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { ListedPerson } from '../../../stores/types/administration.ts';
import type { Exchange } from '../../exchange.ts';
import type { Words } from '../../words.ts';
import { zonedTime } from '../../zoned-time.ts';
import type { Badge } from '../blocks.ts';
import { momentsOf } from '../moment.ts';
import type { PersonRow } from './people-views.ts';

/** The page of somebody. */
export function personPath(id: UserId): string {
  return `/admin/users/${id}`;
}

const statusLooks = {
  enrolled: { tone: 'good', icon: 'check' },
  'in-grace': { tone: 'warning', icon: 'clock' },
  missing: { tone: 'danger', icon: 'alert' },
  'not-asked': { tone: 'quiet', icon: 'minus' },
} as const;

/** How far somebody is. */
export function statusBadge({ status }: ListedPerson, { say }: Words): Badge {
  if (status === null) return { tone: 'quiet', icon: 'service', label: say('admin.kind.service') };
  return { ...statusLooks[status], label: say(`admin.status.${status}`) };
}

/** How far somebody is, and what else should be seen at a glance. */
export function personBadges(person: ListedPerson, words: Words): readonly Badge[] {
  const { say } = words;
  const { user, lockedUntil } = person;
  return [
    statusBadge(person, words),
    ...(user.isDisabled
      ? [{ tone: 'quiet', icon: 'minus', label: say('admin.person.disabled') } as const]
      : []),
    ...(lockedUntil === null
      ? []
      : [{ tone: 'warning', icon: 'lock', label: say('admin.person.locked') } as const]),
    ...(user.enrollGuard === null
      ? []
      : [{ tone: 'accent', icon: 'key', label: say('admin.person.guarded') } as const]),
  ];
}

/** What somebody has enrolled. */
export function methodBadges(
  { enrolled, recoveryCodesLeft }: Pick<ListedPerson, 'enrolled' | 'recoveryCodesLeft'>,
  { say, count }: Words,
): readonly Badge[] {
  const held = (['webauthn', 'totp'] as const).filter((method) => enrolled.includes(method));
  return [
    ...held.map((method) => ({
      tone: 'quiet' as const,
      icon: methodIcon(method),
      label: say(`method.${method}`),
    })),
    ...(recoveryCodesLeft === 0
      ? []
      : [
          {
            tone: 'quiet' as const,
            icon: 'key',
            label: count('admin.person.codes', recoveryCodesLeft),
          },
        ]),
  ];
}

/** The picture of a method. */
export function methodIcon(method: MethodId): string {
  if (method === 'webauthn') return 'passkey';
  if (method === 'recovery-code') return 'key';
  return method === 'totp' ? 'phone' : 'lock';
}

/** Somebody as a row of a list. */
export function personRow(
  exchange: Pick<Exchange, 'config' | 'parts' | 'now'>,
  person: ListedPerson,
): PersonRow {
  const { config, parts } = exchange;
  const { words } = parts.renderer;
  const { user, status, enrollBy } = person;
  return {
    path: personPath(user.id),
    username: user.username,
    displayName: user.displayName,
    email: user.email,
    tier: tierOf(user, config.policy.tiers),
    badges: personBadges(person, words),
    due: status === 'in-grace' && enrollBy !== null ? momentsOf(exchange)(enrollBy) : null,
    methods: methodBadges(person, words),
    groups: user.groups,
  };
}

/** "Password 14:02, authenticator app 14:02": the last of each kind, in order. */
export function proofsInWords(
  { config, parts, now }: Pick<Exchange, 'config' | 'parts' | 'now'>,
  proofs: readonly Proof[],
): string {
  const { say } = parts.renderer.words;
  const time = zonedTime(config.portal.timeZone);
  const latest = new Map<MethodId, Proof>();
  for (const proof of proofs.toSorted((one, other) => one.at - other.at)) {
    latest.set(proof.method, proof);
  }
  const words = [...latest.values()].map(({ method, at, origin }) =>
    say(`admin.proof.${origin}`, {
      method: say(`audit.method.${method}`),
      at: shortTime(time.until(at, now)),
    }),
  );
  return words.length === 0 ? say('admin.proof.none') : words.join(', ');
}

/** Without the zone, which stands on the page. */
function shortTime(text: string): string {
  return text.replace(/ \([^)]*\)$/, '');
}

/** "10.20.0.14, Cape Town": a network prefix says no more than the address. */
export function addressInWords({ parts }: Pick<Exchange, 'parts'>, ip: string): string {
  const place = parts.flows.placeOf(ip);
  return /\/\d+$/.test(place) ? ip : `${ip}, ${place}`;
}

/** Until when, for sentences. */
export function untilInWords(
  { config, now }: Pick<Exchange, 'config' | 'now'>,
  at: EpochMs,
): string {
  return zonedTime(config.portal.timeZone).until(at, now);
}
