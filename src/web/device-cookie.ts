/**
 * The cookie by which a browser is known again: at sign-in, and where a second factor is
 * remembered.
 *
 * It holds a secret, sealed under our key: what nobody but us could have made is told apart from
 * what somebody made up. Stores know the hash of the secret only.
 */

import { createHash } from 'node:crypto';
import { parseCookie } from 'cookie';
import type { Random } from '../platform/random.ts';
import { type Sealer, UnsealError } from '../platform/seal.ts';

/** The browser that a request comes from. */
export interface BrowserDevice {
  /** SHA-256 of its secret, hex. */
  readonly key: string;
  /** The cookie to give it, when it brought none of ours or one under an older key; else null. */
  readonly newCookie: string | null;
}

/** How long browsers keep it; they cut off whatever is longer (RFC 6265bis §5.6.2). */
export const deviceCookieSeconds = 400 * 24 * 3600;

const secretBytes = 32;
const purpose = 'device cookie';

/**
 * The browser by its cookie, or a new one for a browser that has none of ours.
 *
 * Security: two cookies of one name mean that somebody planted one; neither is believed. One that
 * does not open was made up, cut short, or sealed under a key that is gone.
 */
export function browserDevice(
  { random, sealer }: { readonly random: Random; readonly sealer: Sealer },
  header: string | undefined,
  name: string,
): BrowserDevice {
  const opened = secretIn(sealer, header, name);
  if (opened !== null) {
    // After a rotation of the keys: the old one will be gone long before the cookie.
    const newCookie = opened.isNewest ? null : sealer.seal(opened.secret, purpose);
    return { key: keyOf(opened.secret), newCookie };
  }
  const made = random.bytes(secretBytes);
  return { key: keyOf(made), newCookie: sealer.seal(made, purpose) };
}

function secretIn(
  sealer: Sealer,
  header: string | undefined,
  name: string,
): { readonly secret: Buffer; readonly isNewest: boolean } | null {
  const sent = header ?? '';
  const times = sent.split(';').filter((pair) => pair.split('=', 1)[0]?.trim() === name).length;
  const value = parseCookie(sent, { decode: (text) => text })[name];
  if (times !== 1 || value === undefined) return null;
  try {
    const secret = sealer.unseal(value, purpose);
    if (secret.length !== secretBytes) return null;
    return { secret, isNewest: sealer.isNewest(value) };
  } catch (error) {
    if (error instanceof UnsealError) return null;
    throw error;
  }
}

function keyOf(secret: Buffer): string {
  return createHash('sha256').update(secret).digest('hex');
}
