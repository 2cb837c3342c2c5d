/** `/admin/policy` of an operator with many groups. */

import type { AdminPolicyPage } from '../../src/web/admin/policy/policy-views.ts';
import type { Words } from '../../src/web/words.ts';
import type { SampleAdminPage } from './sample-admin.ts';

/** The samples by the name of their file. */
export function samplePolicyPages({ say }: Words): ReadonlyMap<string, SampleAdminPage> {
  const page: AdminPolicyPage = {
    page: 'admin-policy',
    sentences: [
      { term: say('policy.term.mfa'), text: say('policy.mfa.on') },
      {
        term: say('policy.term.lockout'),
        text: say('policy.lockout', { failures: 5, within: '15m', duration: '15m' }),
      },
      { term: say('policy.term.audit'), text: say('policy.audit.denied') },
    ],
    tiers: [
      {
        tier: 'TIER0',
        people: 'AI-PLATFORM-ADMINS, DIRECTORY-OPERATORS-WITH-A-LONG-NAME',
        mustEnroll: say('policy.tier.hardware', { methods: say('method.webauthn') }),
        remembered: say('policy.tier.asked'),
      },
      {
        tier: 'TIER3',
        people: say('policy.tier.rest'),
        mustEnroll: say('policy.tier.nothing'),
        remembered: say('policy.tier.remembered'),
      },
    ],
    resets: [
      say('policy.reset.roles', { groups: 'AI-PLATFORM-ADMINS' }),
      say('policy.reset.approval.on'),
      say('policy.reset.severity', { severity: 'high' }),
    ],
    roles: [
      {
        role: say('admin.role.admin'),
        may: [say('policy.may.view'), say('policy.may.manage')].join(', '),
        groups: 'AI-PLATFORM-ADMINS',
        people: [
          { name: 'anna', path: '/admin/users/usr_anna' },
          { name: 'ben', path: '/admin/users/usr_ben' },
        ],
        hasMore: true,
      },
      {
        role: say('admin.role.auditor'),
        may: say('policy.may.view'),
        groups: '',
        people: [],
        hasMore: false,
      },
    ],
    administration: say('policy.administration.network', { network: 'zone-e' }),
    networks: [
      { name: 'zone-e', blocks: '10.20.0.0/24, 192.0.2.10/32, 2001:db8:e::/48' },
      { name: 'nowhere', blocks: say('policy.network.empty') },
    ],
    routes: [
      {
        name: 'console',
        wants: '*.console.example.com/admin/**',
        facts: [
          { term: say('policy.route.network'), text: 'zone-e' },
          { term: say('policy.route.accept'), text: say('policy.accept.session') },
          { term: say('policy.route.upstream'), text: 'http://10.0.0.5:8000', isCode: true },
        ],
        rules: [
          {
            id: 'console#1',
            when: 'path /admin/assets/**, method GET',
            who: say('policy.effect.public'),
            needs: [],
          },
          {
            id: 'console#2',
            when: say('policy.every-request'),
            who: 'groups SEC-OPS or AUDIT, service batch-runner',
            needs: [
              say('policy.needs.of', { tiers: 'TIER0 and TIER1', needs: 'two factors' }),
              say('policy.needs.of', {
                tiers: 'TIER2 and TIER3',
                needs: say('policy.needs.or-without', {
                  needs: 'two factors, no older than 10m',
                  without: 'one factor, no older than 10m',
                }),
              }),
              say('policy.needs.service'),
            ],
          },
        ],
      },
    ],
  };
  return new Map([['admin-policy', { section: 'policy', page }]]);
}
