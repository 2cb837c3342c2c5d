/** `/admin/users/new`: a person, who chooses their own password by a link, or a service account. */

import type { SessionFacts } from '../../../core/facts.ts';
import { mayHandOut } from '../../../core/policy/administration.ts';
import { Problem } from '../../../core/problem.ts';
import { createPerson } from '../../../flows/admin/people.ts';
import { type Answer, type Exchange, refuse, showPage } from '../../exchange.ts';
import { administratorOf } from '../administrator.ts';
import { afterwards } from '../done.ts';
import { errorsOf } from '../field-errors.ts';
import { namesIn } from './names-in.ts';
import { linkPage } from './link-page.ts';
import type { AdminNewUserPage, PersonFields } from './people-views.ts';
import { personPath } from './person-words.ts';

const noFields: PersonFields = {
  username: '',
  displayName: '',
  email: '',
  groups: '',
  networks: '',
};

/** Shows the form, for a person or with `?kind=service` for a service account. */
export function showNewPerson(exchange: Exchange<SessionFacts>): Answer {
  const kind = exchange.query.get('kind') === 'service' ? 'service' : 'user';
  return showPage(pageWith(exchange, kind, noFields, []));
}

/** Makes the account and shows the link, this once. */
export async function submitNewPerson(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, form } = exchange;
  const kind = form.get('kind') === 'service' ? 'service' : 'user';
  const fields = fieldsIn(exchange);
  const email = fields.email.trim();
  try {
    const { user, invitation } = await createPerson(parts.flows, administratorOf(exchange), {
      kind,
      username: fields.username.trim(),
      displayName:
        fields.displayName.trim() === '' ? fields.username.trim() : fields.displayName.trim(),
      email: email === '' ? null : email,
      groups: namesIn(fields.groups),
      networks: kind === 'service' ? namesIn(fields.networks) : [],
    });
    return invitation === null
      ? afterwards(exchange, personPath(user.id), 'person-created')
      : showPage(linkPage(exchange, user, invitation, 'invitation'));
  } catch (problem) {
    const errors = errorsOf(problem);
    if (errors === null || !(problem instanceof Problem)) throw problem;
    return refuse(problem, pageWith(exchange, kind, fields, errors));
  }
}

/** What was typed about a person. */
export function fieldsIn({ form }: Pick<Exchange, 'form'>): PersonFields {
  const of = (name: string): string => form.get(name) ?? '';
  return {
    username: of('username'),
    displayName: of('display_name'),
    email: of('email'),
    groups: of('groups'),
    networks: of('networks'),
  };
}

/** Groups that mean something to the policy, as far as this administrator may hand them out. */
export function groupsToHandOut({
  config,
  session,
}: Pick<Exchange<SessionFacts>, 'config' | 'session'>): readonly string[] {
  const { policy, routes } = config;
  const named = [
    ...policy.tiers.keys(),
    ...Object.values(policy.roleGroups).flat(),
    ...routes.flatMap(({ rules }) => rules.flatMap(({ audience }) => audience?.groups ?? [])),
  ];
  return [...new Set(named)].filter((group) => mayHandOut(group, session.principal, policy)).sort();
}

function pageWith(
  exchange: Exchange<SessionFacts>,
  kind: AdminNewUserPage['kind'],
  fields: PersonFields,
  errors: AdminNewUserPage['errors'],
): AdminNewUserPage {
  const { config } = exchange;
  return {
    page: 'admin-new-user',
    kind,
    fields,
    knownGroups: groupsToHandOut(exchange),
    knownNetworks: [...config.policy.networks.keys()].sort(),
    isInvited: config.local.isEnabled,
    isMailed: config.mail !== null,
    errors,
  };
}
