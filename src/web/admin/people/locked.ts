/** `/admin/locked`: people whose codes are paused after too many wrong ones. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { UserId } from '../../../core/ids.ts';
import { tierOf } from '../../../core/policy/mfa-policy.ts';
import { everybody, searchPeople } from '../../../flows/admin/find-people.ts';
import { unlockCodes } from '../../../flows/admin/people.ts';
import type { ListedPerson } from '../../../stores/types/administration.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { actionIn, administratorOf, mayDo } from '../administrator.ts';
import type { Confirmation } from '../blocks.ts';
import { afterwards, noticeIn } from '../done.ts';
import { pageAsked, pageOf } from '../list-page.ts';
import { momentsOf } from '../moment.ts';
import type { AdminLockedPage } from './people-views.ts';
import { personPath } from './person-words.ts';

const path = '/admin/locked';

/** Shows who is locked. */
export async function showLocked(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts } = exchange;
  const { say } = parts.renderer.words;
  const search = { ...everybody, isLocked: true };
  const found = await searchPeople(
    parts.flows,
    administratorOf(exchange),
    search,
    pageAsked(exchange),
  );
  const { rows, pager } = pageOf(exchange, {
    rows: found,
    path,
    keyOf: ({ user }) => user.username,
  });
  return showPage({
    page: 'admin-locked',
    rows: rows.map((person) => rowOf(exchange, person)),
    pager,
    empty:
      rows.length > 0
        ? null
        : { title: say('admin.locked.none'), text: say('admin.locked.none.text'), action: null },
    notice: noticeIn(exchange),
  });
}

/** Lifts a pause. */
export async function submitLocked(exchange: Exchange<SessionFacts>): Promise<Answer> {
  actionIn(exchange, ['unlock']);
  const userId = (exchange.form.get('user') ?? '') as UserId;
  await unlockCodes(exchange.parts.flows, administratorOf(exchange), userId);
  return afterwards(exchange, path, 'codes-unlocked');
}

function rowOf(
  exchange: Exchange<SessionFacts>,
  { user, enrolled, lockedUntil }: ListedPerson,
): AdminLockedPage['rows'][number] {
  const { config, now } = exchange;
  return {
    path: personPath(user.id),
    username: user.username,
    displayName: user.displayName,
    tier: tierOf(user, config.policy.tiers),
    until: momentsOf(exchange)(lockedUntil ?? now),
    hasPasskey: enrolled.includes('webauthn'),
    eventsPath: `/admin/audit?type=second-factor&person=${encodeURIComponent(user.username)}`,
    unlock: unlockConfirmation(exchange, user, path),
  };
}

/** The button that lifts a pause; null for whoever may not press it. */
export function unlockConfirmation(
  exchange: Exchange<SessionFacts>,
  { id, displayName }: ListedPerson['user'],
  at: string,
): Confirmation | null {
  const { parts, session } = exchange;
  if (!mayDo(exchange, 'manage') || id === session.principal.id) return null;
  const { say } = parts.renderer.words;
  return {
    path: at,
    action: 'unlock',
    fields: { user: id },
    label: say('admin.unlock'),
    spoken: say('admin.unlock.whom', { name: displayName }),
    question: say('admin.unlock.question', { name: displayName }),
    confirm: say('admin.unlock.confirm'),
    isDangerous: false,
  };
}
