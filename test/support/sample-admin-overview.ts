/** The overview and the sessions of the administration, in their states. */

import type { AdminOverviewPage } from '../../src/web/admin/overview/overview-views.ts';
import type { AdminSessionsPage } from '../../src/web/admin/sessions/sessions-views.ts';
import { numbersOf, methodShares, tierBars } from '../../src/web/admin/overview/numbers.ts';
import { trendOf } from '../../src/web/admin/overview/trend.ts';
import type { Config } from '../../src/config/config.ts';
import type { PortalParts } from '../../src/web/exchange.ts';
import type { Words } from '../../src/web/words.ts';
import type { MfaDay } from '../../src/stores/types/administration.ts';
import type { SampleAdminPage } from './sample-admin.ts';
import { aConfirmation, aMoment } from './sample-admin-people.ts';

/** The samples by the name of their file. */
export function sampleOverviewPages(words: Words): ReadonlyMap<string, SampleAdminPage> {
  return new Map<string, SampleAdminPage>([
    ['admin-overview', { section: 'overview', page: overview(words) }],
    ['admin-overview-empty', { section: 'overview', page: emptyOverview(words) }],
    ['admin-sessions', { section: 'sessions', page: sessions(words) }],
    [
      'admin-sessions-none',
      {
        section: 'sessions',
        page: {
          ...sessions(words),
          rows: [],
          streams: [],
          empty: {
            title: words.say('admin.sessions.none'),
            text: words.say('admin.sessions.none.text'),
            action: null,
          },
        },
      },
    ],
  ]);
}

const byTier = [
  { tier: 'TIER0', status: 'enrolled', people: 6 },
  { tier: 'TIER0', status: 'missing', people: 1 },
  { tier: 'TIER1', status: 'enrolled', people: 31 },
  { tier: 'TIER1', status: 'in-grace', people: 9 },
  { tier: 'TIER1', status: 'missing', people: 4 },
  { tier: 'TIER2', status: 'enrolled', people: 58 },
  { tier: 'TIER2', status: 'in-grace', people: 28 },
  { tier: 'TIER3', status: 'enrolled', people: 120 },
  { tier: 'TIER3', status: 'not-asked', people: 155 },
] as const;

function overview(words: Words): AdminOverviewPage {
  const { say, count } = words;
  const totals = { total: 412, enrolled: 215, 'in-grace': 37, missing: 5, 'not-asked': 155 };
  const days = daysUpTo(totals);
  const byMethod = { totp: 190, webauthn: 61, 'recovery-code': 208 };
  const around = { parts: { renderer: { words } } as unknown as PortalParts };
  const config = { portal: { timeZone: 'Africa/Johannesburg' } } as unknown as Config;
  return {
    page: 'admin-overview',
    numbers: numbersOf(around, { totals, days }),
    tiers: tierBars({ byTier }, words),
    methods: methodShares({ byMethod, totals }, words),
    trend: trendOf({ ...around, config }, days),
    refusals: [
      {
        reason: 'The address of the client is outside the network of the route.',
        lately: 41,
        longer: 812,
        width: 100,
      },
      { reason: 'The rule admits others, not this person.', lately: 3, longer: 96, width: 11.8 },
      { reason: 'No role of this person allows it.', lately: 0, longer: 2, width: 0.25 },
    ],
    refusalsPath: '/admin/audit?type=request.denied',
    resets: [
      {
        path: '/admin/resets/rst_1',
        text: say('admin.overview.reset', { username: 'dan', ticket: 'INC-2231', by: 'anna' }),
        badge: { tone: 'warning', icon: 'clock', label: say('admin.reset.pending') },
        at: aMoment('2 hr ago'),
      },
    ],
    resetsMore: '/admin/resets',
    locked: [
      { path: '/admin/users/usr_2', name: 'Dan van der Westhuizen', until: aMoment('in 12 min') },
    ],
    missing: {
      title: say('admin.due.missing'),
      none: say('admin.due.missing.none'),
      people: ['Ben Booysen', 'Nomsa Khumalo', 'Pieter Botha'].map((name) => ({
        path: '/admin/users/usr_1',
        name,
        until: null,
      })),
      more: { path: '/admin/users?status=missing', label: count('admin.due.all', 5) },
      remind: { whom: 'all-missing', after: '', label: count('admin.due.remind', 5) },
    },
    inGrace: {
      title: say('admin.due.in-grace'),
      none: say('admin.due.in-grace.none'),
      people: ['Chloé Dlamini', 'Sipho Ndlovu'].map((name) => ({
        path: '/admin/users/usr_3',
        name,
        until: aMoment('in 5 days'),
      })),
      more: { path: '/admin/users?status=in-grace', label: count('admin.due.all', 37) },
      remind: { whom: 'all-in-grace', after: 'sipho', label: count('admin.due.remind-more', 12) },
    },
    notice: `${count('admin.remind.sent', 23)} ${count('admin.remind.skipped', 2)}`,
  };
}

