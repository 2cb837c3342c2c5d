/** What is posted to `/admin/users/:id`, told apart by `action`. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { SessionKey, UserId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { unreachable } from '../../../core/unreachable.ts';
import { findPerson } from '../../../flows/admin/find-people.ts';
import { changePerson, inviteAgain, unlockCodes } from '../../../flows/admin/people.ts';
import { endSessionAsAdmin, endSessionsOf } from '../../../flows/admin/people-sessions.ts';
import { remind } from '../../../flows/admin/reminders.ts';
import { type Answer, type Exchange, refuse, showPage } from '../../exchange.ts';
import { actionIn, administratorOf } from '../administrator.ts';
import { afterwards, type DoneName } from '../done.ts';
import { errorsOf } from '../field-errors.ts';
import { linkPage } from './link-page.ts';
import { namesIn } from './names-in.ts';
import { fieldsIn } from './new-person.ts';
import { personPage } from './person.ts';
import { personPath } from './person-words.ts';

const actions = [
  'change',
  'invite',
  'remind',
  'unlock',
  'end-session',
  'end-sessions',
  'disable',
  'enable',
] as const;

/** Does what was asked; a refused one shows the page again, with what was typed. */
export async function submitPerson(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const userId = exchange.parameter as UserId;
  const action = actionIn(exchange, actions);
  const { flows } = exchange.parts;
  const admin = administratorOf(exchange);
  try {
    return await carryOut(exchange, userId, action);
  } catch (problem) {
    const errors = errorsOf(problem);
    if (errors === null || !(problem instanceof Problem)) throw problem;
    const story = await findPerson(flows, admin, userId);
    const typed = action === 'change' ? { fields: fieldsIn(exchange) } : {};
    return refuse(problem, await personPage(exchange, story, { ...typed, errors }));
  }
}

async function carryOut(
  exchange: Exchange<SessionFacts>,
  userId: UserId,
  action: (typeof actions)[number],
): Promise<Answer> {
  const { flows } = exchange.parts;
  const admin = administratorOf(exchange);
  const done = (name: DoneName) => afterwards(exchange, personPath(userId), name);
  switch (action) {
    case 'change':
      return changeRecord(exchange, userId);
    case 'invite': {
      const link = await inviteAgain(flows, admin, userId);
      const { user, hasPassword } = await findPerson(flows, admin, userId);
      const purpose = hasPassword ? 'new-password' : 'invitation';
      return showPage(linkPage(exchange, user, link, purpose));
    }
    case 'remind': {
      const { sent } = await remind(flows, admin, { whom: [userId] });
      return done(sent === 0 ? 'reminder-not-sent' : 'reminder-sent');
    }
    case 'unlock':
      await unlockCodes(flows, admin, userId);
      return done('codes-unlocked');
    case 'end-session':
      await endSessionAsAdmin(flows, admin, (exchange.form.get('session') ?? '') as SessionKey);
      return done('session-ended');
    case 'end-sessions':
      await endSessionsOf(flows, admin, userId);
      return done('sessions-ended');
    case 'disable':
      await changePerson(flows, admin, { userId, isDisabled: true });
      return done('person-disabled');
    case 'enable':
      await changePerson(flows, admin, { userId, isDisabled: false });
      return done('person-enabled');
    default:
      return unreachable(action);
  }
}

async function changeRecord(exchange: Exchange<SessionFacts>, userId: UserId): Promise<Answer> {
  const { parts, form } = exchange;
  const { displayName, email, groups, networks } = fieldsIn(exchange);
  await changePerson(parts.flows, administratorOf(exchange), {
    userId,
    displayName: displayName.trim(),
    email: email.trim() === '' ? null : email.trim(),
    groups: namesIn(groups),
    ...(form.has('networks') && { networks: namesIn(networks) }),
  });
  return afterwards(exchange, personPath(userId), 'person-changed');
}
