/** What we tell people by mail. Each kind has its words in `views/words` under `mail.<kind>`. */

/** Every kind of mail. */
export const mailKinds = [
  'authenticator-added',
  'authenticator-removed',
  'recovery-code-used',
  'recovery-code-used-by-other',
  'recovery-codes-regenerated',
  'new-device',
  'new-location',
  'second-factor-locked',
  'second-factor-failed',
  'mfa-disabled',
  'mfa-reset',
  'password-changed',
  'email-changed',
  'account-disabled',
  'sessions-ended',
  'codes-unlocked',
  'invitation',
  'enroll-again',
  'enrollment-reminder',
  'reset-requested',
  'reset-approval-wanted',
  'reset-approved',
  'reset-rejected',
  'reset-cancelled',
  'reset-expired',
  'reset-executed',
] as const;

/** One kind of mail. */
export type MailKind = (typeof mailKinds)[number];
