/** One row of the table of our own pages, and how rows are written. */

import assert from 'node:assert/strict';
import type { SessionFacts } from '../core/facts.ts';
import type { AdminPermission } from '../core/policy/administration.ts';
import { noteNotPermitted, type Who } from './access.ts';
import { withAdminFrame } from './admin/frame.ts';
import type { Answer, Exchange, Handler } from './exchange.ts';

/**
 * How often an address may ask. `code` is for forms that take a guess, `page` for all other
 * pages; passwords and codes are counted again, by account, in the flows. `file` costs nothing to
 * answer and is not counted.
 */
export type LimitClass = 'page' | 'code' | 'file';

/** One of our own URLs. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** A segment that begins with a colon stands for any one segment. */
  readonly path: string;
  readonly who: Who;
  readonly csrf: 'on' | 'off';
  readonly limit: LimitClass;
  /** What a role must allow; null: the page is not of the administration. */
  readonly permission: AdminPermission | null;
  answer(exchange: Exchange): Promise<Answer>;
}

/** A page that needs no session. */
export function forAnyone(
  method: Endpoint['method'],
  path: string,
  csrf: Endpoint['csrf'],
  limit: LimitClass,
  handler: Handler<SessionFacts | null>,
): Endpoint {
  const answer = async (asked: Exchange): Promise<Answer> => handler(asked);
  return { method, path, who: 'anyone', csrf, limit, permission: null, answer };
}

/**
 * A page of the administration: from its network, for whoever may do this, freshly proved. It is
 * shown inside the frame of the administration.
 */
export function admin(
  method: Endpoint['method'],
  path: string,
  permission: AdminPermission,
  csrf: Endpoint['csrf'],
  handler: Handler<SessionFacts>,
): Endpoint {
  const answer: Handler<SessionFacts> = async (exchange) => {
    try {
      const given = await handler(exchange);
      if (given.kind === 'refusal') noteNotPermitted(exchange, given.problem);
      return await withAdminFrame(exchange, given);
    } catch (error) {
      noteNotPermitted(exchange, error);
      throw error;
    }
  };
  return { ...row(method, path, 'administrator', csrf, 'page', answer), permission };
}

/** A page for whoever has proved enough. */
export function row(
  method: Endpoint['method'],
  path: string,
  who: Exclude<Who, 'anyone'>,
  csrf: Endpoint['csrf'],
  limit: LimitClass,
  handler: Handler<SessionFacts>,
): Endpoint {
  return {
    method,
    path,
    who,
    csrf,
    limit,
    permission: null,
    answer: async (asked) => {
      const { session } = asked;
      assert.ok(session !== null, 'admission lets nobody in without a session');
      return handler({ ...asked, session });
    },
  };
}
