/** `/admin/resets`: requests to reset somebody, the open ones first. */

import type { SessionFacts } from '../../../core/facts.ts';
import { openResetStates, resetStates, type ResetState } from '../../../core/reset-request.ts';
import type { UserId } from '../../../core/ids.ts';
import { listResets, type ResetFilter } from '../../../flows/admin/resets/list-resets.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { administratorOf } from '../administrator.ts';
import type { EmptyState, Filter } from '../blocks.ts';
import { noticeIn } from '../done.ts';
import { pageAsked, pageOf } from '../list-page.ts';
import { resetRow } from './reset-words.ts';
import type { AdminResetsPage } from './resets-views.ts';

const path = '/admin/resets';

/** So many open ones are shown at once; a day has no more of them. */
const openMax = 100;

const closedStates = resetStates.filter((state) => state !== 'pending' && state !== 'approved');

/** Shows a page of them. */
export async function showResets(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, query } = exchange;
  const { say } = parts.renderer.words;
  const admin = administratorOf(exchange);
  const state = stateAsked(query);
  const username = (query.get('person') ?? '').trim();
  const user = username === '' ? null : await idOf(exchange, username);
  const isFirstPage = !query.has('after');
  const list = (filter: ResetFilter, page = pageAsked(exchange)) =>
    user === 'nobody' ? Promise.resolve([]) : listResets(parts.flows, admin, filter, page);

  const of = user === 'nobody' ? null : user;
  const open =
    state === null && isFirstPage
      ? await list({ states: openResetStates, user: of }, { after: null, limit: openMax })
      : null;
  const states = state === null ? closedStates : [state];
  const found = await list({ states, user: of });
  const { rows, pager } = pageOf(exchange, { rows: found, path, keyOf: ({ id }) => id });
  const isActive = state !== null || username !== '';
  const page: AdminResetsPage = {
    page: 'admin-resets',
    filter: filterOf(exchange, { state, username, isActive }),
    open:
      open === null
        ? null
        : {
            rows: open.map((request) => resetRow(exchange, request)),
            empty: open.length > 0 ? null : emptyFor(exchange, 'open', isActive),
          },
    history: {
      title: say(state === null ? 'admin.resets.history' : `admin.reset.${state}`),
      rows: rows.map((request) => resetRow(exchange, request)),
      empty: rows.length > 0 ? null : emptyFor(exchange, 'history', isActive),
    },
    pager,
    notice: noticeIn(exchange),
  };
  return showPage(page);
}

function stateAsked(query: URLSearchParams): ResetState | null {
  return resetStates.find((state) => state === query.get('state')) ?? null;
}

/** Whose requests are asked for; somebody of another tenant is nobody here. */
async function idOf(
  { parts, session }: Exchange<SessionFacts>,
  username: string,
): Promise<UserId | 'nobody'> {
  const user = await parts.flows.stores.users.findByUsername(username);
  return user?.tenant === session.principal.tenant ? user.id : 'nobody';
}

function filterOf(
  { parts }: Exchange,
  asked: {
    readonly state: ResetState | null;
    readonly username: string;
    readonly isActive: boolean;
  },
): Filter {
  const { say } = parts.renderer.words;
  const any = { value: '', label: say('admin.resets.any-state') };
  const states = resetStates.map((value) => ({ value, label: say(`admin.reset.${value}`) }));
  return {
    path,
    isActive: asked.isActive,
    fields: [
      {
        kind: 'search',
        name: 'person',
        label: say('admin.resets.person'),
        value: asked.username,
      },
      {
        kind: 'choice',
        name: 'state',
        label: say('admin.resets.state'),
        value: asked.state ?? '',
        options: [any, ...states],
      },
    ],
  };
}

function emptyFor({ parts }: Exchange, what: 'open' | 'history', isActive: boolean): EmptyState {
  const { say } = parts.renderer.words;
  if (isActive) {
    return {
      title: say('admin.resets.none-found'),
      text: say('admin.resets.none-found.text'),
      action: { path, label: say('admin.filter.clear') },
    };
  }
  return {
    title: say(`admin.resets.none.${what}`),
    text: say(`admin.resets.none.${what}.text`),
    action:
      what === 'open' ? { path: '/admin/users', label: say('admin.resets.find-person') } : null,
  };
}
