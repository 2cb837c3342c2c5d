/** Obtaining and ending tokens. */

import { ownCookies } from '../../../core/cookie-names.ts';
import { signOut } from '../../../flows/sessions.ts';
import { cookieToClear } from '../../cookies.ts';
import { success } from '../answers.ts';
import { forAnyone, forPerson, type Operation, reply } from '../operation.ts';
import { postTokenByKey, tokenByKeyBody, tokenForService } from './token-by-key.ts';
import {
  logInAnswer,
  logInBody,
  logInProblems,
  mfaBody,
  postLogIn,
  postMfa,
  tokenForPerson,
} from './log-in.ts';

const tag = 'Signing in';

/** Rows of the table. */
export const authOperations: readonly Operation[] = [
  forAnyone({
    method: 'POST',
    path: '/auth/login',
    id: 'logIn',
    tag,
    summary: 'Sign in by password, and by a code where one is asked for',
    description:
      'Whoever has a second factor is answered with `mfa_required` unless the code came along. ' +
      'Whoever must enroll first is answered with 403 `enrollment-required` and a token that is ' +
      'good for enrolling alone.',
    limit: 'code',
    body: logInBody,
    answers: { 200: { description: 'Signed in, or half of it.', body: logInAnswer } },
    problems: logInProblems,
    examples: {
      password: { username: 'anna', password: 'correct horse battery staple' },
      'password and code': {
        username: 'anna',
        password: 'correct horse battery staple',
        mfa_code: '492039',
      },
    },
    answer: postLogIn,
  }),
  forAnyone({
    method: 'POST',
    path: '/auth/mfa',
    id: 'answerMfa',
    tag,
    summary: 'Answer the second factor',
    description:
      'A right code uses the `mfa_token` up. Wrong ones are counted by account, with those typed ' +
      'on pages.',
    limit: 'code',
    body: mfaBody.refine((sent) => sent.code !== undefined || sent.backup_code !== undefined, {
      path: ['code'],
      error: 'Send code or backup_code.',
    }),
    answers: { 200: { description: 'Signed in.', body: tokenForPerson } },
    problems: [...logInProblems, 'invalid-token'],
    answer: postMfa,
  }),
  forAnyone({
    method: 'POST',
    path: '/auth/token',
    id: 'obtainServiceToken',
    tag,
    summary: 'Exchange an API key for a token of its service account',
    description: 'Only from the networks that the service account is bound to.',
    limit: 'code',
    body: tokenByKeyBody,
    answers: { 200: { description: 'A token for routes.', body: tokenForService } },
    problems: ['invalid-credentials', 'account-disabled', 'network-not-allowed'],
    answer: postTokenByKey,
  }),
  forPerson('person', {
    method: 'POST',
    path: '/auth/logout',
    id: 'logOut',
    tag,
    summary: 'End this sign-in',
    description: 'Every token that came of it ends too, and so does what is open under it.',
    answers: { 200: { description: 'It has ended.', body: success } },
    async answer({ parts, config, session, visit }) {
      await signOut(parts.flows, visit, session);
      if (session.tokenEndsAt !== undefined) return reply(200, { success: true });
      const cookies = ownCookies(config.portal);
      const fence = { isSecure: cookies.isSecure, domain: cookies.sessionDomain };
      const cookie = cookieToClear(cookies.session, fence);
      return reply(200, { success: true }, { 'Set-Cookie': cookie });
    },
  }),
];
