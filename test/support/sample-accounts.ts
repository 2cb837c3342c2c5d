/** The account and what is changed from it, in every state that a person can meet. */

import type { Words } from '../../src/web/words.ts';
import type {
  AccountPage,
  Alternative,
  AuthenticatorPage,
  DisableMfaPage,
  FieldError,
  Page,
} from '../../src/web/views.ts';

/** The samples by the name of their file. */
export function sampleAccountPages(words: Words): ReadonlyMap<string, Page> {
  const { say } = words;
  const error = (field: FieldError['field'], sentence: string): FieldError => ({
    field,
    message: say(sentence),
  });
  const issuer = { issuer: 'Example Corp' };
  const stays = (why: string, alternative: Alternative) => ({
    sentence: say(`authenticator.stays.${why}`, issuer),
    alternative,
  });
  const addApp = { href: '#', label: say('account.add-totp'), icon: 'arrow-right' } as const;
  const switchOff = { href: '#', label: say('account.disable'), icon: 'arrow-right' } as const;
  const recoveryCode = {
    href: '#',
    label: say('challenge.use-recovery-code'),
    icon: 'key',
  } as const;
  const password = { page: 'password', lengthMin: 12, errors: [] } as const;
  const disable: DisableMfaPage = {
    page: 'disable-mfa',
    method: 'totp',
    digits: 6,
    periodSeconds: 30,
    errors: [],
    locked: null,
    alternatives: [recoveryCode],
  };
  const locked = say('locked.until', { until: '14:32 (SAST)' });
  return new Map<string, Page>([
    [
      'account',
      {
        ...account,
        recoveryCodesWarning: words.count('account.few-codes', 2),
        notice: say('account.done.session-ended'),
      },
    ],
    [
      'account-free',
      {
        ...account,
        canDisable: true,
        missing: say('account.missing', { ...issuer, methods: say('method.webauthn') }),
        trustedDevices: trusted,
        recoveryCodesLeft: 9,
      },
    ],
    [
      'account-new',
      {
        ...account,
        authenticators: [],
        recoveryCodesLeft: 0,
        canDisable: false,
        sessions: account.sessions.slice(0, 1),
        activity: account.activity.slice(0, 2),
      },
    ],
    ['authenticator', authenticator],
    [
      'authenticator-wrong',
      { ...authenticator, newName: '', errors: [error('name', 'authenticator.name-shape')] },
    ],
    ['authenticator-needed', { ...authenticator, stays: stays('policy-needs-it', addApp) }],
    ['authenticator-last', { ...authenticator, stays: stays('last-one', switchOff) }],
    ['password', password],
    [
      'password-wrong',
      {
        ...password,
        errors: [
          error('password', 'password.wrong'),
          error('new_password_again', 'password.differ'),
        ],
      },
    ],
    ['disable-mfa', disable],
    ['disable-mfa-recovery', { ...disable, method: 'recovery-code', alternatives: [] }],
    ['disable-mfa-passkey', { ...disable, method: 'webauthn', alternatives: [] }],
    ['disable-mfa-wrong', { ...disable, errors: [error(null, 'step-up.wrong')] }],
    ['disable-mfa-locked', { ...disable, locked, alternatives: [] }],
  ]);
}

const authenticator: AuthenticatorPage = {
  page: 'authenticator',
  name: 'Phone',
  newName: 'Phone',
  method: 'totp',
  addedAt: '3 Mar 2026, 09:12 (SAST)',
  lastUsedAt: '21 Nov 2026, 14:05 (SAST)',
  path: '/account/authenticators/ath_one',
  stays: null,
  leave: { href: '#', label: 'Back to your account', icon: 'arrow-left' },
  errors: [],
};

const account: AccountPage = {
  page: 'account',
  user: {
    username: 'anna',
    displayName: 'Anna Adams',
    email: 'anna@example.com',
    groups: ['AI-PLATFORM-ADMINS', 'SEC-OPS'],
    tier: '0',
  },
  missing: null,
  authenticators: [
    {
      name: 'Authenticator app',
      method: 'totp',
      addedAt: '3 Mar 2026, 09:12 (SAST)',
      lastUsedAt: '21 Nov 2026, 14:05 (SAST)',
      href: '/_mfa/account/authenticators/ath_one',
    },
    {
      name: 'The security key that hangs on my house keys, with a blue ring',
      method: 'webauthn',
      addedAt: '4 Mar 2026, 10:20 (SAST)',
      lastUsedAt: null,
      href: '/_mfa/account/authenticators/ath_two',
    },
  ],
  canAdd: { totp: true, passkey: true },
  recoveryCodesLeft: 2,
  recoveryCodesWarning: null,
  canDisable: false,
  canChangePassword: true,
  sessions: [
    {
      key: 'one',
      device: 'Firefox on Linux',
      ip: '10.20.0.14',
      place: null,
      lastSeenAt: '21 Nov 2026, 14:05 (SAST)',
      isThisOne: true,
      isHalfOpen: false,
    },
    {
      key: 'two',
      device: 'Safari on iPhone',
      ip: '2001:db8:e:1a2b:3c4d:5e6f:7081:92a3',
      place: null,
      lastSeenAt: '21 Nov 2026, 08:40 (SAST)',
      isThisOne: false,
      isHalfOpen: false,
    },
    {
      key: 'three',
      device: 'Chrome on Windows',
      ip: '198.51.100.7',
      place: 'Cape Town, South Africa',
      lastSeenAt: '20 Nov 2026, 17:31 (SAST)',
      isThisOne: false,
      isHalfOpen: true,
    },
  ],
  trustedDevices: [],
  activity: [
    ['Signed in', '21 Nov 2026, 14:05 (SAST)', 'Firefox on Linux, 10.20.0.14'],
    ['Added: Authenticator app', '21 Nov 2026, 08:44 (SAST)', 'Safari on iPhone, 2001:db8:e::7'],
    ['Recovery codes stored', '21 Nov 2026, 08:45 (SAST)', 'Safari on iPhone, 2001:db8:e::7'],
    ['Wrong code', '20 Nov 2026, 17:30 (SAST)', '198.51.100.7'],
    ['Signed in from a new browser or place', '20 Nov 2026, 17:31 (SAST)', 'Chrome on Windows'],
    ['Groups changed by an administrator', '20 Nov 2026, 09:00 (SAST)', null],
  ].map(([what, at, from]) => ({ what: what ?? '', at: at ?? '', from: from ?? null })),
  administrationHref: '/_mfa/admin',
  notice: null,
};

const trusted: AccountPage['trustedDevices'] = [
  {
    id: 'dev_one',
    name: 'Firefox on Linux',
    lastSeenAt: '21 Nov 2026, 14:05 (SAST)',
    until: '20 Dec 2026, 09:12 (SAST)',
    isThisOne: true,
    signsOutHere: true,
  },
  {
    id: 'dev_two',
    name: 'Safari on iPhone',
    lastSeenAt: '21 Nov 2026, 08:40 (SAST)',
    until: '2 Dec 2026, 18:00 (SAST)',
    isThisOne: false,
    signsOutHere: false,
  },
];
