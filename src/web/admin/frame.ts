/** Puts the frame of the administration around what a page of it answered. */

import type { SessionFacts } from '../../core/facts.ts';
import { defaultTenant } from '../../core/ids.ts';
import { adminRolesOf } from '../../core/policy/administration.ts';
import type { Tenant } from '../../stores/types.ts';
import type { Answer, Exchange } from '../exchange.ts';
import { type AdminFrame, type AdminSection, adminSections } from './views.ts';

/** The answer with the rail beside it; what is not a page is left as it is. */
export async function withAdminFrame(
  exchange: Exchange<SessionFacts>,
  answer: Answer,
): Promise<Answer> {
  if (answer.kind !== 'page' && answer.kind !== 'refusal') return answer;
  return { ...answer, admin: await adminFrame(exchange) };
}

const icons: Readonly<Record<AdminSection, string>> = {
  overview: 'overview',
  users: 'people',
  resets: 'refresh',
  locked: 'lock',
  sessions: 'laptop',
  audit: 'list',
  explain: 'help',
  policy: 'shield',
  settings: 'settings',
  evidence: 'document',
};

async function adminFrame(exchange: Exchange<SessionFacts>): Promise<AdminFrame> {
  const { config, parts, session, now, path } = exchange;
  const { words } = parts.renderer;
  const { principal } = session;
  const { stores } = parts.flows;
  const [tenant, resets, locked] = await Promise.all([
    stores.tenants.find(principal.tenant),
    stores.resets.countOpen(principal.tenant),
    stores.people.countLocked(principal.tenant, now),
  ]);
  const counts: Partial<Record<AdminSection, number>> = { resets, locked };
  const waitingAt = (section: AdminSection): AdminFrame['sections'][number]['waiting'] => {
    const count = counts[section] ?? 0;
    return count === 0 ? null : { count, label: words.count(`admin.waiting.${section}`, count) };
  };
  const roles = adminRolesOf(principal, config.policy.roleGroups);
  return {
    section: sectionOf(path),
    sections: adminSections
      // Evidence is about the installation, which is no other tenant's business.
      .filter((section) => section !== 'evidence' || principal.tenant === defaultTenant)
      .map((section) => ({
        section,
        icon: icons[section],
        label: words.say(`admin.section.${section}`),
        path: section === 'overview' ? '/admin' : `/admin/${section}`,
        waiting: waitingAt(section),
      })),
    roles: roles.map((role) => words.say(`admin.role.${role}`)).join(', '),
    tenant: tenantName(exchange, tenant),
  };
}

/** People without a tenant of their own belong to the operator. */
export function tenantName(
  { config }: Pick<Exchange, 'config'>,
  tenant: Pick<Tenant, 'id' | 'name'> | null,
): string {
  const isOperators = tenant === null || tenant.id === defaultTenant;
  return isOperators ? config.portal.issuer : tenant.name;
}

/** `/admin/users/usr_x` belongs to `users`. */
function sectionOf(path: string): AdminSection {
  const [, , segment] = path.split('/');
  return adminSections.find((section) => section === segment) ?? 'overview';
}
