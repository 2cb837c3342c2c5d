/**
 * What was just done, said once on the page that comes after. It stands in the address by a name
 * from a closed list, so that nobody can write a sentence into our page by a link.
 */

import { type Exchange, redirectTo, type RedirectAnswer } from '../exchange.ts';

/** Everything that is said, each by `admin.done.<name>`. */
export const doneNames = [
  'settings-changed',
  'person-created',
  'person-changed',
  'person-disabled',
  'person-enabled',
  'reminder-sent',
  'reminder-not-sent',
  'codes-unlocked',
  'session-ended',
  'sessions-ended',
  'reset-requested',
  'reset-approved',
  'reset-rejected',
  'reset-cancelled',
  'reset-executed',
  'enrollment-supervised',
  'evidence-collected',
  'evidence-running',
] as const;

/** Something that was done. */
export type DoneName = (typeof doneNames)[number];

/** On to a page of the administration, which says what was done. */
export function afterwards(
  { config }: Pick<Exchange, 'config'>,
  path: string,
  done: DoneName,
): RedirectAnswer {
  const mark = path.includes('?') ? '&' : '?';
  return redirectTo(`${config.portal.url}${path}${mark}done=${done}`);
}

/** The sentence that the address asks for; or null. */
export function noticeIn({ query, parts }: Pick<Exchange, 'query' | 'parts'>): string | null {
  const done = doneNames.find((name) => name === query.get('done'));
  return done === undefined ? null : parts.renderer.words.say(`admin.done.${done}`);
}
