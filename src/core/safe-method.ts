/** Which methods only read (RFC 9110 §9.2.1). */

/** Says whether a method only reads. */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
