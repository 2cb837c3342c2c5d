/**
 * Which new passwords are taken (NIST SP 800-63B-4 §3.1.1.2, ASVS 5.0 §6.2).
 *
 * Long enough, and not among those that are guessed first. No rules on what kinds of characters
 * there must be, no expiry, every printable character counts, blanks included.
 *
 * Guessed first is what can be put together from few well-known parts. Each part costs a guesser
 * some bits; a password whose cheapest reading costs too little is refused.
 */

import type { PasswordContext, PasswordRefusal } from '../method.ts';
import { guessedWords, keyWalks, numberSequences } from './guessed-words.ts';
import { passwordBytes, passwordBytesMax } from './password-hasher.ts';

/** A password whose cheapest reading costs a guesser fewer bits than this is refused. */
const guessingBitsMin = 28;

/** What the parts of a password cost a guesser, in bits. */
const cost = {
  word: 10,
  contextWord: 2,
  walk: 7,
  repeatedCharacter: 6,
  repeatedPart: 1,
  year: 6,
  date: 13,
  disguise: 1,
  // Single characters that belong to no part: as many bits as their kind has choices.
  digit: 3.3,
  letter: 4.7,
  mark: 5,
  other: 6,
} as const;

const longestPart = 40;
const walkPieces: ReadonlySet<string> = new Set(
  [
    ...keyWalks.flatMap((walk) => piecesOf(walk, { lengthMin: 3 })),
    ...numberSequences.flatMap((sequence) => piecesOf(sequence, { lengthMin: 5 })),
  ].flatMap((piece) => [piece, reversed(piece)]),
);

/** Characters that stand for letters: `p@ssw0rd`. */
const disguises: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '€': 'e',
  '1': 'i',
  '!': 'i',
  '|': 'l',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
  '+': 't',
};

/** Says why a new password is not taken, or null when it is. */
export function passwordRefusal(
  password: string,
  context: PasswordContext,
): PasswordRefusal | null {
  if (!password.isWellFormed() || /\p{Cc}/u.test(password)) {
    return {
      reason: 'not-typeable',
      sentence:
        'The password holds a character that cannot be typed. Use letters, digits, marks and blanks.',
    };
  }
  if (Array.from(password.normalize('NFC')).length < context.lengthMin) {
    return {
      reason: 'too-short',
      sentence: `The password is too short. Use at least ${String(context.lengthMin)} characters; a few words in a row are easy to remember.`,
    };
  }
  if (passwordBytes(password).length > passwordBytesMax) {
    return {
      reason: 'too-long',
      sentence: `The password is too long. Use at most ${String(passwordBytesMax)} bytes.`,
    };
  }
  const folded = fold(password);
  if (guessingBits(folded, guessedWords, new Set()) < guessingBitsMin) {
    return {
      reason: 'too-common',
      sentence:
        'The password is made of parts that are guessed first. Use words that have nothing to do with each other, or let a password manager choose.',
    };
  }
  if (guessingBits(folded, guessedWords, contextWords(context)) < guessingBitsMin) {
    return {
      reason: 'too-close-to-the-name',
      sentence:
        'The password is too close to the user name or the name of this service. Use something that does not remind of them.',
    };
  }
  return null;
}

function fold(password: string): string {
  return password.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function contextWords(context: PasswordContext): ReadonlySet<string> {
  const names = ['sallyport', context.username, context.issuer];
  const parts = names.flatMap((name) => [fold(name), ...fold(name).split(/[^\p{L}\p{N}]+/u)]);
  return new Set(parts.filter((part) => part.length >= 3));
}

/**
 * The bits of the cheapest way to read the text as a row of parts. `cheapest[end]` is the price of
 * the first `end` characters; each part that ends there is tried.
 */
function guessingBits(
  text: string,
  words: ReadonlySet<string>,
  context: ReadonlySet<string>,
): number {
  // Both ends of a very long one, so that judging it stays a matter of milliseconds.
  const looked = text.length > 128 ? text.slice(0, 64) + text.slice(-64) : text;
  const cheapest = [0];
  for (let end = 1; end <= looked.length; end += 1) {
    let best = Number.POSITIVE_INFINITY;
    for (let start = Math.max(0, end - longestPart); start < end; start += 1) {
      const part = looked.slice(start, end);
      const isRepeated = part.length > 1 && looked.slice(0, start).endsWith(part);
      const price = isRepeated ? cost.repeatedPart : bitsOfPart(part, words, context);
      best = Math.min(best, (cheapest[start] ?? 0) + price);
    }
    cheapest.push(best);
  }
  return cheapest.at(-1) ?? 0;
}

function bitsOfPart(
  part: string,
  words: ReadonlySet<string>,
  context: ReadonlySet<string>,
): number {
  if (part.length === 1) return bitsOfCharacter(part);
  if (context.has(part)) return cost.contextWord;
  if (walkPieces.has(part) || walkPieces.has(withoutDoubles(part))) return cost.walk;
  if (words.has(part)) return cost.word;
  if (/^(?<first>.)\k<first>+$/u.test(part)) return cost.repeatedCharacter;
  if (/^(?:19|20)\d\d$/.test(part)) return cost.year;
  if (/^(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)?\d\d$/.test(part)) return cost.date;

  for (const reading of [undisguised(part), reversed(part)]) {
    if (context.has(reading)) return cost.contextWord + cost.disguise;
    if (words.has(reading)) return cost.word + cost.disguise;
  }
  return Number.POSITIVE_INFINITY;
}

function bitsOfCharacter(character: string): number {
  if (character >= '0' && character <= '9') return cost.digit;
  if (character >= 'a' && character <= 'z') return cost.letter;
  return character >= ' ' && character <= '~' ? cost.mark : cost.other;
}

function undisguised(part: string): string {
  return part.replace(/[^a-z]/g, (character) => disguises[character] ?? character);
}

function reversed(part: string): string {
  return Array.from(part).reverse().join('');
}

/** `112233` as `123`; left alone unless each character stands twice. */
function withoutDoubles(part: string): string {
  return /^(?:(?<one>.)\k<one>)+$/u.test(part) ? part.replace(/(.)./gu, '$1') : part;
}

function piecesOf(walk: string, { lengthMin }: { readonly lengthMin: number }): readonly string[] {
  const pieces: string[] = [];
  for (let start = 0; start < walk.length; start += 1) {
    for (let end = start + lengthMin; end <= walk.length; end += 1) {
      pieces.push(walk.slice(start, end));
    }
  }
  return pieces;
}
