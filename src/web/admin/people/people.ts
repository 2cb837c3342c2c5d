/** `/admin/users`: the people and service accounts of the tenant, by name. */

import type { SessionFacts } from '../../../core/facts.ts';
import { enrollmentStatuses } from '../../../core/policy/enrollment-status.ts';
import { tiers } from '../../../core/policy/mfa-policy.ts';
import { countPeople, type PeopleSearch, searchPeople } from '../../../flows/admin/find-people.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { administratorOf, mayDo } from '../administrator.ts';
import type { Filter, Option } from '../blocks.ts';
import { noticeIn } from '../done.ts';
import { pageAsked, pageOf } from '../list-page.ts';
import { personRow } from './person-words.ts';

const path = '/admin/users';

/** Nothing longer than this is looked for. */
const searchMax = 100;

const states = ['enabled', 'disabled', 'locked'] as const;

/** Shows a page of people. */
export async function showPeople(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts } = exchange;
  const { words } = parts.renderer;
  const admin = administratorOf(exchange);
  const search = searchIn(exchange);
  const [found, count] = await Promise.all([
    searchPeople(parts.flows, admin, search, pageAsked(exchange)),
    countPeople(parts.flows, admin, search),
  ]);
  const { rows, pager } = pageOf(exchange, {
    rows: found,
    path,
    keyOf: ({ user }) => user.username,
  });
  const filter = filterOf(exchange);
  return showPage({
    page: 'admin-users',
    filter,
    count: words.count(filter.isActive ? 'admin.people.found' : 'admin.people.count', count),
    rows: rows.map((person) => personRow(exchange, person)),
    pager,
    empty: rows.length > 0 ? null : emptyState(exchange, filter.isActive),
    canCreate: mayDo(exchange, 'manage'),
    notice: noticeIn(exchange),
  });
}

function searchIn({ query }: Pick<Exchange, 'query'>): PeopleSearch {
  const text = (query.get('q') ?? '').trim().slice(0, searchMax);
  const group = (query.get('group') ?? '').trim().slice(0, searchMax);
  const state = oneOf(states, query.get('state'));
  return {
    text: text === '' ? null : text,
    tier: oneOf(tiers, query.get('tier')),
    group: group === '' ? null : group,
    status: oneOf(enrollmentStatuses, query.get('status')),
    method: oneOf(['totp', 'webauthn'], query.get('method')),
    kind: oneOf(['user', 'service'], query.get('kind')),
    isDisabled: state === 'disabled' ? true : state === 'enabled' ? false : null,
    isLocked: state === 'locked' ? true : null,
  };
}

function oneOf<Name extends string>(names: readonly Name[], asked: string | null): Name | null {
  return names.find((name) => name === asked) ?? null;
}

function filterOf({ query, parts }: Exchange): Filter {
  const { say } = parts.renderer.words;
  const choice = (name: string, values: readonly string[], label: (value: string) => string) => {
    const options: readonly Option[] = [
      { value: '', label: say('admin.people.any') },
      ...values.map((value) => ({ value, label: label(value) })),
    ];
    const value = oneOf(values, query.get(name)) ?? '';
    return {
      kind: 'choice',
      name,
      label: say(`admin.people.field.${name}`),
      value,
      options,
    } as const;
  };
  const text = (name: 'q' | 'group', kind: 'search' | 'text') => {
    const value = (query.get(name) ?? '').slice(0, searchMax);
    return { kind, name, label: say(`admin.people.field.${name}`), value } as const;
  };
  const fields = [
    text('q', 'search'),
    choice('status', enrollmentStatuses, (status) => say(`admin.status.${status}`)),
    choice('tier', tiers, (tier) => tier),
    choice('method', ['totp', 'webauthn'], (method) => say(`method.${method}`)),
    choice('state', states, (state) => say(`admin.people.state.${state}`)),
    choice('kind', ['user', 'service'], (kind) => say(`admin.kind.${kind}`)),
    text('group', 'text'),
  ];
  return { path, fields, isActive: fields.some(({ value }) => value.trim() !== '') };
}

function emptyState({ parts }: Exchange, isFiltered: boolean) {
  const { say } = parts.renderer.words;
  return isFiltered
    ? {
        title: say('admin.people.none-found'),
        text: say('admin.people.none-found.text'),
        action: { path, label: say('admin.filter.clear') },
      }
    : {
        title: say('admin.people.none'),
        text: say('admin.people.none.text'),
        action: { path: `${path}/new`, label: say('admin.people.new') },
      };
}
