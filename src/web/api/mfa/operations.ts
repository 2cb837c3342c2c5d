/** The second step of whoever calls: what they have, and changing it. */

import { forPerson, type Operation } from '../operation.ts';
import {
  backupCodes,
  backupCodesBody,
  deleteMfa,
  disableBody,
  disabled,
  postBackupCodes,
} from './change.ts';
import { appSetUp, postSetUp, postVerify, verified, verifyBody } from './set-up.ts';
import { mfaStatus, showMfa } from './show-mfa.ts';

const tag = 'Second step';

/** Rows of the table. */
export const mfaOperations: readonly Operation[] = [
  forPerson('person', {
    method: 'GET',
    path: '/mfa',
    id: 'showMfa',
    tag,
    summary: 'What is enrolled, and what is still asked for',
    answers: { 200: { description: 'How the caller stands.', body: mfaStatus } },
    answer: showMfa,
  }),
  forPerson('enroller', {
    method: 'POST',
    path: '/mfa/setup',
    id: 'setUpMfa',
    tag,
    summary: 'Begin to enroll an authenticator app',
    description:
      'Nothing is enrolled by it. Whoever has something enrolled needs a fresh proof of that. ' +
      'Passkeys are enrolled in a browser, on the page that `enroll_url` names.',
    limit: 'code',
    answers: { 200: { description: 'What to put into the app.', body: appSetUp } },
    problems: ['step-up-required', 'policy-forbids', 'enrollment-link-required'],
    answer: postSetUp,
  }),
  forPerson('enroller', {
    method: 'POST',
    path: '/mfa/verify',
    id: 'verifyMfa',
    tag,
    summary: 'Finish enrolling with the first code of the app',
    limit: 'code',
    body: verifyBody,
    answers: { 200: { description: 'The app is an authenticator.', body: verified } },
    problems: [
      'invalid-credentials',
      'challenge-expired',
      'step-up-required',
      'policy-forbids',
      'enrollment-link-required',
    ],
    examples: { 'first code': { code: '492039', name: 'Work phone' } },
    answer: postVerify,
  }),
  forPerson('person', {
    method: 'DELETE',
    path: '/mfa',
    id: 'disableMfa',
    tag,
    summary: 'Switch the second step off, where nothing obliges to it',
    limit: 'code',
    body: disableBody,
    answers: { 200: { description: 'It is off.', body: disabled } },
    problems: [
      'invalid-credentials',
      'policy-forbids',
      'enrollment-required',
      'step-up-required',
      'too-busy',
    ],
    examples: { 'with a code': { password: 'correct horse battery staple', code: '492039' } },
    answer: deleteMfa,
  }),
  forPerson('person', {
    method: 'POST',
    path: '/mfa/backup-codes',
    id: 'renewBackupCodes',
    tag,
    summary: 'Make new backup codes; the old ones are dead',
    description: 'Five sets in an hour at most.',
    limit: 'code',
    body: backupCodesBody,
    answers: { 200: { description: 'The new codes.', body: backupCodes } },
    problems: [
      'invalid-credentials',
      'policy-forbids',
      'enrollment-required',
      'enrollment-link-required',
      'step-up-required',
      'conflict',
      'too-busy',
    ],
    answer: postBackupCodes,
  }),
];
