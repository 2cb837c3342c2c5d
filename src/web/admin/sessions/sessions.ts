/** `/admin/sessions`: who is signed in in the tenant, and what they have open here. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { SessionKey, UserId } from '../../../core/ids.ts';
import { unreachable } from '../../../core/unreachable.ts';
import {
  endSessionAsAdmin,
  endSessionsOf,
  listSessions,
} from '../../../flows/admin/people-sessions.ts';
import type { User } from '../../../stores/types.ts';
import type { ListedSession } from '../../../stores/types/administration.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { actionIn, administratorOf } from '../administrator.ts';
import type { Confirmation } from '../blocks.ts';
import { afterwards, noticeIn } from '../done.ts';
import { pageAsked, pageOf } from '../list-page.ts';
import { momentsOf } from '../moment.ts';
import { deviceInWords, endConfirmation, mayChange } from '../people/person-parts.ts';
import { addressInWords, personPath, proofsInWords } from '../people/person-words.ts';
import { endStream, streamsOf } from './streams.ts';
import type { AdminSessionsPage } from './sessions-views.ts';

const path = '/admin/sessions';

/** Shows a page of sessions and, on the first one, the open streams of this instance. */
export async function showSessions(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts } = exchange;
  const { say } = parts.renderer.words;
  const { after, limit } = pageAsked(exchange);
  const found = await listSessions(parts.flows, administratorOf(exchange), {
    after: after as SessionKey | null,
    limit,
  });
  const { rows, pager } = pageOf(exchange, {
    rows: found,
    path,
    keyOf: ({ session }) => session.key,
  });
  return showPage({
    page: 'admin-sessions',
    rows: rows.map((listed) => rowOf(exchange, listed)),
    pager,
    empty:
      rows.length > 0
        ? null
        : {
            title: say('admin.sessions.none'),
            text: say('admin.sessions.none.text'),
            action: null,
          },
    ...streamsOf(exchange, path),
    notice: noticeIn(exchange),
  });
}

/** Ends what was asked. */
export async function submitSessions(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, form } = exchange;
  const admin = administratorOf(exchange);
  const action = actionIn(exchange, ['end-session', 'end-sessions', 'end-stream']);
  const userId = (form.get('user') ?? '') as UserId;
  const key = (form.get('session') ?? '') as SessionKey;
  switch (action) {
    case 'end-session':
      await endSessionAsAdmin(parts.flows, admin, key);
      return afterwards(exchange, path, 'session-ended');
    case 'end-sessions':
      await endSessionsOf(parts.flows, admin, userId);
      return afterwards(exchange, path, 'sessions-ended');
    case 'end-stream':
      await endStream(exchange, { userId, lineage: key });
      return afterwards(exchange, path, 'session-ended');
    default:
      return unreachable(action);
  }
}

function rowOf(
  exchange: Exchange<SessionFacts>,
  { session, user }: ListedSession,
): AdminSessionsPage['rows'][number] {
  const momentOf = momentsOf(exchange);
  return {
    username: user.username,
    displayName: user.displayName,
    path: personPath(user.id),
    device: deviceInWords(exchange, session),
    address: addressInWords(exchange, session.ip),
    proofs: proofsInWords(exchange, session.proofs),
    began: momentOf(session.createdAt),
    seen: momentOf(session.lastSeenAt),
    isThisOne: session.key === exchange.session.key,
    actions: mayChange(exchange, user)
      ? [
          endConfirmation(exchange, session, { path, name: user.displayName }),
          endAllConfirmation(exchange, user),
        ]
      : [],
  };
}

function endAllConfirmation(
  { parts }: Exchange,
  { id, displayName: name }: Pick<User, 'id' | 'displayName'>,
): Confirmation {
  const { say } = parts.renderer.words;
  return {
    path,
    action: 'end-sessions',
    fields: { user: id },
    label: say('admin.end-all'),
    spoken: say('admin.end-all.whose', { name }),
    question: say('admin.do.end-sessions.question', { name }),
    confirm: say('admin.do.end-sessions.confirm'),
    isDangerous: true,
  };
}
