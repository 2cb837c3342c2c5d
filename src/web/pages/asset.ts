/** `/assets/<name>`: the files that pages load. Only what was read at start can be asked for. */

import { Problem } from '../../core/problem.ts';
import type { Exchange, FileAnswer } from '../exchange.ts';

/** Answers with one of our files; for good when it was asked for by its version. */
export function showAsset(exchange: Exchange): FileAnswer {
  const asset = exchange.parts.renderer.assets.get(exchange.parameter);
  if (asset === undefined) throw new Problem('not-found');
  const isThisVersion = exchange.query.get('v') === asset.version;
  return {
    kind: 'file',
    body: asset.body,
    contentType: asset.contentType,
    etag: asset.etag,
    cacheControl: isThisVersion ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
}
