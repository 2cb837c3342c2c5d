/** `/admin/explain` in its states, by the words that the pages themselves find. */

import { methodCondition } from '../../src/core/policy/conditions/method.ts';
import { explain } from '../../src/core/policy/explain.ts';
import type { ExplainedAccess } from '../../src/flows/admin/explain/explain-request.ts';
import { explainAnswer } from '../../src/web/admin/explain/explain-answer.ts';
import type { AdminExplainPage } from '../../src/web/admin/explain/explain-views.ts';
import type { Words } from '../../src/web/words.ts';
import { aPolicy, aPrincipal, aRequest, aRoute, aRule, aSession } from './builders.ts';
import { NOON } from './fixed-clock.ts';
import type { SampleAdminPage } from './sample-admin.ts';

/** The samples by the name of their file. */
export function sampleExplainPages(words: Words): ReadonlyMap<string, SampleAdminPage> {
  const { say } = words;
  const field = (name: 'person' | 'groups' | 'ip' | 'proofs', value: string, hint: string) =>
    ({ kind: 'text', name, label: say(`explain.field.${name}`), value, hint }) as const;
  const page: AdminExplainPage = {
    page: 'admin-explain',
    form: {
      path: '/admin/explain',
      fields: [
        {
          kind: 'choice',
          name: 'method',
          label: say('explain.field.method'),
          value: 'DELETE',
          options: [{ value: 'DELETE', label: 'DELETE' }],
        },
        {
          kind: 'search',
          name: 'url',
          label: say('explain.field.url'),
          value: `https://console.example.com/admin/users/7?${'q'.repeat(200)}`,
          hint: 'https://console.example.com/…',
        },
        field('person', 'ben', say('explain.hint.person')),
        field('groups', '', say('explain.hint.groups')),
        field('ip', '10.20.0.14', '127.0.0.1'),
        {
          kind: 'choice',
          name: 'proved',
          label: say('explain.field.proved'),
          value: '',
          options: [{ value: '', label: say('explain.proved.password') }],
        },
        field('proofs', '', 'password@2h, totp@5m'),
      ],
      isActive: true,
    },
    event: null,
    answer: null,
    errors: [],
  };
  const asked = { method: 'DELETE', url: 'https://console.example.com/admin/users/7' };
  const answer = explainAnswer({ outcome: 'explained', ...anExplanation() }, asked, words);
  const then = { at: '22 Nov 2026, 14:29 (SAST)', why: 'The rule admits others, not this person.' };
  return new Map<string, SampleAdminPage>([
    [
      'admin-explain',
      { section: 'explain', page: { ...page, form: { ...page.form, isActive: false } } },
    ],
    ['admin-explain-answer', { section: 'explain', page: { ...page, answer } }],
    [
      'admin-explain-event',
      {
        section: 'explain',
        page: {
          ...page,
          answer,
          event: {
            path: '/admin/audit/evt_1',
            sentence: say('audit.request.denied.told', {
              actor: 'ben',
              method: 'DELETE',
              host: 'console.example.com',
              path: `/admin/${'u'.repeat(72)}…`,
            }),
            notes: [
              say('explain.event.then', then),
              say('explain.event.now'),
              say('explain.event.gone'),
              say('explain.event.cut'),
            ],
          },
        },
      },
    ],
    [
      'admin-explain-refused',
      {
        section: 'explain',
        page: {
          ...page,
          answer: explainAnswer(
            {
              outcome: 'refused',
              reason: 'method-not-allowed',
              sentence: 'TRACE is not passed on.',
            },
            { ...asked, method: 'TRACE' },
            words,
          ),
        },
      },
    ],
    [
      'admin-explain-wrong',
      {
        section: 'explain',
        page: {
          ...page,
          errors: [
            {
              field: 'url',
              message: say('explain.fault.url', {
                example: 'https://console.example.com/some/page',
              }),
            },
            { field: 'person', message: say('explain.fault.person') },
          ],
        },
      },
    ],
  ]);
}

/** Somebody who is not admitted, behind a dozen routes. */
function anExplanation(): ExplainedAccess {
  const others = Array.from({ length: 12 }, (_, index) =>
    aRoute({ name: `application-${String(index)}`, path: `/application-${String(index)}/**` }),
  );
  const route = aRoute({
    name: 'console',
    path: '/admin/**',
    isAdminConsole: true,
    rules: [
      aRule({
        id: 'console#1',
        effect: 'public',
        conditions: [methodCondition(['GET'])],
      }),
      aRule({ id: 'console#2', audience: { groups: ['DESK'], users: [], services: [] } }),
    ],
  });
  const session = aSession({ principal: aPrincipal({ username: 'ben', groups: ['STAFF'] }) });
  const request = aRequest({ method: 'DELETE', path: '/admin/users/7', ip: '10.20.0.14' });
  return {
    explanation: explain([...others, route], { request, session, now: NOON }, aPolicy()),
    url: `https://console.example.com/admin/users/7?${'q'.repeat(200)}`,
    visitor: { session, tier: 'TIER3', isKnown: true, assumptions: [] },
    assumptions: [{ about: 'proofs', sentence: 'the password was proved just now' }],
  };
}
