/** What an operator types to back up a PostgreSQL database and to put it back. */

import type { Secret } from '../../platform/secret.ts';

/** The command lines, without a password: PostgreSQL's tools take it from where they are told. */
export function postgresCommands(
  url: Secret,
  file: string,
): { readonly dump: string; readonly restore: string } {
  const place = new URL(url.reveal());
  place.password = '';
  return {
    dump: `pg_dump --format=custom --no-owner --file=${quoted(file)} ${quoted(place.href)}`,
    restore: `pg_restore --no-owner --exit-on-error --dbname=${quoted(place.href)} ${quoted(file)}`,
  };
}

/** One word for a shell. */
function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
