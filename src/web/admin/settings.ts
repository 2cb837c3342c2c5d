/** `/admin/settings`: what the tenant demands of its people, and what a change would come to. */

import type { SessionFacts } from '../../core/facts.ts';
import { Problem } from '../../core/problem.ts';
import { graceDaysMax } from '../../flows/admin/tenants.ts';
import {
  changeTenantSettings,
  outlookOfSettings,
  settingsOf,
} from '../../flows/admin/tenant-settings.ts';
import type { Tenant } from '../../stores/types.ts';
import { type Answer, type Exchange, refuse, showPage } from '../exchange.ts';
import { zonedTime } from '../zoned-time.ts';
import { administratorOf, mayDo } from './administrator.ts';
import type { AdminFieldError } from './blocks.ts';
import { afterwards, noticeIn } from './done.ts';
import { errorsOf } from './field-errors.ts';
import { tenantName } from './frame.ts';
import type { AdminSettingsPage } from './settings-views.ts';

const path = '/admin/settings';

/** Settings as they were typed. */
interface Typed {
  readonly isMfaRequired: boolean;
  readonly gracePeriodDays: string;
}

/** Shows the settings; asked with others, says what these would come to. */
export async function showSettings(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const tenant = await settingsOf(exchange.parts.flows, administratorOf(exchange));
  const typed = typedIn(exchange.query);
  if (typed === null) return showPage(await pageWith(exchange, tenant, current(tenant), []));
  const error = daysError(exchange, typed);
  const page = await pageWith(exchange, tenant, typed, error === null ? [] : [error]);
  return error === null ? showPage(page) : refuse(new Problem('validation-failed'), page);
}

/** Saves them. */
export async function submitSettings(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, form } = exchange;
  const admin = administratorOf(exchange);
  const typed = typedIn(form);
  if (typed === null) {
    throw new Problem('invalid-request', { detail: 'The form does not say what to demand.' });
  }
  try {
    await changeTenantSettings(parts.flows, admin, settled(typed));
    return afterwards(exchange, path, 'settings-changed');
  } catch (problem) {
    const errors = errorsOf(problem);
    if (errors === null || !(problem instanceof Problem)) throw problem;
    const tenant = await settingsOf(parts.flows, admin);
    return refuse(problem, await pageWith(exchange, tenant, typed, errors));
  }
}

function typedIn(given: { get(name: string): string | null | undefined }): Typed | null {
  const required = given.get('mfa_required');
  const days = given.get('mfa_grace_period_days');
  if (required !== 'yes' && required !== 'no') return null;
  return { isMfaRequired: required === 'yes', gracePeriodDays: (days ?? '').trim().slice(0, 20) };
}

function current({ rules, gracePeriodDays }: Tenant): Typed {
  return { isMfaRequired: rules.isMfaRequired, gracePeriodDays: String(gracePeriodDays) };
}

function settled({ isMfaRequired, gracePeriodDays }: Typed) {
  const isWhole = /^\d{1,6}$/.test(gracePeriodDays);
  return { isMfaRequired, gracePeriodDays: isWhole ? Number(gracePeriodDays) : Number.NaN };
}

function daysError({ parts }: Exchange, typed: Typed): AdminFieldError | null {
  const { gracePeriodDays: days } = settled(typed);
  if (days >= 0 && days <= graceDaysMax) return null;
  const message = parts.renderer.words.say('admin.settings.days-wrong', { most: graceDaysMax });
  return { field: 'mfa_grace_period_days', message };
}

async function pageWith(
  exchange: Exchange<SessionFacts>,
  tenant: Tenant,
  typed: Typed,
  errors: readonly AdminFieldError[],
): Promise<AdminSettingsPage> {
  const isChange =
    typed.isMfaRequired !== tenant.rules.isMfaRequired ||
    typed.gracePeriodDays !== String(tenant.gracePeriodDays);
  return {
    page: 'admin-settings',
    tenantName: tenantName(exchange, tenant),
    ...typed,
    graceDaysMax,
    standing: standingOf(exchange, tenant),
    canChange: mayDo(exchange, 'manage'),
    outlook: errors.length === 0 && isChange ? await outlookInWords(exchange, tenant, typed) : null,
    notice: errors.length === 0 && !isChange ? noticeIn(exchange) : null,
    errors,
  };
}

function standingOf(
  { config, parts, now }: Exchange,
  { rules: { isMfaRequired, graceEndsAt } }: Tenant,
): readonly string[] {
  const { say } = parts.renderer.words;
  if (!isMfaRequired) return [say('admin.settings.free')];
  if (graceEndsAt === null) return [say('admin.settings.required')];
  const until = zonedTime(config.portal.timeZone).full(graceEndsAt);
  const grace = graceEndsAt > now ? 'admin.settings.grace' : 'admin.settings.grace-over';
  return [say('admin.settings.required'), say(grace, { until })];
}

async function outlookInWords(
  exchange: Exchange<SessionFacts>,
  { rules }: Tenant,
  typed: Typed,
): Promise<AdminSettingsPage['outlook']> {
  const { config, parts } = exchange;
  const { say, count } = parts.renderer.words;
  const outlook = await outlookOfSettings(parts.flows, administratorOf(exchange), settled(typed));
  const { peopleWithout, graceEndsAt, isGraceOver } = outlook;
  if (graceEndsAt === null) {
    const isRelaxed = rules.isMfaRequired;
    return {
      sentences: [say(isRelaxed ? 'admin.outlook.lifted' : 'admin.outlook.days-only')],
      isRelaxed,
    };
  }
  const until = zonedTime(config.portal.timeZone).full(graceEndsAt);
  const isAtOnce = isGraceOver || settled(typed).gracePeriodDays === 0;
  return {
    sentences: [
      count(isAtOnce ? 'admin.outlook.at-once' : 'admin.outlook.people', peopleWithout, { until }),
      ...(isGraceOver ? [say('admin.outlook.grace-over')] : []),
      say('admin.outlook.new-people'),
    ],
    isRelaxed: false,
  };
}
