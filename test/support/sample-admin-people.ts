/** People in the administration, in every state that an administrator can meet. */

import type { Badge, Confirmation, Moment } from '../../src/web/admin/blocks.ts';
import type {
  AdminLockedPage,
  AdminNewUserPage,
  AdminUserPage,
  PersonRow,
} from '../../src/web/admin/people/people-views.ts';
import type { Page } from '../../src/web/views.ts';
import type { Words } from '../../src/web/words.ts';
import type { SampleAdminPage } from './sample-admin.ts';

/** An instant for samples. */
export function aMoment(relative: string, exact = '22 Nov 2026, 14:32 (SAST)'): Moment {
  return { relative, exact, iso: '2026-11-22T12:32:00.000Z' };
}

/** A button with its question. */
export function aConfirmation(differences: Partial<Confirmation> = {}): Confirmation {
  return {
    path: '/admin/users/usr_1',
    action: 'end-session',
    fields: { session: '5f1c9a02be' },
    label: 'End',
    spoken: 'End the session of Ben Booysen on Firefox on Linux, 10.20.0.14',
    question: 'Ben Booysen is signed out of Firefox on Linux, and what is open there is closed.',
    confirm: 'End it',
    isDangerous: true,
    ...differences,
  };
}

const people = (page: Page): SampleAdminPage => ({ section: 'users', page });
const locked = (page: Page): SampleAdminPage => ({ section: 'locked', page });

/** The samples by the name of their file. */
export function samplePeoplePages(words: Words): ReadonlyMap<string, SampleAdminPage> {
  const { say, count } = words;
  const filter = filterWith(words, '', false);
  const list = {
    page: 'admin-users',
    filter,
    count: count('admin.people.count', 412),
    rows: rowsWith(words),
    pager: { firstPath: '/admin/users', nextPath: '/admin/users?after=zanele' },
    empty: null,
    canCreate: true,
    notice: null,
  } as const;
  const noneFound = {
    title: say('admin.people.none-found'),
    text: say('admin.people.none-found.text'),
    action: { path: '/admin/users', label: say('admin.filter.clear') },
  };
  return new Map([
    ['admin-users', people(list)],
    [
      'admin-users-none',
      people({
        ...list,
        filter: filterWith(words, 'zzz', true),
        count: count('admin.people.found', 0),
        rows: [],
        pager: { firstPath: null, nextPath: null },
        empty: noneFound,
        canCreate: false,
      }),
    ],
    ['admin-new-user', people(newUser())],
    [
      'admin-new-user-wrong',
      people(
        newUser({
          fields: { ...emptyFields, username: 'Ann Adams', groups: 'SEC-OPS' },
          errors: [
            {
              field: 'username',
              message:
                'A username has 1 to 64 letters, digits and the marks . _ - @ +, and begins with a letter or digit.',
            },
          ],
        }),
      ),
    ],
    ['admin-new-service', people(newUser({ kind: 'service' }))],
    [
      'admin-link',
      people({
        page: 'admin-link',
        title: say('admin.link.invitation.title', { name: 'Ben Booysen' }),
        sentences: [
          say('admin.link.invitation', { name: 'Ben Booysen', until: '25 Nov 2026, 14:32 (SAST)' }),
          say('admin.link.mailed', { email: 'ben@example.com' }),
          say('admin.link.once'),
        ],
        url: 'https://console.example.com/_mfa/link/Zk9wqT1xYb3Lr0cVn7mPs5dFh2jKg8uEi4oAq6tRy1w',
        on: { path: '/admin/users/usr_1', label: say('admin.link.on', { name: 'Ben Booysen' }) },
      }),
    ],
    ['admin-user', people(person(words))],
    [
      'admin-user-trouble',
      people(
        person(words, {
          badges: [
            missing(words),
            { tone: 'quiet', icon: 'minus', label: say('admin.person.disabled') },
          ],
          warnings: [
            { tone: 'warning', text: say('admin.person.warn.disabled', { name: 'Ben Booysen' }) },
            { tone: 'danger', text: say('admin.person.warn.missing', { name: 'Ben Booysen' }) },
          ],
          authenticators: [],
          recoveryCodes: null,
          sessions: [],
          devices: [],
          links: [],
          events: [],
          resets: [],
          helpful: [],
          notice: say('admin.done.person-disabled'),
        }),
      ),
    ],
    [
      'admin-user-refused',
      people(
        person(words, {
          errors: [
            {
              field: 'email',
              message:
                'An e-mail address has exactly one @, no blanks, and at most 254 ASCII characters.',
            },
          ],
        }),
      ),
    ],
    [
      'admin-user-self',
      people(
        person(words, {
          canChange: false,
          whyNot: say('admin.person.yourself'),
          helpful: [],
          dangerous: [],
          resetPath: null,
        }),
      ),
    ],
    [
      'admin-user-service',
      people(
        person(words, {
          isService: true,
          username: 'batch-runner',
          displayName: 'batch-runner',
          badges: [{ tone: 'quiet', icon: 'service', label: say('admin.kind.service') }],
          apiKeys: [
            { name: 'nightly', used: aMoment('7 hr ago') },
            { name: 'old one', used: null },
          ],
          helpful: [],
          resetPath: null,
        }),
      ),
    ],
    ['admin-locked', locked(lockedPage(words))],
    [
      'admin-locked-none',
      locked({
        ...lockedPage(words),
        rows: [],
        empty: {
          title: say('admin.locked.none'),
          text: say('admin.locked.none.text'),
          action: null,
        },
        notice: say('admin.done.codes-unlocked'),
      }),
    ],
  ]);
}

