/**
 * Every secret of a run, to look for afterwards where none may stand.
 *
 * They are kept in memory for as long as the run lasts, and never written down: not in the report,
 * which names their kinds and places only.
 */

import { bytesOf } from './authenticator-app.ts';

/** What somebody could do something with. */
export type SecretKind =
  | 'a password'
  | 'a TOTP secret'
  | 'a TOTP code'
  | 'a recovery code'
  | 'the private key of a passkey'
  | 'a session id'
  | 'a token'
  | 'a one-time link';

/** A secret that stands where it must not. */
export interface Find {
  readonly kind: SecretKind;
  /** `authenticators.name`, `the log`. */
  readonly place: string;
}

interface Kept {
  readonly kind: SecretKind;
  readonly spellings: readonly string[];
  /** So short that it could stand somewhere by chance: counts only where nothing touches it. */
  readonly isShort: boolean;
}

/** The secrets of one run. */
export interface KeptSecrets {
  add(kind: SecretKind, secret: string): void;
  /** How many there are of each kind. */
  counts(): ReadonlyMap<SecretKind, number>;
  /** The kinds of secrets that a text holds, in any spelling. */
  kindsIn(text: string): readonly SecretKind[];
  /** The same without those that could stand in other people's text by chance. */
  longKindsIn(text: string): readonly SecretKind[];
}

const shortCharactersMax = 8;

/** Keeps nothing yet. */
export function keepSecrets(): KeptSecrets {
  const all = new Map<string, Kept>();
  const kindsAmong = (some: readonly Kept[], text: string): readonly SecretKind[] => {
    const found = some.filter((kept) => kept.spellings.some((one) => stands(one, text, kept)));
    return [...new Set(found.map(({ kind }) => kind))];
  };
  return {
    add(kind, secret) {
      const isShort = secret.length <= shortCharactersMax;
      all.set(`${kind} ${secret}`, { kind, spellings: spellingsOf(kind, secret), isShort });
    },
    counts() {
      const counts = new Map<SecretKind, number>();
      for (const { kind } of all.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return counts;
    },
    kindsIn: (text) => kindsAmong([...all.values()], text),
    longKindsIn: (text) =>
      kindsAmong(
        [...all.values()].filter(({ isShort }) => !isShort),
        text,
      ),
  };
}

/** Other ways in which a program could have written the same. */
function spellingsOf(kind: SecretKind, secret: string): readonly string[] {
  const others: Partial<Record<SecretKind, readonly string[]>> = {
    'a password': encodingsOf(Buffer.from(secret)),
    'a TOTP secret': [secret.toLowerCase(), ...encodingsOf(bytesOf(secret))],
    'a recovery code': [secret.replaceAll('-', ''), secret.toLowerCase()],
  };
  return [secret, ...(others[kind] ?? [])];
}

function encodingsOf(bytes: Buffer): readonly string[] {
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  return [bytes.toString('hex'), base64, bytes.toString('base64url')];
}

function stands(spelling: string, text: string, { isShort }: Kept): boolean {
  if (!isShort) return text.includes(spelling);
  for (let at = text.indexOf(spelling); at !== -1; at = text.indexOf(spelling, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + spelling.length] ?? ' ';
    // Part of a longer number, hash or fraction of a second is no code.
    if (!/[\w.-]/.test(before) && !/[\w-]/.test(after)) return true;
  }
  return false;
}
