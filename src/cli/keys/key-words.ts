/** What is said of keys and what they are for, in words. */

import { unreachable } from '../../core/unreachable.ts';
import type { KeyNeed } from '../../flows/operating/old-keys.ts';
import { zonedTime } from '../../web/zoned-time.ts';

/** A number of sealed texts. */
export function valuesInWords(count: number): string {
  return count === 1 ? '1 value' : `${count.toLocaleString('en')} values`;
}

/** What an old key is still needed for. */
export function needInWords(need: KeyNeed, timeZone: string): string {
  switch (need.kind) {
    case 'sealed':
      return `${valuesInWords(need.count)} sealed under it`;
    case 'recovery-codes':
      return `${codes(need.count)} that were hashed with it (gone with a new set or a used one)`;
    case 'nameless-recovery-codes':
      return `${codes(need.count)} of which nobody can say with which key they were hashed`;
    case 'cookies':
      return `cookies in browsers until ${zonedTime(timeZone).full(need.until)}`;
    default:
      return unreachable(need);
  }
}

function codes(count: number): string {
  return count === 1 ? '1 recovery code' : `${count.toLocaleString('en')} recovery codes`;
}
