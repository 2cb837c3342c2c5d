/** WebSockets and long answers that are open at this instance, for whoever may end them. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { SessionKey, UserId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { endSessionOfStream } from '../../../flows/admin/people-sessions.ts';
import type { Exchange, ListedStream } from '../../exchange.ts';
import { administratorOf } from '../administrator.ts';
import { momentsOf } from '../moment.ts';
import { mayChange } from '../people/person-parts.ts';
import { addressInWords, personPath } from '../people/person-words.ts';
import type { AdminSessionsPage } from './sessions-views.ts';

/** So many are shown; ten thousand can be open. */
const shownMax = 100;

/** What is open, the newest first; on the first page of the sessions only. */
export function streamsOf(
  exchange: Exchange<SessionFacts>,
  path: string,
): Pick<AdminSessionsPage, 'streams' | 'streamsNote'> {
  if (exchange.query.has('after')) return { streams: [], streamsNote: null };
  const { count } = exchange.parts.renderer.words;
  const open = openTo(exchange).toSorted((one, other) => other.openedAt - one.openedAt);
  return {
    streams: open.slice(0, shownMax).map((stream) => rowOf(exchange, stream, path)),
    streamsNote: open.length > shownMax ? count('admin.streams.more', open.length) : null,
  };
}

/** Ends the session that a stream hangs on. Throws the problem `not-found` when there is none. */
export async function endStream(
  exchange: Exchange<SessionFacts>,
  asked: { readonly userId: UserId; readonly lineage: SessionKey },
): Promise<void> {
  const stream = openTo(exchange).find(
    ({ session }) => session.lineage === asked.lineage && session.principal.id === asked.userId,
  );
  if (stream === undefined) throw new Problem('not-found');
  await endSessionOfStream(exchange.parts.flows, administratorOf(exchange), stream.session);
}

function openTo({ parts, session }: Exchange<SessionFacts>): readonly ListedStream[] {
  return parts.openStreams(session.principal.tenant);
}

function rowOf(
  exchange: Exchange<SessionFacts>,
  { kind, openedAt, request, routeName, session }: ListedStream,
  path: string,
): AdminSessionsPage['streams'][number] {
  const { say } = exchange.parts.renderer.words;
  const { principal, lineage } = session;
  const name = principal.displayName;
  return {
    username: principal.username,
    path: personPath(principal.id),
    kind: say(`admin.stream.${kind}`),
    route: routeName,
    target: request.path,
    address: addressInWords(exchange, request.ip),
    opened: momentsOf(exchange)(openedAt),
    end: mayChange(exchange, principal)
      ? {
          path,
          action: 'end-stream',
          fields: { session: lineage, user: principal.id },
          label: say('admin.end-stream'),
          spoken: say('admin.end-stream.whose', { name, path: request.path }),
          question: say('admin.end-stream.question', { name }),
          confirm: say('admin.end-session.confirm'),
          isDangerous: true,
        }
      : null,
  };
}
