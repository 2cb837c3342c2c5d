/** `/admin/settings`: what the tenant demands of its people. */

import assert from 'node:assert/strict';
import type { SessionFacts } from '../../core/facts.ts';
import { mayAdminister } from '../../core/policy/administration.ts';
import { graceDaysMax } from '../../flows/admin/tenants.ts';
import { type Answer, type Exchange, showPage } from '../exchange.ts';
import { zonedTime } from '../zoned-time.ts';

/** Shows the settings of the administrator's tenant. */
export async function showSettings(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { config, parts, session } = exchange;
  const { say } = parts.renderer.words;
  const tenant = await parts.flows.stores.tenants.find(session.principal.tenant);
  assert.ok(tenant !== null, 'people belong to tenants that exist');
  const { isMfaRequired, graceEndsAt } = tenant.rules;
  const time = zonedTime(config.portal.timeZone);
  const until = graceEndsAt === null ? '' : time.full(graceEndsAt);
  return showPage({
    page: 'admin-settings',
    tenantName: tenant.name,
    isMfaRequired,
    gracePeriodDays: String(tenant.gracePeriodDays),
    graceDaysMax,
    standing: [
      say(isMfaRequired ? 'admin.settings.required' : 'admin.settings.free'),
      ...(isMfaRequired && graceEndsAt !== null ? [say('admin.settings.grace', { until })] : []),
    ],
    canChange: mayAdminister(session.principal, 'manage', config.policy.roleGroups),
    notice: null,
    errors: [],
  });
}
