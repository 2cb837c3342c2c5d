/** The phone in a person's hand, as evidence uses it too, and base 32 for secrets of one's own. */

export { codeAt, type AppSettings } from '../../src/flows/evidence/run/authenticator-app.ts';

/** Base 32 as RFC 4648 §6 has it, without padding. */
export function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
