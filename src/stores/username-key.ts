/**
 * How usernames compare: the same person, however the name was typed.
 *
 * Security: one account has one key, so that limits and uniqueness cannot be walked around by
 * spelling (`Anna`, `ANNA`, full-width letters).
 */

/** The form under which a username is unique: NFKC, with differences of case folded away. */
export function usernameKey(username: string): string {
  // Up and down again, because lower-casing alone leaves some letters apart that are the same in
  // capitals (final sigma, sharp s). NFKC twice, because folding can undo it.
  return username.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
