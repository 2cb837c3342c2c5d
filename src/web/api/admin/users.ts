/** People and service accounts of the tenant. */

import { z } from 'zod';
import type { UserId } from '../../../core/ids.ts';
import { enrollmentStatuses } from '../../../core/policy/enrollment-status.ts';
import { type TierMap, tierOf, tiers } from '../../../core/policy/mfa-policy.ts';
import { findPerson, searchPeople } from '../../../flows/admin/find-people.ts';
import { endSessionsOf } from '../../../flows/admin/people-sessions.ts';
import {
  changePerson,
  createPerson,
  inviteAgain,
  unlockCodes,
} from '../../../flows/admin/people.ts';
import type { ListedPerson } from '../../../stores/types/administration.ts';
import type { User } from '../../../stores/types.ts';
import { instant, instantOf, instantOrNull, method, success } from '../answers.ts';
import { forAdministrator, type Operation, reply } from '../operation.ts';
import { keysetOf, pageAnswer, pageOf, pageQuery } from '../paging.ts';

const tag = 'People';

const account = {
  id: z.string().meta({ examples: ['usr_3q2-7wEjRWeJq83v'] }),
  kind: z.enum(['user', 'service']),
  username: z.string(),
  display_name: z.string(),
  email: z.string().nullable(),
  tenant_id: z.string(),
  groups: z.array(z.string()),
  tier: z.enum(tiers),
  networks: z.array(z.string()).describe('Services: the networks they may come from.'),
  disabled: z.boolean(),
  created_at: instant,
};

const user = z.strictObject(account).meta({ id: 'User', description: 'An account.' });

const standing = {
  enrolled: z.array(method),
  recovery_codes_left: z.int(),
  status: z.enum(enrollmentStatuses).nullable().describe('Null for services.'),
  enroll_by: instant.nullable(),
  locked_until: instant.nullable().describe('Second-factor codes are paused until then.'),
};

const listedUser = z
  .strictObject({ ...account, ...standing })
  .meta({ id: 'ListedUser', description: 'An account, and how far it is with enrolling.' });

const userInFull = z
  .strictObject({
    ...account,
    ...standing,
    has_password: z.boolean(),
    authenticators: z.array(
      z.strictObject({
        id: z.string(),
        method,
        name: z.string(),
        created_at: instant,
        last_used_at: instant.nullable(),
      }),
    ),
    sessions: z.int().describe('How many are live.'),
  })
  .meta({ id: 'UserInFull', description: 'An account with what it has enrolled.' });

const invitation = z
  .strictObject({
    url: z.string().describe('One-time link, shown this once.'),
    expires_at: instant,
  })
  .meta({ id: 'Invitation', description: 'By it the person chooses a password.' });

const truth = z.enum(['true', 'false']).transform((text) => text === 'true');

const idOf = (parameters: Readonly<Record<string, string>>): UserId =>
  (parameters['id'] ?? '') as UserId;

const changeProblems = ['not-found', 'not-permitted', 'conflict', 'step-up-required'] as const;

