/** `/admin/users/:id`: everything about one person, as a story, and what can be done about it. */

import type { SessionFacts } from '../../../core/facts.ts';
import type { UserId } from '../../../core/ids.ts';
import { isAbove } from '../../../core/policy/administration.ts';
import { tierOf } from '../../../core/policy/mfa-policy.ts';
import { findPerson, type PersonStory } from '../../../flows/admin/find-people.ts';
import { type Answer, type Exchange, redirectTo, showPage } from '../../exchange.ts';
import { administratorOf, mayDo } from '../administrator.ts';
import type { Fact } from '../blocks.ts';
import { noticeIn } from '../done.ts';
import { momentsOf } from '../moment.ts';
import { guardInWords } from '../resets/reset-words.ts';
import { groupsToHandOut } from './new-person.ts';
import { personActions } from './person-actions.ts';
import { devicesOf, eventsOf, resetItems, sessionsOf } from './person-parts.ts';
import { methodIcon, personBadges, personPath, untilInWords } from './person-words.ts';
import type { AdminUserPage, PersonFields } from './people-views.ts';

/** Shows the story. */
export async function showPerson(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const id = exchange.parameter as UserId;
  const story = await findPerson(exchange.parts.flows, administratorOf(exchange), id);
  return showPage(await personPage(exchange, story, {}));
}

/** Back to the page of a form that has none of its own, after a step-up. */
export function showPersonInstead({ config, parameter }: Exchange): Answer {
  return redirectTo(config.portal.url + personPath(parameter as UserId));
}

/** What a refused form leaves: what was typed, and what is wrong with it. */
export interface PersonPageDifferences {
  readonly fields?: PersonFields;
  readonly errors?: AdminUserPage['errors'];
}

/** The page of somebody. */
export async function personPage(
  exchange: Exchange<SessionFacts>,
  story: PersonStory,
  { fields, errors = [] }: PersonPageDifferences,
): Promise<AdminUserPage> {
  const { config, parts } = exchange;
  const { words } = parts.renderer;
  const momentOf = momentsOf(exchange);
  const { user } = story;
  const whyNot = whyNotChanged(exchange, user);
  const canChange = whyNot === null && mayDo(exchange, 'manage');
  const isService = user.kind === 'service';
  return {
    page: 'admin-user',
    username: user.username,
    displayName: user.displayName,
    path: personPath(user.id),
    isService,
    badges: personBadges(story, words),
    facts: factsOf(exchange, story),
    warnings: warningsOf(exchange, story),
    authenticators: story.authenticators.map(({ method, name, createdAt, lastUsedAt }) => ({
      icon: methodIcon(method),
      name,
      method: words.say(`audit.method.${method}`),
      added: momentOf(createdAt),
      used: lastUsedAt === null ? null : momentOf(lastUsedAt),
    })),
    recoveryCodes:
      story.recoveryCodesLeft === 0
        ? null
        : words.count('admin.person.codes-left', story.recoveryCodesLeft),
    sessions: sessionsOf(exchange, story, canChange),
    devices: devicesOf(exchange, story),
    links: story.links.map(({ kind, createdBy, expiresAt }) => ({
      text: words.say(`admin.person.link.${kind}`, { by: createdBy }),
      until: momentOf(expiresAt),
    })),
    apiKeys: story.apiKeys.map(({ name, lastUsedAt }) => ({
      name,
      used: lastUsedAt === null ? null : momentOf(lastUsedAt),
    })),
    events: await eventsOf(exchange, story),
    eventsPath: `/admin/audit?person=${encodeURIComponent(user.username)}`,
    resets: resetItems(exchange, story, 'admin.person.reset'),
    fields: fields ?? {
      username: user.username,
      displayName: user.displayName,
      email: user.email ?? '',
      groups: user.groups.join(', '),
      networks: user.networks.join(', '),
    },
    knownGroups: groupsToHandOut(exchange),
    knownNetworks: [...config.policy.networks.keys()].sort(),
    canChange,
    whyNot: mayDo(exchange, 'manage') ? whyNot : null,
    ...personActions(exchange, story, canChange),
    notice: noticeIn(exchange),
    errors,
  };
}

function whyNotChanged(
  { config, parts, session }: Exchange<SessionFacts>,
  user: PersonStory['user'],
): string | null {
  const { say } = parts.renderer.words;
  if (user.id === session.principal.id) return say('admin.person.yourself');
  const isHigher = isAbove(user, session.principal, config.policy.tiers);
  return isHigher ? say('admin.person.above', { name: user.displayName }) : null;
}

function factsOf(
  exchange: Exchange<SessionFacts>,
  { user, status, enrollBy, hasPassword }: PersonStory,
): readonly Fact[] {
  const { say } = exchange.parts.renderer.words;
  const momentOf = momentsOf(exchange);
  const fact = (term: string, text: string | null, more: Partial<Fact> = {}): Fact => ({
    term: say(`admin.person.fact.${term}`),
    text,
    ...more,
  });
  const none = say('admin.person.none');
  return [
    fact('username', user.username, { isCode: true }),
    fact('email', user.email ?? none),
    fact('tier', tierOf(user, exchange.config.policy.tiers)),
    fact('groups', user.groups.length === 0 ? none : user.groups.join(', ')),
    ...(user.kind === 'service' ? [fact('networks', user.networks.join(', '))] : []),
    ...(status === 'in-grace' && enrollBy !== null
      ? [fact('due', null, { moment: momentOf(enrollBy) })]
      : []),
    ...(user.kind === 'user'
      ? [fact('password', say(hasPassword ? 'admin.person.password' : 'admin.person.no-password'))]
      : []),
    fact('created', null, { moment: momentOf(user.createdAt) }),
  ];
}

function warningsOf(
  exchange: Exchange<SessionFacts>,
  { user, status, lockedUntil }: PersonStory,
): AdminUserPage['warnings'] {
  const { say } = exchange.parts.renderer.words;
  const name = user.displayName;
  const { enrollGuard } = user;
  return [
    ...(user.isDisabled
      ? [{ tone: 'warning', text: say('admin.person.warn.disabled', { name }) } as const]
      : []),
    ...(lockedUntil === null
      ? []
      : [
          {
            tone: 'warning',
            text: say('admin.person.warn.locked', { until: untilInWords(exchange, lockedUntil) }),
          } as const,
        ]),
    ...(enrollGuard === null
      ? []
      : [
          {
            tone: 'warning',
            text: guardInWords(exchange, enrollGuard, name),
          } as const,
        ]),
    ...(status === 'missing' && enrollGuard === null && !user.isDisabled
      ? [{ tone: 'danger', text: say('admin.person.warn.missing', { name }) } as const]
      : []),
  ];
}
