/** What a caller has after a rise in assurance: a browser another session, a program another token. */

import type { NewSession, Visit } from '../../flows/flow-context.ts';
import { risenToken } from '../../flows/tokens/issue-token.ts';
import { rotateSession } from '../session.ts';
import type { Desk } from '../write-answer.ts';
import type { Caller } from './caller.ts';
import type { Risen } from './operation.ts';

/** Makes `rise` for one call. */
export function riseOf(
  desk: Desk,
  caller: Caller,
  visit: Visit,
): (next: NewSession) => Promise<Risen> {
  const { parts, config, req, res, now } = desk;
  return async (next) => {
    if (caller.by !== 'token') {
      const rising = { parts, config, req, res, visit, now, old: caller.session };
      return { session: await rotateSession(rising, next), issued: null };
    }
    const ctx = { ...parts.flows, signer: parts.signer };
    const issued = await risenToken(ctx, visit, { old: caller.session, next });
    return { session: issued.session, issued };
  };
}
