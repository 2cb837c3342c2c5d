/** `sallyport tenant set`: what a tenant demands of its people. */

import { setTenant } from '../../flows/admin/tenants.ts';
import { UsageError } from '../cli.ts';
import { configOption, optionText, type CommandSpec, type Typed } from '../command.ts';
import { changeTenant, demandText } from './tenant-answer.ts';

/** Sets what a tenant demands. It takes effect at once, and opens no grace that has ended. */
export const tenantSet: CommandSpec = {
  name: 'tenant set',
  summary: 'Say whether a tenant demands a second factor, and how long people have.',
  args: ['NAME'],
  options: [
    configOption,
    ['--mfa-required yes|no', 'Whether it demands a second factor of everybody.'],
    ['--grace-days N', 'Days that people who are there already have, from the demand on.'],
  ],
  example: 'NAME --config FILE --mfa-required yes --grace-days 14',
  run: async (cli, typed) => {
    const [name = ''] = typed.args;
    const settings = { ...mfaRequired(typed), ...graceDays(typed) };
    if (Object.keys(settings).length === 0) {
      throw new UsageError('nothing to set; there are --mfa-required and --grace-days');
    }
    return await changeTenant(cli, typed, {
      make: (flows) => setTenant(flows, { name, settings }),
      done: demandText,
    });
  },
};

function mfaRequired(typed: Typed): { readonly isMfaRequired?: boolean } {
  const text = optionText(typed, 'mfaRequired');
  if (text === null) return {};
  if (text === 'yes' || text === 'no') return { isMfaRequired: text === 'yes' };
  throw new UsageError('--mfa-required is yes or no');
}

function graceDays(typed: Typed): { readonly gracePeriodDays?: number } {
  const text = optionText(typed, 'graceDays');
  if (text === null) return {};
  if (/^\d{1,4}$/.test(text)) return { gracePeriodDays: Number(text) };
  throw new UsageError('--grace-days is a number of whole days');
}
