/** What a search for people looks at, and what it looks for, in one spelling. */

import { usernameKey } from './username-key.ts';

/** Name, display name and address, each on a line of its own, so that no search spans two. */
export function searchText(user: {
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
}): string {
  return [user.username, user.displayName, user.email ?? ''].map(usernameKey).join('\n');
}

/** A LIKE pattern (escape sign `\`) that finds a text anywhere in a search text. */
export function searchPattern(text: string): string {
  return `%${usernameKey(text).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}
