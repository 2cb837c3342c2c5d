/** Live sessions of the tenant, and ending them. */

import { z } from 'zod';
import { deviceName } from '../../../core/device-name.ts';
import type { SessionKey } from '../../../core/ids.ts';
import { sessionEndsAt } from '../../../core/session-facts.ts';
import { endSessionAsAdmin, listSessions } from '../../../flows/admin/people-sessions.ts';
import type { ListedSession } from '../../../stores/types/administration.ts';
import type { Config } from '../../../config/config.ts';
import { instant, instantOf, method, success } from '../answers.ts';
import { forAdministrator, type Operation, reply } from '../operation.ts';
import { keysetOf, pageAnswer, pageOf, pageQuery } from '../paging.ts';

const tag = 'Sessions';

const session = z
  .strictObject({
    id: z.string().describe('A name of the session; no secret, nobody gets in by it.'),
    user_id: z.string(),
    username: z.string(),
    created_at: instant,
    last_seen_at: instant,
    expires_at: instant,
    ip: z.string(),
    device: z
      .string()
      .nullable()
      .meta({ examples: ['Firefox on Linux'] }),
    proofs: z.array(
      z.strictObject({
        method,
        at: instant,
        origin: z.enum(['answer', 'enrollment', 'remembered']),
      }),
    ),
  })
  .meta({ id: 'Session', description: "A browser's session." });

/** Rows of the table. */
export const sessionOperations: readonly Operation[] = [
  forAdministrator('view', {
    method: 'GET',
    path: '/sessions',
    id: 'listSessions',
    tag,
    summary: "Your tenant's live sessions, used last first",
    query: pageQuery,
    answers: { 200: { description: 'A page of them.', body: pageOf(session) } },
    answer: async ({ parts, config, admin, query }) => {
      const { after } = keysetOf(query);
      const page = { after: after as SessionKey | null, limit: query.limit + 1 };
      const rows = await listSessions(parts.flows, admin, page);
      const of = {
        item: (row: ListedSession) => sessionAnswer(row, config),
        after: (row: ListedSession) => row.session.key,
      };
      return reply(200, pageAnswer(rows, query, of));
    },
  }),
  forAdministrator('manage', {
    method: 'DELETE',
    path: '/sessions/{id}',
    id: 'endSession',
    tag,
    summary: 'End a session, and what rests on it',
    answers: { 200: { description: 'It has ended.', body: success } },
    problems: ['not-found', 'not-permitted', 'conflict', 'step-up-required'],
    answer: async ({ parts, admin, parameters }) => {
      await endSessionAsAdmin(parts.flows, admin, (parameters['id'] ?? '') as SessionKey);
      return reply(200, { success: true });
    },
  }),
];

function sessionAnswer(
  { session: live, user }: ListedSession,
  { sessions }: Pick<Config, 'sessions'>,
): z.output<typeof session> {
  return {
    id: live.key,
    user_id: user.id,
    username: user.username,
    created_at: instantOf(live.createdAt),
    last_seen_at: instantOf(live.lastSeenAt),
    expires_at: instantOf(sessionEndsAt(live, sessions)),
    ip: live.ip,
    device: deviceName(live.userAgent),
    proofs: live.proofs.map(({ method: by, at, origin }) => ({
      method: by,
      at: instantOf(at),
      origin,
    })),
  };
}
