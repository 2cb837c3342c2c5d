/**
 * Names for requests. Our own, always: a client's would let it write into our log under the name
 * of another request.
 */

import { idBytes, idFrom, type RequestId } from '../core/ids.ts';
import type { Random } from '../platform/random.ts';

/** Makes names for requests. */
export type NewRequestId = () => RequestId;

/** Asking for twelve random bytes costs as much as asking for thousands. */
const idsAtOnce = 256;

/** Makes a source of names. */
export function requestIds(random: Random): NewRequestId {
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === pool.length) {
      pool = random.bytes(idBytes * idsAtOnce);
      at = 0;
    }
    at += idBytes;
    return idFrom('request', pool.subarray(at - idBytes, at));
  };
}