/** Rows of the table. */
export const userOperations: readonly Operation[] = [
  forAdministrator('view', {
    method: 'GET',
    path: '/users',
    id: 'listUsers',
    tag,
    summary: "Your tenant's accounts, by username",
    query: pageQuery.extend({
      text: z.string().max(100).optional().describe('The beginning of a name or address.'),
      tier: z.enum(tiers).optional(),
      group: z.string().max(100).optional(),
      status: z.enum(enrollmentStatuses).optional(),
      method: z.enum(['totp', 'webauthn']).optional(),
      kind: z.enum(['user', 'service']).optional(),
      disabled: truth.optional().meta({ type: 'boolean' }),
      locked: truth.optional().meta({ type: 'boolean' }),
    }),
    answers: { 200: { description: 'A page of them.', body: pageOf(listedUser) } },
    answer: async ({ parts, config, admin, query }) => {
      const search = {
        text: query.text ?? null,
        tier: query.tier ?? null,
        group: query.group ?? null,
        status: query.status ?? null,
        method: query.method ?? null,
        kind: query.kind ?? null,
        isDisabled: query.disabled ?? null,
        isLocked: query.locked ?? null,
      };
      const rows = await searchPeople(parts.flows, admin, search, keysetOf(query));
      const of = {
        item: (row: ListedPerson) => listedUserAnswer(row, config.policy.tiers),
        after: (row: ListedPerson) => row.user.username,
      };
      return reply(200, pageAnswer(rows, query, of));
    },
  }),
  forAdministrator('manage', {
    method: 'POST',
    path: '/users',
    id: 'createUser',
    tag,
    summary: 'Make an account',
    description:
      'A person is invited by a one-time link and chooses their own password; nobody else sets it.',
    body: z.strictObject({
      kind: z.enum(['user', 'service']).default('user'),
      username: z.string().max(200),
      display_name: z.string().max(200).optional(),
      email: z.string().max(300).nullable().default(null),
      groups: z.array(z.string().max(100)).max(200).default([]),
      networks: z.array(z.string().max(100)).max(50).default([]),
    }),
    answers: {
      201: {
        description: 'It was made.',
        body: z.strictObject({ user, invitation: invitation.nullable() }),
      },
    },
    problems: ['not-permitted', 'step-up-required'],
    examples: {
      person: {
        username: 'erin',
        display_name: 'Erin Example',
        email: 'erin@example.com',
        groups: ['PROJECT-OWNERS'],
      },
      service: { kind: 'service', username: 'batch-runner', networks: ['zone-e'] },
    },
    answer: async ({ parts, config, admin, body }) => {
      const { display_name, ...rest } = body;
      const input = { ...rest, displayName: display_name ?? body.username };
      const created = await createPerson(parts.flows, admin, input);
      const link = created.invitation;
      return reply(201, {
        user: userAnswer(created.user, config.policy.tiers),
        invitation: link === null ? null : { url: link.url, expires_at: instantOf(link.expiresAt) },
      });
    },
  }),
  forAdministrator('view', {
    method: 'GET',
    path: '/users/{id}',
    id: 'showUser',
    tag,
    summary: 'One account',
    answers: { 200: { description: 'The account.', body: userInFull } },
    problems: ['not-found'],
    answer: async ({ parts, config, admin, parameters }) => {
      const found = await findPerson(parts.flows, admin, idOf(parameters));
      return reply(200, {
        ...listedUserAnswer(found, config.policy.tiers),
        has_password: found.hasPassword,
        authenticators: found.authenticators.map((one) => ({
          id: one.id,
          method: one.method,
          name: one.name,
          created_at: instantOf(one.createdAt),
          last_used_at: instantOrNull(one.lastUsedAt),
        })),
        sessions: found.sessions.length,
      });
    },
  }),
  forAdministrator('manage', {
    method: 'PATCH',
    path: '/users/{id}',
    id: 'changeUser',
    tag,
    summary: 'Change an account',
    description: 'What is left out stays. Disabling ends every session, token and stream at once.',
    body: z.strictObject({
      display_name: z.string().max(200).optional(),
      email: z.string().max(300).nullable().optional(),
      groups: z.array(z.string().max(100)).max(200).optional(),
      networks: z.array(z.string().max(100)).max(50).optional(),
      disabled: z.boolean().optional(),
    }),
    answers: { 200: { description: 'It was changed.', body: z.strictObject({ user }) } },
    problems: changeProblems,
    answer: async ({ parts, config, admin, parameters, body }) => {
      const change = {
        userId: idOf(parameters),
        ...(body.display_name !== undefined && { displayName: body.display_name }),
        ...(body.email !== undefined && { email: body.email }),
        ...(body.groups !== undefined && { groups: body.groups }),
        ...(body.networks !== undefined && { networks: body.networks }),
        ...(body.disabled !== undefined && { isDisabled: body.disabled }),
      };
      const changed = await changePerson(parts.flows, admin, change);
      return reply(200, { user: userAnswer(changed, config.policy.tiers) });
    },
  }),
  forAdministrator('manage', {
    method: 'POST',
    path: '/users/{id}/invitation',
    id: 'inviteUser',
    tag,
    summary: 'Make a one-time link by which the person chooses a password',
    answers: {
      200: {
        description: 'The link; earlier ones are dead.',
        body: z.strictObject({ invitation }),
      },
    },
    problems: changeProblems,
    answer: async ({ parts, admin, parameters }) => {
      const link = await inviteAgain(parts.flows, admin, idOf(parameters));
      const made = { url: link.url, expires_at: instantOf(link.expiresAt) };
      return reply(200, { invitation: made });
    },
  }),
  forAdministrator('manage', {
    method: 'POST',
    path: '/users/{id}/unlock',
    id: 'unlockUser',
    tag,
    summary: 'Let somebody type codes again',
    answers: {
      200: { description: 'They may.', body: z.strictObject({ was_locked: z.boolean() }) },
    },
    problems: changeProblems,
    answer: async ({ parts, admin, parameters }) => {
      const { wasLocked } = await unlockCodes(parts.flows, admin, idOf(parameters));
      return reply(200, { was_locked: wasLocked });
    },
  }),
  forAdministrator('manage', {
    method: 'DELETE',
    path: '/users/{id}/sessions',
    id: 'endSessionsOfUser',
    tag,
    summary: 'End all sessions, tokens and streams of somebody',
    answers: { 200: { description: 'They have ended.', body: success } },
    problems: changeProblems,
    answer: async ({ parts, admin, parameters }) => {
      await endSessionsOf(parts.flows, admin, idOf(parameters));
      return reply(200, { success: true });
    },
  }),
];

function userAnswer(one: User, tierMap: TierMap): z.output<typeof user> {
  return {
    id: one.id,
    kind: one.kind,
    username: one.username,
    display_name: one.displayName,
    email: one.email,
    tenant_id: one.tenant,
    groups: [...one.groups],
    tier: tierOf(one, tierMap),
    networks: [...one.networks],
    disabled: one.isDisabled,
    created_at: instantOf(one.createdAt),
  };
}

function listedUserAnswer(row: ListedPerson, tierMap: TierMap): z.output<typeof listedUser> {
  return {
    ...userAnswer(row.user, tierMap),
    enrolled: [...row.enrolled],
    recovery_codes_left: row.recoveryCodesLeft,
    status: row.status,
    enroll_by: instantOrNull(row.enrollBy),
    locked_until: instantOrNull(row.lockedUntil),
  };
}
