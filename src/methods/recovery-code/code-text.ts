/**
 * How a recovery code is written: 24 characters of Crockford's base 32, in six groups of four,
 * `7QZ3-VK8M-…`. The alphabet leaves out I, L, O and U, so that what is read off paper and typed
 * wrong in the usual ways is still understood.
 */

/** 120 bits: above the 112 from which a code may be stored under a plain hash (ASVS 5.0 §6.5.2). */
export const recoveryCodeBytes = 15;

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const characters = (recoveryCodeBytes * 8) / 5;

/** Writes a code for a person. */
export function formatRecoveryCode(bytes: Buffer): string {
  let bits = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let position = 0; position < characters; position += 1) {
    text = (alphabet[Number(bits & 31n)] ?? '') + text;
    bits >>= 5n;
  }
  return text.replace(/(.{4})(?=.)/g, '$1-');
}

/**
 * Reads what a person typed as the code's 24 characters, or null when it cannot be one. Case,
 * blanks and dashes of any kind do not matter; O is read as 0, I and L as 1.
 */
export function parseRecoveryCode(typed: string): string | null {
  const text = typed
    .normalize('NFKC')
    .replace(/[\s\p{Pd}]/gu, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  const isCode = text.length === characters && /^[0-9A-HJKMNP-TV-Z]+$/.test(text);
  return isCode ? text : null;
}
