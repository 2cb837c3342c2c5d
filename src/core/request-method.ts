/** Request methods that no door passes on, whoever asks. */

const neverPassedOn: ReadonlySet<string> = new Set(['TRACE', 'TRACK', 'CONNECT']);

/**
 * Says whether a method goes further than ourselves. TRACE would show the upstream's headers, ours
 * included, to whoever asks; CONNECT asks for a tunnel.
 */
export function isPassedOn(method: string): boolean {
  return !neverPassedOn.has(method);
}
