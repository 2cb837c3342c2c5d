/** What can be done about somebody: what helps them, and what takes something away. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { PersonStory } from '../../../flows/admin/find-people.ts';
import type { Exchange } from '../../exchange.ts';
import { mayDo } from '../administrator.ts';
import type { Confirmation } from '../blocks.ts';
import { enrollmentConfirmations } from '../resets/enrollment.ts';
import { unlockConfirmation } from './locked.ts';
import type { AdminUserPage } from './people-views.ts';
import { personPath } from './person-words.ts';

/** The buttons, each with the question that it asks first. */
export function personActions(
  exchange: Exchange<SessionFacts>,
  story: PersonStory,
  canChange: boolean,
): Pick<AdminUserPage, 'helpful' | 'dangerous' | 'resetPath'> {
  const { user } = story;
  const isSelf = user.id === exchange.session.principal.id;
  return {
    helpful: [
      ...enrollmentConfirmations(exchange, user),
      ...(canChange ? helpfulFor(exchange, story) : []),
    ],
    dangerous: canChange ? dangerousFor(exchange, story) : [],
    resetPath:
      !isSelf && user.kind === 'user' && mayDo(exchange, 'request-reset')
        ? `${personPath(user.id)}/reset`
        : null,
  };
}

function helpfulFor(
  exchange: Exchange<SessionFacts>,
  { user, status, lockedUntil, hasPassword }: PersonStory,
): readonly Confirmation[] {
  const { config } = exchange;
  if (user.kind === 'service' || user.isDisabled) return [];
  const owes = status === 'missing' || status === 'in-grace';
  const unlock = unlockConfirmation(exchange, user, personPath(user.id));
  return [
    ...(lockedUntil !== null && unlock !== null ? [unlock] : []),
    ...(owes && config.mail !== null && user.email !== null
      ? [question(exchange, user, 'remind', false)]
      : []),
    ...(config.local.isEnabled
      ? [question(exchange, user, hasPassword ? 'new-password' : 'invite', false)]
      : []),
  ];
}

function dangerousFor(
  exchange: Exchange<SessionFacts>,
  { user, sessions }: PersonStory,
): readonly Confirmation[] {
  return [
    ...(sessions.length > 0 ? [question(exchange, user, 'end-sessions', true)] : []),
    user.isDisabled
      ? question(exchange, user, 'enable', false)
      : question(exchange, user, user.kind === 'service' ? 'disable-service' : 'disable', true),
  ];
}

function question(
  { parts }: Exchange,
  { id, displayName: name }: PersonStory['user'],
  what:
    | 'remind'
    | 'new-password'
    | 'invite'
    | 'end-sessions'
    | 'enable'
    | 'disable'
    | 'disable-service',
  isDangerous: boolean,
): Confirmation {
  const { say } = parts.renderer.words;
  const actions = { 'new-password': 'invite', 'disable-service': 'disable' } as const;
  const action = what === 'new-password' || what === 'disable-service' ? actions[what] : what;
  return {
    path: personPath(id),
    action,
    label: say(`admin.do.${what}`),
    question: say(`admin.do.${what}.question`, { name }),
    confirm: say(`admin.do.${what}.confirm`),
    isDangerous,
  };
}
