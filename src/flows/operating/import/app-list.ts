/**
 * The list of authenticator apps that people enrolled in another product: one `otpauth://` URI on a
 * line, or a username, a tab and the URI.
 */

import type { TotpCredential, TotpEnrollment } from '../../../methods/method.ts';
import type { LineFault } from './people-table.ts';

/** An app that somebody has. */
export interface ListedApp {
  readonly line: number;
  /** Username or e-mail address, in lower case. */
  readonly account: string;
  readonly issuer: string | null;
  readonly secretBits: number;
  readonly credential: TotpCredential;
}

/** What is asked of secrets: RFC 4226 §4 wants 128 bits, and nobody should have less than 80. */
export interface SecretRules {
  readonly bitsMin: 80 | 128;
}

/**
 * Reads the list. Of two lines for one account, and of two accounts with one secret, the second is
 * a fault: who of them typed a code could not be told.
 */
export function readAppList(
  text: string,
  { readUri }: Pick<TotpEnrollment, 'readUri'>,
  { bitsMin }: SecretRules,
): { readonly apps: readonly ListedApp[]; readonly faults: readonly LineFault[] } {
  const apps: ListedApp[] = [];
  const faults: LineFault[] = [];
  const byAccount = new Map<string, number>();
  const bySecret = new Map<string, number>();
  for (const [index, written] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    if (written.trim() === '' || written.startsWith('#')) continue;
    const refuse = (sentence: string): void => void faults.push({ line, sentence });

    const tab = written.indexOf('\t');
    const reading = readUri(written.slice(tab + 1).trim());
    if (!reading.ok) {
      refuse(reading.sentence);
      continue;
    }
    const account = (tab === -1 ? reading.account : written.slice(0, tab)).trim().toLowerCase();
    const { credential, secretBits } = reading;
    if (secretBits < bitsMin) {
      refuse(tooShort(secretBits));
      continue;
    }
    const [sameAccount, sameSecret] = [byAccount.get(account), bySecret.get(credential.secret)];
    if (sameAccount !== undefined) {
      refuse(`There is an app of this account on line ${String(sameAccount)} already.`);
    } else if (sameSecret !== undefined) {
      refuse(`This is the secret of line ${String(sameSecret)}. Each person has their own.`);
    } else {
      byAccount.set(account, line);
      bySecret.set(credential.secret, line);
      apps.push({ line, account, issuer: reading.issuer, secretBits, credential });
    }
  }
  return { apps, faults };
}

function tooShort(bits: number): string {
  const advice =
    bits < 80
      ? 'Leave it out: this person enrolls anew.'
      : 'Leave it out, and this person enrolls anew; or take it all the same with ' +
        '--allow-weak-secrets.';
  return `The secret has ${String(bits)} bits, and at least 128 are safe (RFC 4226). ${advice}`;
}
