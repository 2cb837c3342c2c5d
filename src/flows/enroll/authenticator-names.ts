/** What people call their authenticators: to tell them apart, on pages, in mail and in the audit log. */

import type { SessionFacts } from '../../core/facts.ts';
import type { Stores } from '../../stores/types.ts';

/** Longest name, in characters as people count them. */
const charactersMax = 60;

/** The name as it is kept, or null: it must have 1 to 60 printable characters. */
export function authenticatorNameIn(text: string): string | null {
  const name = text.normalize('NFC').trim();
  // Control characters and those that turn the direction of text would let a name pose as
  // something else wherever it is shown.
  const isPrintable = /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(name);
  return isPrintable && Array.from(name).length <= charactersMax ? name : null;
}

/** The name with a number where the person has another authenticator of that name. */
export async function unusedName(
  stores: Stores,
  session: SessionFacts,
  name: string,
): Promise<string> {
  const all = await stores.authenticators.listOfUser(session.principal.id);
  const taken = new Set(all.map((authenticator) => authenticator.name));
  if (!taken.has(name)) return name;
  const numbered = Array.from({ length: all.length + 1 }, (_, index) => `${name} ${index + 2}`);
  return numbered.find((candidate) => !taken.has(candidate)) ?? name;
}