function emptyOverview(words: Words): AdminOverviewPage {
  const { say } = words;
  const totals = { total: 0, enrolled: 0, 'in-grace': 0, missing: 0, 'not-asked': 0 };
  const byMethod = { totp: 0, webauthn: 0, 'recovery-code': 0 };
  const around = { parts: { renderer: { words } } as unknown as PortalParts };
  const nobody = { people: [], more: null, remind: null };
  return {
    page: 'admin-overview',
    numbers: numbersOf(around, { totals, days: [] }),
    tiers: [],
    methods: methodShares({ byMethod, totals }, words),
    trend: null,
    refusals: [],
    refusalsPath: '/admin/audit?type=request.denied',
    resets: [],
    resetsMore: null,
    locked: [],
    missing: { ...nobody, title: say('admin.due.missing'), none: say('admin.due.missing.none') },
    inGrace: { ...nobody, title: say('admin.due.in-grace'), none: say('admin.due.in-grace.none') },
    notice: null,
  };
}

/** A month in which people enrolled. */
function daysUpTo(totals: { readonly total: number }): readonly MfaDay[] {
  return Array.from({ length: 30 }, (_, at) => ({
    day: new Date(Date.parse('2026-10-24') + at * 86_400_000).toISOString().slice(0, 10),
    total: totals.total - (29 - at),
    enrolled: 60 + Math.round(155 * (at / 29) ** 1.6),
    inGrace: 180 - Math.round(143 * (at / 29)),
    missing: at < 8 ? 2 : at < 20 ? 14 - Math.round(at / 2) : 5,
  }));
}

function sessions({ say, count }: Words): AdminSessionsPage {
  const row = (name: string, more: Partial<AdminSessionsPage['rows'][number]>) => ({
    username: name.split(' ')[0]?.toLowerCase() ?? '',
    displayName: name,
    path: '/admin/users/usr_1',
    device: 'Firefox on Linux',
    address: '10.20.0.14',
    proofs: 'password 14:02, authenticator app 14:02',
    began: aMoment('2 hr ago'),
    seen: aMoment('just now'),
    isThisOne: false,
    actions: [
      aConfirmation({ path: '/admin/sessions' }),
      aConfirmation({
        path: '/admin/sessions',
        action: 'end-sessions',
        label: say('admin.end-all'),
        spoken: say('admin.end-all.whose', { name }),
      }),
    ],
    ...more,
  });
  return {
    page: 'admin-sessions',
    rows: [
      row('Anna Adams', { isThisOne: true, actions: [] }),
      row('Ben Booysen', { seen: aMoment('3 min ago') }),
      row('Chloé Dlamini', {
        device: 'Safari on iPhone',
        address: '102.65.12.9, Cape Town',
        proofs: 'passkey 08:11 (remembered)',
      }),
    ],
    pager: { firstPath: null, nextPath: '/admin/sessions?after=5f1c' },
    empty: null,
    streams: [
      {
        username: 'ben',
        path: '/admin/users/usr_1',
        kind: say('admin.stream.upgraded'),
        route: 'admin-console',
        target: '/admin/live/events',
        address: '10.20.0.14',
        opened: aMoment('18 min ago'),
        end: aConfirmation({ action: 'end-stream', label: say('admin.end-stream') }),
      },
      {
        username: 'batch-runner',
        path: '/admin/users/usr_9',
        kind: say('admin.stream.response'),
        route: 'models',
        target: '/v1/chat/completions',
        address: '10.20.3.1',
        opened: aMoment('just now'),
        end: null,
      },
    ],
    streamsNote: count('admin.streams.more', 240),
    notice: null,
  };
}
