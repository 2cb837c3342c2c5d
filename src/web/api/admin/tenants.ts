/** How a tenant stands, reminding its people, and what it demands of them. */

import { z } from 'zod';
import type { UserId } from '../../../core/ids.ts';
import { enrollmentStatuses } from '../../../core/policy/enrollment-status.ts';
import { type TierMap, tierOf, tiers } from '../../../core/policy/mfa-policy.ts';
import { listPeopleWithout, mfaStatusOf } from '../../../flows/admin/mfa-status.ts';
import { remind } from '../../../flows/admin/reminders.ts';
import { changeTenantSettings } from '../../../flows/admin/tenant-settings.ts';
import { graceDaysMax } from '../../../flows/admin/tenants.ts';
import type { ListedPerson } from '../../../stores/types/administration.ts';
import type { Tenant } from '../../../stores/types.ts';
import { instant, instantOrNull, method } from '../answers.ts';
import { forAdministrator, type Operation, reply } from '../operation.ts';
import { keysetOf, pageAnswer, pageQuery } from '../paging.ts';
import { ownTenant } from './own-tenant.ts';

const tag = 'Tenants';

const status = z.enum(enrollmentStatuses);

const personWithout = z
  .strictObject({
    id: z.string(),
    username: z.string(),
    display_name: z.string(),
    email: z.string().nullable(),
    tier: z.enum(tiers),
    status,
    enrolled: z.array(method),
    enroll_by: instant.nullable(),
  })
  .meta({ id: 'UserWithoutMfa', description: 'Somebody who has not enrolled all that counts.' });

const mfaStatus = z
  .strictObject({
    tenant_id: z.string(),
    total: z.int().describe('People; neither disabled ones nor service accounts.'),
    enrolled: z.int(),
    in_grace: z.int(),
    missing: z.int(),
    not_asked: z.int().describe('Have none and need none.'),
    by_tier: z.array(z.strictObject({ tier: z.enum(tiers), status, people: z.int() })),
    by_method: z.record(method.exclude(['password']), z.int()),
    users_without_mfa: z.array(personWithout).describe('A page of them, by username.'),
    next_cursor: z.string().nullable().describe('For the next page of `users_without_mfa`.'),
  })
  .meta({ id: 'TenantMfaStatus', description: 'How far a tenant is with the second step.' });

const settings = z
  .strictObject({
    tenant_id: z.string(),
    mfa_required: z.boolean(),
    mfa_grace_period_days: z.int(),
    grace_ends_at: instant.nullable().describe('Of whoever was there before; null: there is none.'),
  })
  .meta({ id: 'TenantSettings', description: 'What a tenant demands.' });

/** Rows of the table. */
export const tenantOperations: readonly Operation[] = [
  forAdministrator('view', {
    method: 'GET',
    path: '/tenants/{tenant_id}/mfa-status',
    id: 'showTenantMfaStatus',
    tag,
    summary: 'How many people have enrolled, and who has not',
    query: pageQuery,
    answers: { 200: { description: 'How the tenant stands.', body: mfaStatus } },
    problems: ['not-found'],
    answer: async (call) => {
      const { parts, config, admin, query } = call;
      const tenant = ownTenant(call);
      const { totals, byTier, byMethod } = await mfaStatusOf(parts.flows, admin);
      const rows = await listPeopleWithout(parts.flows, admin, keysetOf(query));
      const page = pageAnswer(rows, query, {
        item: (row: ListedPerson) => personAnswer(row, config.policy.tiers),
        after: ({ user }) => user.username,
      });
      return reply(200, {
        tenant_id: tenant,
        total: totals.total,
        enrolled: totals.enrolled,
        in_grace: totals['in-grace'],
        missing: totals.missing,
        not_asked: totals['not-asked'],
        by_tier: byTier,
        by_method: byMethod,
        users_without_mfa: page.items,
        next_cursor: page.next_cursor,
      });
    },
  }),
  forAdministrator('manage', {
    method: 'POST',
    path: '/tenants/{tenant_id}/mfa-reminders',
    id: 'remindUsers',
    tag,
    summary: 'Remind people by mail to set up their second step',
    description:
      'Each person at most once in a day. All are reminded in batches: while `next_after` is not ' +
      'null, send it as `after`.',
    body: z
      .strictObject({
        user_ids: z.array(z.string().max(100)).min(1).max(500).optional(),
        whom: z
          .enum(['all-missing', 'all-in-grace'])
          .optional()
          .describe('Instead of `user_ids`; `all-missing` where neither is given.'),
        after: z.string().max(200).optional(),
      })
      .refine(({ user_ids, whom }) => user_ids === undefined || whom === undefined, {
        message: 'Give user_ids or whom, not both.',
      })
      .prefault({}),
    answers: {
      200: {
        description: 'The mails are on their way.',
        body: z.strictObject({
          sent: z.int(),
          skipped: z
            .int()
            .describe('Reminded today already, without an address, or with nothing due.'),
          next_after: z.string().nullable(),
        }),
      },
    },
    problems: ['not-found', 'not-permitted', 'conflict', 'step-up-required'],
    examples: { everybody: { whom: 'all-missing' } },
    answer: async (call) => {
      ownTenant(call);
      const { parts, admin, body } = call;
      const whom = (body.user_ids as readonly UserId[] | undefined) ?? body.whom ?? 'all-missing';
      const input = { whom, after: body.after ?? null };
      const { sent, skipped, next } = await remind(parts.flows, admin, input);
      return reply(200, { sent, skipped, next_after: next?.after ?? null });
    },
  }),
  forAdministrator('manage', {
    method: 'PATCH',
    path: '/tenants/{tenant_id}/settings',
    id: 'changeTenantSettings',
    tag,
    summary: 'Set what the tenant demands of its people',
    description:
      'What is left out stays. Administrators get no exception, and no grace that has ended is ' +
      'opened again.',
    body: z.strictObject({
      mfa_required: z.boolean().optional(),
      mfa_grace_period_days: z.int().min(0).max(graceDaysMax).optional(),
    }),
    answers: { 200: { description: 'The settings in force.', body: settings } },
    problems: ['not-found', 'not-permitted', 'step-up-required'],
    examples: { 'two weeks': { mfa_required: true, mfa_grace_period_days: 14 } },
    answer: async (call) => {
      ownTenant(call);
      const { parts, admin, body } = call;
      const changed = await changeTenantSettings(parts.flows, admin, {
        ...(body.mfa_required !== undefined && { isMfaRequired: body.mfa_required }),
        ...(body.mfa_grace_period_days !== undefined && {
          gracePeriodDays: body.mfa_grace_period_days,
        }),
      });
      return reply(200, settingsAnswer(changed));
    },
  }),
];

function personAnswer(
  { user, status: standing, enrolled, enrollBy }: ListedPerson,
  tierMap: TierMap,
): z.output<typeof personWithout> {
  return {
    id: user.id,
    username: user.username,
    display_name: user.displayName,
    email: user.email,
    tier: tierOf(user, tierMap),
    status: standing ?? 'not-asked',
    enrolled: [...enrolled],
    enroll_by: instantOrNull(enrollBy),
  };
}

function settingsAnswer({ id, rules, gracePeriodDays }: Tenant): z.output<typeof settings> {
  return {
    tenant_id: id,
    mfa_required: rules.isMfaRequired,
    mfa_grace_period_days: gracePeriodDays,
    grace_ends_at: rules.isMfaRequired ? instantOrNull(rules.graceEndsAt) : null,
  };
}