const emptyFields = { username: '', displayName: '', email: '', groups: '', networks: '' };

function newUser(differences: Partial<AdminNewUserPage> = {}): AdminNewUserPage {
  return {
    page: 'admin-new-user',
    kind: 'user',
    fields: emptyFields,
    knownGroups: ['AUDIT', 'ENGINEERS', 'PROJECT-OWNERS', 'SEC-OPS'],
    knownNetworks: ['batch', 'zone-e'],
    isInvited: true,
    isMailed: true,
    errors: [],
    ...differences,
  };
}

function missing({ say }: Words): Badge {
  return { tone: 'danger', icon: 'alert', label: say('admin.status.missing') };
}

function enrolled({ say }: Words): Badge {
  return { tone: 'good', icon: 'check', label: say('admin.status.enrolled') };
}

function rowsWith(words: Words): readonly PersonRow[] {
  const { say, count } = words;
  const row = (username: string, displayName: string, more: Partial<PersonRow>): PersonRow => ({
    path: `/admin/users/usr_${username}`,
    username,
    displayName,
    email: `${username}@example.com`,
    tier: 'TIER3',
    badges: [enrolled(words)],
    due: null,
    methods: [
      { tone: 'quiet', icon: 'phone', label: say('method.totp') },
      { tone: 'quiet', icon: 'key', label: count('admin.person.codes', 10) },
    ],
    groups: [],
    ...more,
  });
  return [
    row('anna', 'Anna Adams', { tier: 'TIER0', groups: ['AI-PLATFORM-ADMINS'] }),
    row('batch-runner', 'batch-runner', {
      email: null,
      badges: [{ tone: 'quiet', icon: 'service', label: say('admin.kind.service') }],
      methods: [],
    }),
    row('ben', 'Ben Booysen', {
      tier: 'TIER1',
      badges: [missing(words)],
      methods: [],
      groups: ['SEC-OPS'],
    }),
    row('chloe', 'Chloé Dlamini', {
      tier: 'TIER2',
      badges: [{ tone: 'warning', icon: 'clock', label: say('admin.status.in-grace') }],
      due: aMoment('in 5 days'),
      methods: [],
      groups: ['PROJECT-OWNERS', 'ENGINEERS', 'NIGHT-SHIFT', 'READERS', 'WRITERS'],
    }),
    row('dan', 'Dan van der Westhuizen', {
      badges: [
        enrolled(words),
        { tone: 'warning', icon: 'lock', label: say('admin.person.locked') },
        { tone: 'quiet', icon: 'minus', label: say('admin.person.disabled') },
      ],
    }),
    row(
      'dr-annabel-konstantinopoulou-van-der-westhuizen',
      'Dr Annabel Konstantinopoulou-van der Westhuizen-Mkhabela',
      {
        badges: [{ tone: 'quiet', icon: 'minus', label: say('admin.status.not-asked') }],
        methods: [],
      },
    ),
  ];
}

function filterWith({ say }: Words, text: string, isActive: boolean) {
  const any = { value: '', label: say('admin.people.any') };
  const choice = (name: string, labels: readonly string[]) =>
    ({
      kind: 'choice',
      name,
      label: say(`admin.people.field.${name}`),
      value: '',
      options: [any, ...labels.map((label) => ({ value: label, label }))],
    }) as const;
  return {
    path: '/admin/users',
    isActive,
    fields: [
      { kind: 'search', name: 'q', label: say('admin.people.field.q'), value: text },
      choice('status', ['Enrolled', 'In grace', 'Missing', 'Not asked']),
      choice('tier', ['TIER0', 'TIER1', 'TIER2', 'TIER3']),
      choice('method', ['Authenticator app', 'Passkey']),
      choice('state', ['Enabled', 'Disabled', 'Codes paused']),
      choice('kind', ['Person', 'Service account']),
      { kind: 'text', name: 'group', label: say('admin.people.field.group'), value: '' },
    ],
  } as const;
}

