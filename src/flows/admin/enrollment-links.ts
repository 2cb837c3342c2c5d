/**
 * One-time links: to choose a password, or to enroll again after a reset.
 *
 * The secret in a link is known to whoever is given it and to nobody else: the database has its
 * hash, and a mail that waits to be sent has it sealed. Links of one kind take each other's place.
 */

import { hash } from 'node:crypto';

import { linkPath, type Portal } from '../../core/locations.ts';
import { mailedLinkRow } from '../../core/sealed-rows.ts';
import { addSeconds, type EpochMs } from '../../core/time.ts';
import type { Sealer } from '../../platform/seal.ts';
import type { NewMail, Stores, User } from '../../stores/types.ts';
import type { EnrollmentLink } from '../../stores/types/administration.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import { tell } from '../tell.ts';
import { type Administrator, eventByAdministrator } from './administrator.ts';

/** What a link is for. */
export type LinkKind = EnrollmentLink['kind'];

/** A link that was made; its address is shown to nobody a second time. */
export interface CreatedLink {
  readonly url: string;
  readonly expiresAt: EpochMs;
}

/** As many random bits as a session id has. */
const secretBytes = 32;

/** An invitation waits over a weekend; to enroll again is for now. */
const linkSeconds: Readonly<Record<LinkKind, number>> = {
  invitation: 3 * 24 * 3600,
  'enroll-again': 24 * 3600,
};

/**
 * Makes a link in place of the person's earlier one of the kind, in the transaction at hand, with
 * its audit event, and mails it to the person where mail is configured and they have an address.
 * `by` is who makes it: an administrator, or `cli`.
 */
export async function createEnrollmentLink(
  ctx: Pick<FlowContext, 'config' | 'mailWritten' | 'random' | 'sealer'>,
  stores: Stores,
  by: Administrator | 'cli',
  user: Pick<User, 'id' | 'tenant' | 'username' | 'email'>,
  kind: LinkKind,
  now: EpochMs,
): Promise<CreatedLink> {
  const { portal, mail, policy } = ctx.config.current();
  const secret = ctx.random.bytes(secretBytes).toString('base64url');
  const expiresAt = addSeconds(now, linkSeconds[kind]);
  await stores.enrollmentLinks.create({
    hash: linkHash(secret),
    userId: user.id,
    kind,
    createdBy: by === 'cli' ? by : by.session.principal.username,
    createdAt: now,
    expiresAt,
  });
  const sealedLink = ctx.sealer.seal(secret, mailedLinkRow(user.id, kind));
  await tell(ctx, stores, user, { kind, at: now, details: { expires: expiresAt, sealedLink } });
  const happening = {
    at: now,
    type: 'enrollment-link.created',
    severity: kind === 'enroll-again' ? policy.mfa.reset.severity : 'notice',
    details: { kind, expiresAt, isMailed: mail !== null && user.email !== null },
  } as const;
  const details = { username: user.username, ...happening.details };
  await stores.audit.append(
    by === 'cli'
      ? eventOnCommandLine(user, { ...happening, details })
      : eventByAdministrator(by, user, happening),
  );
  return { url: linkUrl(portal, secret), expiresAt };
}

/** What a link is known by in the database. */
export function linkHash(secret: string): string {
  return hash('sha256', secret);
}

/** Says whether a text could be the secret of a link; anything else is looked up nowhere. */
export function isLinkSecret(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/**
 * The address in a mail that waits, or null for a mail without one. To be asked at the moment of
 * sending: until then the secret is sealed.
 */
export function linkInMail(
  { userId, kind, details }: Pick<NewMail, 'userId' | 'kind' | 'details'>,
  { sealer, portal }: { readonly sealer: Sealer; readonly portal: Portal },
): string | null {
  const { sealedLink } = details;
  if (sealedLink === undefined) return null;
  const secret = sealer.unseal(String(sealedLink), mailedLinkRow(userId, kind)).toString();
  return linkUrl(portal, secret);
}

function linkUrl(portal: Portal, secret: string): string {
  return `${portal.url}${linkPath}${secret}`;
}
