/** `sallyport tenant list`: which tenants there are, and what they demand. */

import type { Tenant } from '../../stores/types.ts';
import { administering, configOf, configOption, optionFlag, type CommandSpec } from '../command.ts';
import { columns, harmless, print, styler } from '../terminal.ts';
import { instantText } from './tenant-answer.ts';

/** Lists all tenants, as a table or, with `--json`, as one array. */
export const tenantList: CommandSpec = {
  name: 'tenant list',
  summary: 'List tenants and what they demand.',
  args: [],
  options: [configOption, ['--json', 'One JSON array instead of a table.']],
  example: '--config FILE',
  run: async (cli, typed) => {
    const { terminal } = cli;
    const tenants = await administering(cli, configOf(cli, typed), ({ flows }) =>
      flows.stores.tenants.list(),
    );
    if (optionFlag(typed, 'json')) {
      print(terminal, JSON.stringify(tenants.map(asJson), null, 2));
      return 0;
    }
    const head = ['NAME', 'TITLE', 'MFA', 'GRACE DAYS', 'GRACE UNTIL'];
    const [headline = '', ...lines] = columns([head, ...tenants.map(asRow)]);
    print(terminal, styler(terminal)('bold', headline));
    for (const line of lines) print(terminal, harmless(line));
    return 0;
  },
};

function asRow({ id, name, rules, gracePeriodDays }: Tenant): readonly string[] {
  return [
    id,
    name,
    rules.isMfaRequired ? 'required' : 'not required',
    String(gracePeriodDays),
    rules.graceEndsAt === null ? '-' : instantText(rules.graceEndsAt),
  ];
}

function asJson({ id, name, rules, gracePeriodDays }: Tenant) {
  const { isMfaRequired, requiredSince, graceEndsAt } = rules;
  return {
    id,
    title: name,
    mfa_required: isMfaRequired,
    mfa_grace_period_days: gracePeriodDays,
    required_since: requiredSince === null ? null : instantText(requiredSince),
    grace_ends_at: graceEndsAt === null ? null : instantText(graceEndsAt),
  };
}
