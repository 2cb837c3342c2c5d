/** `/.well-known/jwks.json`: the keys that upstreams check our assertions with (RFC 7517 §5). */

import type { Exchange, FileAnswer } from '../exchange.ts';

/** Answers with the public keys. Cached briefly, so that a new key is known in good time. */
export async function showKeySet(exchange: Exchange): Promise<FileAnswer> {
  const keySet = await exchange.parts.jwks();
  return {
    kind: 'file',
    body: Buffer.from(JSON.stringify(keySet)),
    contentType: 'application/json',
    etag: null,
    cacheControl: 'public, max-age=300',
  };
}