function person(words: Words, differences: Partial<AdminUserPage> = {}): AdminUserPage {
  const { say, count } = words;
  const name = 'Ben Booysen';
  const ask = (what: string, isDangerous: boolean) =>
    aConfirmation({
      action: what,
      label: say(`admin.do.${what}`),
      spoken: say(`admin.do.${what}`),
      question: say(`admin.do.${what}.question`, { name }),
      confirm: say(`admin.do.${what}.confirm`),
      isDangerous,
    });
  const fact = (term: string) => say(`admin.person.fact.${term}`);
  return {
    page: 'admin-user',
    username: 'ben',
    displayName: name,
    path: '/admin/users/usr_1',
    isService: false,
    badges: [enrolled(words), { tone: 'warning', icon: 'lock', label: say('admin.person.locked') }],
    facts: [
      { term: fact('username'), text: 'ben', isCode: true },
      { term: fact('email'), text: 'ben@example.com' },
      { term: fact('tier'), text: 'TIER1' },
      { term: fact('groups'), text: 'ENGINEERS, SEC-OPS' },
      { term: fact('password'), text: say('admin.person.password') },
      { term: fact('created'), text: null, moment: aMoment('3 Mar 2026') },
    ],
    warnings: [
      { tone: 'warning', text: say('admin.person.warn.locked', { until: '14:47 (SAST)' }) },
    ],
    authenticators: [
      {
        icon: 'phone',
        name: 'Work phone',
        method: 'authenticator app',
        added: aMoment('3 Mar 2026'),
        used: aMoment('12 min ago'),
      },
      {
        icon: 'passkey',
        name: 'Blue YubiKey from the drawer in the office',
        method: 'passkey',
        added: aMoment('12 days ago'),
        used: null,
      },
    ],
    recoveryCodes: count('admin.person.codes-left', 8),
    sessions: [
      {
        device: 'Firefox on Linux',
        address: '10.20.0.14',
        proofs: 'password 14:02, authenticator app 14:02',
        seen: aMoment('just now'),
        end: aConfirmation(),
      },
      {
        device: 'Safari on iPhone',
        address: '102.65.12.9, Cape Town',
        proofs: 'passkey 08:11 (remembered)',
        seen: aMoment('3 hr ago'),
        end: aConfirmation({ spoken: 'End the session of Ben Booysen on Safari on iPhone' }),
      },
    ],
    devices: [
      {
        name: 'Firefox on Linux',
        address: '10.20.0.14',
        seen: aMoment('just now'),
        trusted: aMoment('in 22 days'),
      },
    ],
    links: [
      { text: say('admin.person.link.invitation', { by: 'anna' }), until: aMoment('in 2 days') },
    ],
    apiKeys: [],
    events: [
      {
        icon: 'alert',
        tone: 'warning',
        text: 'Codes of ben were paused after too many wrong ones',
        moment: aMoment('12 min ago'),
        note: 'Firefox on Linux, 10.20.0.14',
        path: '/admin/audit/evt_1',
      },
      {
        icon: 'info',
        tone: 'accent',
        text: 'ben enrolled “Work phone” (authenticator app)',
        moment: aMoment('3 Mar 2026'),
        note: 'Firefox on Linux, 10.20.0.14',
        path: '/admin/audit/evt_2',
      },
      {
        icon: 'info',
        tone: 'accent',
        text: 'anna made the account ben',
        moment: aMoment('3 Mar 2026'),
        note: null,
        path: '/admin/audit/evt_3',
      },
    ],
    eventsPath: '/admin/audit?person=ben',
    resets: [
      {
        path: '/admin/resets/rst_1',
        text: say('admin.person.reset', { ticket: 'INC-2231', by: 'anna' }),
        badge: { tone: 'good', icon: 'check', label: say('admin.reset.executed') },
        at: aMoment('12 Aug 2026'),
      },
    ],
    fields: {
      username: 'ben',
      displayName: name,
      email: 'ben@example.com',
      groups: 'ENGINEERS, SEC-OPS',
      networks: '',
    },
    knownGroups: ['AUDIT', 'ENGINEERS', 'PROJECT-OWNERS', 'SEC-OPS'],
    knownNetworks: ['batch', 'zone-e'],
    canChange: true,
    whyNot: null,
    helpful: [
      aConfirmation({
        action: 'unlock',
        label: say('admin.unlock'),
        spoken: say('admin.unlock'),
        question: say('admin.unlock.question', { name }),
        confirm: say('admin.unlock.confirm'),
        isDangerous: false,
      }),
      ask('remind', false),
      ask('new-password', false),
    ],
    dangerous: [ask('end-sessions', true), ask('disable', true)],
    resetPath: '/admin/users/usr_1/reset',
    notice: null,
    errors: [],
    ...differences,
  };
}

function lockedPage({ say }: Words): AdminLockedPage {
  const row = (username: string, displayName: string, hasPasskey: boolean) => ({
    path: `/admin/users/usr_${username}`,
    username,
    displayName,
    tier: 'TIER1',
    until: aMoment('in 12 min'),
    hasPasskey,
    eventsPath: `/admin/audit?type=second-factor&person=${username}`,
    unlock: aConfirmation({
      path: '/admin/locked',
      action: 'unlock',
      fields: { user: `usr_${username}` },
      label: say('admin.unlock'),
      spoken: say('admin.unlock.whom', { name: displayName }),
      question: say('admin.unlock.question', { name: displayName }),
      confirm: say('admin.unlock.confirm'),
      isDangerous: false,
    }),
  });
  return {
    page: 'admin-locked',
    rows: [row('ben', 'Ben Booysen', false), { ...row('anna', 'Anna Adams', true), unlock: null }],
    pager: { firstPath: null, nextPath: null },
    empty: null,
    notice: null,
  };
}
