/**
 * Our own pages, as data: tests can say "for all".
 *
 * Paths are below the portal's base path. A row with GET answers HEAD too; any other method on a
 * known path is refused with `Allow`.
 */

import { adminEndpoints } from './admin/endpoints.ts';
import { type Endpoint, forAnyone, row } from './endpoint.ts';
import { showAccount, submitAccount } from './pages/account.ts';
import { showAsset } from './pages/asset.ts';
import { showAuthenticator, submitAuthenticator } from './pages/authenticator.ts';
import { showChallenge, submitChallenge } from './pages/challenge.ts';
import { showDisableMfa, submitDisableMfa } from './pages/disable-mfa.ts';
import { showEnroll } from './pages/enroll.ts';
import { showEnrollPasskey, submitEnrollPasskey } from './pages/enroll-passkey.ts';
import { showEnrollTotp, submitEnrollTotp } from './pages/enroll-totp.ts';
import { showHome } from './pages/home.ts';
import { showKeySet } from './pages/key-set.ts';
import { showLink, submitLink } from './pages/link.ts';
import { showApiGuide, showOpenApi } from './pages/openapi.ts';
import { showPassword, submitPassword } from './pages/password.ts';
import { showLostAuthenticator } from './pages/lost-authenticator.ts';
import { showProblemGuide } from './pages/problem-guide.ts';
import { showRecoveryCode, submitRecoveryCode } from './pages/recovery-code.ts';
import { showRecoveryCodes, submitRecoveryCodes } from './pages/recovery-codes.ts';
import { showReminder, submitReminder } from './pages/reminder.ts';
import { showSignIn, submitSignIn } from './pages/sign-in.ts';
import { showSignOut, submitSignOut } from './pages/sign-out.ts';
import { showStepUp, submitStepUp } from './pages/step-up.ts';

// prettier-ignore
/** The pages for everybody. A row is read left to right: where, who comes in, what protects it, who answers. */
const personEndpoints: readonly Endpoint[] = [
  //         method  path                        csrf   limit   handler
  forAnyone('GET',  '/',                         'off', 'page', showHome),
  forAnyone('GET',  '/sign-in',                  'off', 'page', showSignIn),
  forAnyone('POST', '/sign-in',                  'on',  'code', submitSignIn),
  forAnyone('GET',  '/sign-out',                 'off', 'page', showSignOut),
  forAnyone('GET',  '/link/:secret',             'off', 'page', showLink),
  forAnyone('POST', '/link/:secret',             'on',  'code', submitLink),
  forAnyone('GET',  '/problems/:code',           'off', 'page', showProblemGuide),
  forAnyone('GET',  '/assets/:name',             'off', 'file', showAsset),
  forAnyone('GET',  '/.well-known/jwks.json',    'off', 'file', showKeySet),
  forAnyone('GET',  '/api',                      'off', 'page', showApiGuide),
  forAnyone('GET',  '/api/openapi.json',         'off', 'file', showOpenApi),

  //   method  path                        who               csrf   limit   handler
  row('GET',  '/challenge',               'first-factor',   'off', 'page', showChallenge),
  row('POST', '/challenge',               'first-factor',   'on',  'code', submitChallenge),
  row('GET',  '/challenge/recovery-code', 'first-factor',   'off', 'page', showRecoveryCode),
  row('POST', '/challenge/recovery-code', 'first-factor',   'on',  'code', submitRecoveryCode),
  row('GET',  '/lost-authenticator',      'challenge-met',  'off', 'page', showLostAuthenticator),
  row('GET',  '/enroll',                  'challenge-met',  'off', 'page', showEnroll),
  row('GET',  '/enroll/totp',             'challenge-met',  'off', 'page', showEnrollTotp),
  row('POST', '/enroll/totp',             'challenge-met',  'on',  'code', submitEnrollTotp),
  row('GET',  '/enroll/passkey',         'challenge-met',  'off', 'page', showEnrollPasskey),
  row('POST', '/enroll/passkey',         'challenge-met',  'on',  'code', submitEnrollPasskey),
  row('GET',  '/recovery-codes',          'challenge-met',  'off', 'page', showRecoveryCodes),
  row('POST', '/recovery-codes',          'challenge-met',  'on',  'code', submitRecoveryCodes),
  row('GET',  '/step-up',                 'challenge-met',  'off', 'page', showStepUp),
  row('POST', '/step-up',                 'challenge-met',  'on',  'code', submitStepUp),
  row('GET',  '/reminder',                'complete',       'off', 'page', showReminder),
  row('POST', '/reminder',                'complete',       'on',  'page', submitReminder),
  row('POST', '/sign-out',                'first-factor',   'on',  'page', submitSignOut),
  row('GET',  '/account',                 'complete',       'off', 'page', showAccount),
  row('POST', '/account',                 'complete',       'on',  'page', submitAccount),
  row('GET',  '/account/authenticators/:id', 'complete',    'off', 'page', showAuthenticator),
  row('POST', '/account/authenticators/:id', 'complete',    'on',  'page', submitAuthenticator),
  row('GET',  '/account/password',        'complete',       'off', 'page', showPassword),
  row('POST', '/account/password',        'complete',       'on',  'code', submitPassword),
  row('GET',  '/account/disable-mfa',     'complete',       'off', 'page', showDisableMfa),
  row('POST', '/account/disable-mfa',     'complete',       'on',  'code', submitDisableMfa),
];

/** Every page. */
export const endpoints: readonly Endpoint[] = [...personEndpoints, ...adminEndpoints];

/** What the table says about a path. */
export type EndpointMatch =
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint; readonly parameter: string }
  | { readonly kind: 'other-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'none' };

/** Finds the endpoint for a method and a path below the base path. */
export function matchEndpoint(method: string, path: string): EndpointMatch {
  const here = endpoints.filter((endpoint) => parameterIn(endpoint.path, path) !== null);
  const asked = method === 'HEAD' ? 'GET' : method;
  const endpoint = here.find((candidate) => candidate.method === asked);
  if (endpoint !== undefined) {
    return { kind: 'endpoint', endpoint, parameter: parameterIn(endpoint.path, path) ?? '' };
  }
  if (here.length === 0) return { kind: 'none' };
  const methods = here.map((candidate) => candidate.method);
  return {
    kind: 'other-method',
    allowed: methods.includes('GET') ? ['HEAD', ...methods] : methods,
  };
}

/** What stands for the pattern's parameter ('' without one), or null when it does not match. */
function parameterIn(pattern: string, path: string): string | null {
  const colon = pattern.indexOf(':');
  if (colon === -1) return pattern === path ? '' : null;
  const slash = pattern.indexOf('/', colon);
  const [before, after] = [pattern.slice(0, colon), slash === -1 ? '' : pattern.slice(slash)];
  const value = path.slice(before.length, path.length - after.length);
  const doesMatch = path.startsWith(before) && path.endsWith(after) && /^[^/]+$/.test(value);
  return doesMatch ? value : null;
}
