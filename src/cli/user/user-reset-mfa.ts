/** `sallyport user reset-mfa`: break-glass, for when nobody can get in any more. */

import { resetMfa } from '../../flows/admin/users.ts';
import { UsageError } from '../cli.ts';
import { configOption, optionText, type CommandSpec } from '../command.ts';
import { complain } from '../terminal.ts';
import { changeUser } from './user-answer.ts';

/** Removes everything that somebody has enrolled. Reason and ticket are kept in the audit trail. */
export const userResetMfa: CommandSpec = {
  name: 'user reset-mfa',
  summary: 'Remove all authenticators and recovery codes of a user (break-glass).',
  args: ['NAME'],
  options: [
    configOption,
    ['--reason R', 'Why; kept in the audit trail.'],
    ['--ticket T', 'Where it was asked for; kept in the audit trail.'],
  ],
  example: 'NAME --config FILE --reason "lost phone" --ticket OPS-1234',
  run: async (cli, typed) => {
    const [username = ''] = typed.args;
    const reason = optionText(typed, 'reason');
    const ticket = optionText(typed, 'ticket');
    if (reason === null || ticket === null) {
      throw new UsageError('a reset needs --reason and --ticket; both are kept in the audit trail');
    }
    return await changeUser(cli, typed, {
      make: async (flows) => {
        const answer = await resetMfa(flows, { username, reason, ticket });
        if (answer.ok && answer.skipped.length > 0) {
          complain(cli.terminal, warningOf(answer.skipped));
        }
        return answer;
      },
      done: (user) =>
        `Everything that ${user.username} had enrolled was removed, and all of their sessions ` +
        'were ended. They enroll anew at the next sign-in, by their password: if somebody else may ' +
        'know it, set another one now (user set-password).',
    });
  },
};

/** What was skipped is said loudly, here and in the audit trail. */
function warningOf(skipped: readonly string[]): string {
  return (
    `BREAK-GLASS: the MFA policy asks for ${skipped.join(' and ')} before a reset. ` +
    'This reset went without; the audit trail says so.'
  );
}
