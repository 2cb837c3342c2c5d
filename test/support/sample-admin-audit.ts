/** `/admin/audit` and its events, with strangers who write whatever they like. */

import type { AdminAuditPage, AuditRow } from '../../src/web/admin/audit/audit-views.ts';
import type { Words } from '../../src/web/words.ts';
import type { SampleAdminPage } from './sample-admin.ts';

/** The samples by the name of their file. */
export function sampleAuditPages({ say, count }: Words): ReadonlyMap<string, SampleAdminPage> {
  const badge = (severity: 'info' | 'notice' | 'warning' | 'high') => {
    const tones = { info: 'quiet', notice: 'accent', warning: 'warning', high: 'danger' } as const;
    const icon = severity === 'info' || severity === 'notice' ? 'info' : 'alert';
    return { tone: tones[severity], icon, label: say(`audit.severity.${severity}`) };
  };
  const moment = {
    relative: '3 min. ago',
    exact: '22 Nov 2026, 14:29 (SAST)',
    iso: '2026-11-22T12:29:00.000Z',
  };
  const row = (changes: Partial<AuditRow>): AuditRow => ({
    path: '/admin/audit/evt_0mb3k1v9z0a1b2c3d4e5f607182',
    sentence: say('audit.session.signed-in', { actor: 'ben' }),
    severity: badge('info'),
    moment,
    from: 'Firefox on Linux, 10.20.0.14',
    type: 'session.signed-in',
    details: [{ term: 'methods', text: 'password, authenticator app' }],
    explainPath: null,
    ...changes,
  });
  const long = `/zone/${'a'.repeat(74)}…`;
  const denied = { actor: 'dora', method: 'GET', host: 'console.example.com' };
  const rows = [
    row({
      sentence: say('audit.request.denied.told', { ...denied, path: long }),
      severity: badge('warning'),
      from: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff',
      explainPath: '/admin/explain?event=evt_0mb3k1v9z0a1b2c3d4e5f607182',
      details: [
        { term: 'path', text: `/zone/${'a'.repeat(400)}` },
        { term: 'reason', text: 'network-not-allowed' },
      ],
    }),
    row({
      sentence: say('audit.reset.requested', { actor: 'carol', person: 'ben' }),
      severity: badge('high'),
      details: [{ term: 'request', text: 'rst_4711', path: '/admin/resets/rst_4711' }],
    }),
    row({
      sentence: say('audit.user.created', { actor: say('audit.actor.cli'), person: 'ben' }),
      severity: badge('notice'),
      from: null,
      type: 'user.created',
      details: [],
    }),
    row({}),
  ];
  const field = (name: 'person' | 'by' | 'ip' | 'request', value = '') =>
    ({ kind: 'text', name, label: say(`audit.field.${name}`), value }) as const;
  const page: AdminAuditPage = {
    page: 'admin-audit',
    timeZone: 'Africa/Johannesburg',
    filter: {
      path: '/admin/audit',
      fields: [
        {
          kind: 'choice',
          name: 'type',
          label: say('audit.field.type'),
          value: '',
          options: [
            { value: '', label: say('audit.any') },
            { value: 'reset', label: say('audit.all-of', { subject: 'reset' }) },
          ],
        },
        field('person', 'ben'),
        field('by'),
        field('ip'),
        field('request'),
        {
          kind: 'datetime-local',
          name: 'from',
          label: say('audit.field.from'),
          value: '2026-11-22T00:00',
        },
        { kind: 'datetime-local', name: 'before', label: say('audit.field.before'), value: '' },
      ],
      isActive: true,
    },
    periods: (['hour', 'day', 'week', 'month'] as const).map((period) => ({
      label: say(`audit.period.${period}`),
      path: '/admin/audit?from=2026-11-22T13%3A32',
    })),
    rows,
    empty: null,
    pager: {
      newestPath: '/admin/audit',
      newerPath: '/admin/audit?newer=evt_1',
      olderPath: '/admin/audit?after=evt_2',
    },
    exports: (['jsonl', 'csv', 'cef'] as const).map((format) => ({
      label: say(`audit.export.${format}`),
      path: `/admin/audit/export?format=${format}`,
    })),
    chain: { result: { isWhole: true, sentence: count('audit.chain.whole', 4711) } },
    notice: null,
    errors: [],
  };
  const none = { newestPath: null, newerPath: null, olderPath: null };
  const broken = { event: 'evt_0mb3k1v9z0a1b2c3d4e5f607182', why: 'This event was changed.' };
  return new Map<string, SampleAdminPage>([
    ['admin-audit', { section: 'audit', page }],
    [
      'admin-audit-none',
      {
        section: 'audit',
        page: {
          ...page,
          rows: [],
          pager: none,
          exports: [],
          chain: { result: { isWhole: false, sentence: say('audit.chain.broken', broken) } },
          empty: {
            title: say('audit.none-found'),
            text: say('audit.none-found.text'),
            action: { path: '/admin/audit', label: say('admin.filter.clear') },
          },
        },
      },
    ],
    [
      'admin-audit-wrong',
      {
        section: 'audit',
        page: {
          ...page,
          rows: [],
          pager: none,
          exports: [],
          chain: null,
          errors: [
            { field: 'person', message: say('audit.fault.no-such-person') },
            { field: 'from', message: say('audit.unreadable.from') },
            { field: null, message: say('audit.fault.no-such-event') },
          ],
        },
      },
    ],
    [
      'admin-audit-event',
      {
        section: 'audit',
        page: {
          page: 'admin-audit-event',
          sentence: say('audit.request.denied.told', { ...denied, path: long }),
          severity: badge('warning'),
          facts: [
            { term: say('audit.fact.at'), text: `${moment.exact},`, moment },
            {
              term: say('audit.fact.type'),
              text: 'request.denied',
              path: '/admin/audit?type=request.denied',
            },
            { term: say('audit.fact.person'), text: 'dora', path: '/admin/users/usr_dora' },
            { term: say('audit.fact.user-agent'), text: 'A'.repeat(512) },
            { term: say('audit.fact.session'), text: 'f'.repeat(64), isCode: true },
          ],
          details: [
            { term: 'path', text: `/zone/${'a'.repeat(400)}` },
            { term: 'reason', text: 'network-not-allowed' },
          ],
          document: JSON.stringify({ id: 'evt_1', hash: 'e'.repeat(64) }, null, 2),
          explainPath: '/admin/explain?event=evt_1',
          neighbours: [
            { title: say('audit.neighbours.person'), path: '/admin/audit?person=usr_dora', rows },
          ],
        },
      },
    ],
  ]);
}
