/** `sallyport sessions end-all`: for when nobody can say any more who holds what. */

import { endEverything } from '../../flows/operating/end-everything.ts';
import { UsageError } from '../cli.ts';
import { administering, configOf, configOption, optionText, type CommandSpec } from '../command.ts';
import { print } from '../terminal.ts';

/** Ends every session and token, and withdraws links, trust in browsers and open requests. */
export const sessionsEndAll: CommandSpec = {
  name: 'sessions end-all',
  summary: 'End every session and token of everybody, links and trusted browsers too.',
  args: [],
  options: [configOption, ['--reason R', 'Why; kept in the audit trail.']],
  example: '--config FILE --reason "clock was a year ahead, INC-7"',
  run: async (cli, typed) => {
    const reason = optionText(typed, 'reason');
    if (reason === null || reason.trim() === '') {
      throw new UsageError('this needs --reason; it is kept in the audit trail');
    }
    const { links, mails, trustedDevices, resets } = await administering(
      cli,
      configOf(cli, typed),
      ({ flows }) => endEverything(flows, { reason }),
      { work: 'long' },
    );
    print(cli.terminal, 'Every session and token was ended: everybody signs in anew.');
    print(
      cli.terminal,
      `Withdrawn: one-time links (${String(links)}), waiting mails (${String(mails)}), trusted ` +
        `browsers (${String(trustedDevices)}), open reset requests (${String(resets)}).`,
    );
    return 0;
  },
};
