/** What an operator is told after a restore: what was done, and what is left to them (F44). */

import type { AuditEventType } from '../../core/audit-event.ts';
import type { Restored } from '../../flows/operating/after-restore.ts';
import type { LostChange } from '../../flows/operating/lost-changes.ts';
import { zonedTime } from '../../web/zoned-time.ts';
import { columns, harmless, print, type Terminal } from '../terminal.ts';

/** More are in the audit export; a terminal is no place for thousands. */
const shownMax = 200;

/** Prints what was ended, and what changed since the backup was made. */
export function tellRestored(terminal: Terminal, restored: Restored, timeZone: string): void {
  const { links, mails, trustedDevices, resets, apps, recoveryCodes, lost } = restored;
  print(terminal, 'All sessions and tokens from before have ended: everybody signs in anew.');
  print(
    terminal,
    `Withdrawn: one-time links (${String(links)}), waiting mails (${String(mails)}), trusted ` +
      `browsers (${String(trustedDevices)}), open reset requests (${String(resets)}).`,
  );
  print(
    terminal,
    `Codes of authenticator apps (${String(apps)}) work again in a minute or two. Recovery codes ` +
      `(${String(recoveryCodes)}) that were used since the backup work again.`,
  );
  if (lost === null) {
    print(
      terminal,
      'What changed since the backup is not known here: removed authenticators, disabled ' +
        'accounts, old passwords and revoked API keys are back. Compare with an export of the ' +
        'audit trail: --audit FILE',
    );
    return;
  }
  if (lost.length === 0) {
    print(terminal, 'Nothing that matters changed since the backup was made.');
    return;
  }
  print(terminal, `Changed since the backup was made (${String(lost.length)}):`);
  const time = zonedTime(timeZone);
  const rows = lost.slice(0, shownMax).map((change) => rowOf(change, time.full(change.at)));
  for (const line of columns(rows)) print(terminal, harmless(line));
  if (lost.length > shownMax) {
    print(terminal, `… and ${String(lost.length - shownMax)} more; the audit export has them.`);
  }
}

function rowOf({ type, loss, whom }: LostChange, when: string): readonly string[] {
  const mark = loss === 'is-back' ? '!' : '-';
  return [mark, when, whom ?? '', `${type}: ${advice[type] ?? 'repeat it'}`];
}

const advice: Partial<Readonly<Record<AuditEventType, string>>> = {
  'recovery-code.used': 'that code works again; have the person make a new set',
  'recovery-codes.confirmed': 'the set from before works, the new one does not',
  'authenticator.removed': 'it is back; have the person remove it, or reset them',
  'mfa.disabled': 'the second step is on again',
  'reset.executed': 'what was removed is back; reset the person again',
  'user.disabled': 'the account is enabled again; disable it',
  'user.removed': 'the account is back',
  'user.password-changed': 'the password from before works again; set another',
  'user.groups-changed': 'the groups from before are back; set them',
  'user.networks-changed': 'the networks from before are back; set them',
  'settings.changed': 'the settings from before are back',
  'api-key.revoked': 'the key works again; revoke it',
  'authenticator.enrolled': 'it is gone; the person enrolls again',
  'user.created': 'the account is gone',
  'user.imported': 'the account is gone; import it again',
  'user.changed': 'the profile from before is back',
  'user.enabled': 'the account is disabled',
  'api-key.created': 'the key is gone',
  'enrollment-link.created': 'the link is worthless; make another',
  'second-factor.unlocked': 'the codes may be paused',
  'keys.rotated': 'finish it: sallyport keys rotate --resume',
  'keys.dropped': 'put the key file back that was removed, if something needs it',
};
