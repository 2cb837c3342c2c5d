/**
 * Reads the `otpauth://` URIs that authenticator apps are enrolled with (Key Uri Format), from a
 * product that people move away from. What is wrong with one is said without repeating the secret.
 */

import type { TotpUriReading } from '../method.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** As long as a block of SHA-512 at most; more adds nothing (RFC 2104 §3). */
const secretBytesMax = 128;

const periodSecondsMin = 15;
const periodSecondsMax = 300;

/** Reads one URI. */
export function readOtpauthUri(text: string): TotpUriReading {
  if (/^otpauth-migration:/i.test(text)) {
    return refused(
      'This is an export of an app, not a list: write one otpauth:// URI on each line.',
    );
  }
  if (!URL.canParse(text) || !/^otpauth:\/\//i.test(text)) {
    return refused('This is no otpauth:// URI.');
  }
  const url = new URL(text);
  const type = url.host.toLowerCase();
  if (type === 'hotp') return refused('Codes that go by a counter (hotp) are not supported.');
  if (type !== 'totp') return refused('This is no URI of a time-based code (otpauth://totp/…).');

  const label = labelIn(url);
  if (label === null) return refused('The name of the account cannot be read.');
  const once = (name: string): string | null => {
    const values = url.searchParams.getAll(name);
    return values.length > 1 ? '' : (values[0] ?? null);
  };
  const secret = bytesOf(once('secret') ?? '');
  if (secret === null) return refused('It has no secret, or one that is not Base32.');
  if (secret.length > secretBytesMax) return refused('The secret is longer than 128 bytes.');
  if (secret.every((byte) => byte === secret[0])) return refused('The secret is no secret.');

  const algorithm = (once('algorithm') ?? 'SHA1').toUpperCase().replace('-', '');
  if (algorithm !== 'SHA1' && algorithm !== 'SHA256' && algorithm !== 'SHA512') {
    return refused('The algorithm is none of SHA1, SHA256 and SHA512.');
  }
  const digits = Number(once('digits') ?? '6');
  if (digits !== 6 && digits !== 8) return refused('Codes have 6 or 8 digits.');
  const periodSeconds = Number(once('period') ?? '30');
  const isPeriod = Number.isInteger(periodSeconds) && periodSeconds >= periodSecondsMin;
  if (!isPeriod || periodSeconds > periodSecondsMax) {
    return refused('The period is a whole number of seconds from 15 to 300.');
  }
  return {
    ok: true,
    account: label.account,
    issuer: once('issuer') ?? label.issuer,
    secretBits: secret.length * 8,
    credential: { secret: base32Of(secret), algorithm, digits, periodSeconds },
  };
}

function refused(sentence: string): TotpUriReading {
  return { ok: false, sentence };
}

/** `Issuer:account` or `account`; the colon may be written `%3A`. */
function labelIn({
  pathname,
}: URL): { readonly issuer: string | null; readonly account: string } | null {
  let label: string;
  try {
    label = decodeURIComponent(pathname.slice(1));
  } catch {
    return null;
  }
  const colon = label.indexOf(':');
  const account = label.slice(colon + 1).trim();
  if (account === '') return null;
  return { issuer: colon === -1 ? null : label.slice(0, colon).trim(), account };
}

/**
 * The bytes of Base32 (RFC 4648 §6), as apps read it: in any letter case, with or without padding,
 * spaces and hyphens. Bits beyond the last whole byte are dropped.
 */
function bytesOf(text: string): Buffer | null {
  const digits = text.toUpperCase().replaceAll(/[\s-]/g, '').replace(/=+$/, '');
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const digit of digits) {
    const at = alphabet.indexOf(digit);
    if (at === -1) return null;
    value = ((value << 5) | at) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return bytes.length === 0 ? null : Buffer.from(bytes);
}

function base32Of(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((value >> bits) & 31);
    }
  }
  return bits === 0 ? text : text + alphabet.charAt((value << (5 - bits)) & 31);
}
