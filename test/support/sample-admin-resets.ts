/** The pages about resets in their states. */

import type { Words } from '../../src/web/words.ts';
import type {
  AdminResetPage,
  AdminResetRequestPage,
  ResetRow,
} from '../../src/web/admin/resets/resets-views.ts';
import type { Moment } from '../../src/web/admin/blocks.ts';
import type { SampleAdminPage } from './sample-admin.ts';

const moment = (relative: string, exact = '22 Nov 2026, 14:32 (SAST)'): Moment => ({
  relative,
  exact,
  iso: '2026-11-22T12:32:00.000Z',
});

const state =
  (at: 'done' | 'now' | 'later' | 'stopped') => (title: string, text: string | null) => ({
    title,
    text,
    state: at,
  });

/** The samples by the name of their file. */
export function sampleResetPages(words: Words): ReadonlyMap<string, SampleAdminPage> {
  const { say } = words;
  const badge = (state: string, tone: 'warning' | 'accent' | 'good' | 'quiet', icon: string) => ({
    tone,
    icon,
    label: say(`admin.reset.${state}`),
  });
  const row = (differences: Partial<ResetRow>): ResetRow => ({
    path: '/admin/resets/rst_1',
    username: 'anna',
    tier: 'TIER0',
    badge: badge('pending', 'warning', 'clock'),
    approvals: '1/2',
    ticket: 'OPS-4711',
    by: 'ada',
    asked: moment('3 hr ago'),
    end: { label: say('admin.resets.expires'), moment: moment('in 21 hr') },
    ...differences,
  });
  const filter = {
    path: '/admin/resets',
    isActive: false,
    fields: [
      { kind: 'search', name: 'person', label: say('admin.resets.person'), value: '' },
      {
        kind: 'choice',
        name: 'state',
        label: say('admin.resets.state'),
        value: '',
        options: [{ value: '', label: say('admin.resets.any-state') }],
      },
    ],
  } as const;
  const list = {
    page: 'admin-resets',
    filter,
    pager: { firstPath: null, nextPath: '/admin/resets?after=rst_9' },
    notice: null,
  } as const;
  const history = [
    row({
      username: 'chloe.van-der-merwe@example.com',
      tier: 'TIER2',
      badge: badge('executed', 'good', 'check'),
      approvals: '1/1',
      end: { label: say('admin.resets.ended.executed'), moment: moment('2 days ago') },
    }),
    row({
      username: 'dan',
      tier: 'TIER3',
      badge: badge('rejected', 'quiet', 'minus'),
      approvals: '0/1',
      ticket: 'https://tickets.example.com/browse/OPS-4699-a-very-long-address-of-a-ticket',
      end: { label: say('admin.resets.ended.rejected'), moment: moment('5 days ago') },
    }),
  ];
  const noReset = say('admin.resets.none.open');

  const pending: AdminResetPage = {
    page: 'admin-reset',
    title: say('admin.reset.title', { username: 'anna' }),
    path: '/admin/resets/rst_1',
    badge: badge('pending', 'warning', 'clock'),
    line: {
      label: say('admin.reset.steps'),
      steps: [
        { title: say('admin.reset.step.requested'), text: 'ada', state: 'done' },
        {
          title: say('admin.reset.step.approved'),
          text: say('admin.reset.step.progress', { count: 1, needed: 2 }),
          state: 'now',
        },
        { title: say('admin.reset.step.ready'), text: null, state: 'later' },
        { title: say('admin.reset.step.done'), text: null, state: 'later' },
      ],
    },
    next: [
      say('admin.reset.next.approval', {
        role: say('admin.reset.role.security-owner', { groups: 'SECURITY-OWNERS' }),
      }),
    ],
    expires: moment('in 21 hr'),
    actions: {
      approve: { roles: [{ value: 'security-owner', label: say('admin.role.security-owner') }] },
      mayReject: true,
      mayCancel: true,
      execute: null,
    },
    enrollment: [],
    facts: [
      { term: say('admin.reset.fact.person'), text: 'Anna Example', path: '/admin/users/usr_1' },
      { term: say('admin.reset.fact.tier'), text: 'TIER0' },
      {
        term: say('admin.reset.fact.reason'),
        text: 'Her phone fell into the sea at Muizenberg on Saturday, and the spare key is in the safe of the other office.',
      },
      { term: say('admin.reset.fact.ticket'), text: 'OPS-4711' },
      { term: say('admin.reset.fact.by'), text: 'ada' },
      { term: say('admin.reset.fact.asked'), text: null, moment: moment('3 hr ago') },
      { term: say('admin.reset.fact.id'), text: 'rst_J4k2-8sGx0QpVw1z', isCode: true },
    ],
    proofing: [
      { term: say('admin.proofing.id-document'), text: 'HR-2231, copy in the personnel file' },
      { term: say('admin.proofing.call-back'), text: '+27 21 555 0199, 14:02' },
    ],
    approvals: [
      {
        text: say('admin.reset.approved-by', { name: 'max', role: say('admin.role.manager') }),
        moment: moment('2 hr ago'),
      },
    ],
    eventsPath: '/admin/audit?type=reset&person=anna',
    typedReason: '',
    notice: null,
    errors: [],
  };
  const executable: AdminResetPage = {
    ...pending,
    badge: badge('approved', 'accent', 'check'),
    line: {
      ...pending.line,
      steps: [
        state('done')(say('admin.reset.step.requested'), 'ada'),
        state('done')(say('admin.reset.step.approved'), '2 of 2'),
        state('now')(say('admin.reset.step.ready'), null),
        state('later')(say('admin.reset.step.done'), null),
      ],
    },
    next: [
      say('admin.reset.next.execute', {
        role: say('admin.reset.role.reset-executor', { groups: 'AI-PLATFORM-ADMINS' }),
      }),
    ],
    actions: {
      approve: null,
      mayReject: false,
      mayCancel: true,
      execute: { link: say('admin.reset.link.mailed', { email: 'anna@example.com' }) },
    },
    notice: say('admin.done.reset-approved'),
  };
  const question = (way: 'link' | 'supervised') => ({
    path: '/admin/users/usr_1/enrollment',
    action: way,
    label: say(`admin.enrollment.${way}`),
    question: say(`admin.enrollment.${way}.question`, { name: 'Anna Example' }),
    confirm: say(`admin.enrollment.${way}.confirm`),
    isDangerous: false,
  });
  const done: AdminResetPage = {
    ...executable,
    badge: badge('executed', 'good', 'check'),
    line: {
      ...pending.line,
      steps: [
        state('done')(say('admin.reset.step.requested'), 'ada'),
        state('done')(say('admin.reset.step.approved'), '2 of 2'),
        state('done')(say('admin.reset.step.ready'), null),
        state('done')(say('admin.reset.step.done'), 'eve'),
      ],
    },
    next: [say('admin.reset.next.enroll', { name: 'Anna Example' })],
    expires: null,
    actions: { approve: null, mayReject: false, mayCancel: false, execute: null },
    enrollment: [question('link'), question('supervised')],
    notice: say('admin.done.reset-executed'),
  };
  const rejected: AdminResetPage = {
    ...done,
    badge: badge('rejected', 'quiet', 'minus'),
    line: {
      ...pending.line,
      steps: [
        state('done')(say('admin.reset.step.requested'), 'ada'),
        state('stopped')(say('admin.reset.rejected'), 'olga'),
        state('later')(say('admin.reset.step.ready'), null),
        state('later')(say('admin.reset.step.done'), null),
      ],
    },
    next: [
      say('admin.reset.next.rejected'),
      say('admin.reset.next.reason', { reason: 'She says it was not her.' }),
    ],
    enrollment: [],
    approvals: [],
    notice: null,
  };
  const request: AdminResetRequestPage = {
    page: 'admin-reset-request',
    title: say('admin.reset-request.title', { name: 'Anna Example' }),
    path: '/admin/users/usr_1/reset',
    back: { path: '/admin/users/usr_1', label: 'Anna Example' },
    outlook: [
      say('admin.reset-request.effect', { name: 'Anna Example' }),
      say('admin.reset-request.two', {
        name: 'Anna Example',
        tier: 'TIER0',
        role: say('admin.reset.role.manager', { groups: 'MANAGERS' }),
        other: say('admin.reset.role.security-owner', { groups: 'SECURITY-OWNERS' }),
      }),
    ],
    obstacle: null,
    reason: '',
    ticket: '',
    proofing: [
      { kind: '', reference: '' },
      { kind: '', reference: '' },
      { kind: '', reference: '' },
    ],
    kinds: [
      { value: '', label: say('admin.proofing.choose') },
      { value: 'id-document', label: say('admin.proofing.id-document') },
      { value: 'call-back', label: say('admin.proofing.call-back') },
    ],
    isProofingNeeded: true,
    isImmediate: false,
    link: say('admin.reset.link.not-mailed', { name: 'Anna Example' }),
    enrollment: 'link',
    errors: [],
  };
  const tooLittle = 'Check who is asking in at least two ways of different kind.';

  const pages: Readonly<Record<string, SampleAdminPage['page']>> = {
    'admin-resets': {
      ...list,
      open: {
        rows: [row({}), row({ username: 'ben', tier: 'TIER1', approvals: '0/2', by: 'eve' })],
        empty: null,
      },
      history: { title: say('admin.resets.history'), rows: history, empty: null },
    },
    'admin-resets-none': {
      ...list,
      open: {
        rows: [],
        empty: {
          title: noReset,
          text: say('admin.resets.none.open.text'),
          action: { path: '/admin/users', label: say('admin.resets.find-person') },
        },
      },
      history: { title: say('admin.resets.history'), rows: [], empty: null },
      pager: { firstPath: null, nextPath: null },
    },
    'admin-reset-pending': pending,
    'admin-reset-approved': executable,
    'admin-reset-done': done,
    'admin-reset-rejected': rejected,
    'admin-reset-refused': {
      ...pending,
      actions: {
        ...pending.actions,
        approve: {
          roles: [
            { value: 'manager', label: say('admin.role.manager') },
            { value: 'security-owner', label: say('admin.role.security-owner') },
          ],
        },
      },
      errors: [{ field: 'reject-reason', message: 'Fill in the reason.' }],
    },
    'admin-reset-request': request,
    'admin-reset-request-wrong': {
      ...request,
      isImmediate: true,
      reason: 'phone lost',
      proofing: [
        { kind: 'id-document', reference: 'HR-2231' },
        { kind: '', reference: '' },
        { kind: '', reference: '' },
      ],
      errors: [
        { field: 'ticket', message: 'Fill in the ticket.' },
        { field: 'proofing', message: tooLittle },
      ],
    },
    'admin-reset-request-none': {
      ...request,
      obstacle: {
        text: say('admin.reset-request.obstacle.open', { name: 'Anna Example', by: 'ada' }),
        path: '/admin/resets/rst_1',
      },
    },
  };
  return new Map(Object.entries(pages).map(([name, page]) => [name, { section: 'resets', page }]));
}
