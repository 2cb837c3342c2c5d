/** The mapping of controls says no where the configuration lets somebody through on a password. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Config } from '../../../../src/config/config.ts';
import type { EvidenceId } from '../../../../src/core/ids.ts';
import { controlsMarkdown } from '../../../../src/flows/evidence/controls/controls-markdown.ts';
import {
  mapControls,
  type MappedControl,
} from '../../../../src/flows/evidence/controls/map-controls.ts';
import { fingerprintOf } from '../../../../src/flows/operating/note-configuration.ts';
import {
  verificationIds,
  type EvidenceReport,
  type Outcome,
  type VerificationId,
} from '../../../../src/flows/evidence/report.ts';
import { aConfig } from '../../../support/a-config.ts';
import { aNetwork, aPolicy, aRoute, aRule, NOON } from '../../../support/builders.ts';
import { policyWith, type KeyChanges } from '../../../support/policy-file.ts';

function configWith(
  routes: Config['routes'],
  changes: { readonly policy?: KeyChanges; readonly remembered?: boolean } = {},
): Config {
  const rememberedFor = changes.remembered === true ? (['TIER3'] as const) : [];
  const policy = aPolicy({ mfa: policyWith(changes.policy), rememberedFor });
  return aConfig({ policy, routes });
}

/** A report about a configuration in which everything passed but what is named. */
function reportOn(
  config: Config,
  others: Partial<Record<VerificationId, Outcome>> = {},
): EvidenceReport {
  return {
    shape: 1,
    id: 'evd_1' as EvidenceId,
    startedAt: NOON,
    finishedAt: NOON,
    by: 'cli',
    installation: {
      issuer: 'Example Corp',
      publicUrl: 'https://console.example.com',
      portalUrl: 'https://console.example.com/_mfa',
      database: 'SQLite',
      sessions: 'database',
      timeZone: 'UTC',
      version: '1.0.0',
      runtime: 'Node.js 24',
      fingerprint: fingerprintOf(config),
    },
    policy: [],
    verifications: verificationIds.map((id) => ({
      id,
      title: id,
      outcome: others[id] ?? 'passed',
      checks: [],
    })),
    traces: { tenant: 'evidence', people: 1, events: 1 },
    outcome: 'passed',
  };
}

function statuses(config: Config, report: EvidenceReport | null): Record<string, string> {
  const { controls } = mapControls(config, report);
  return Object.fromEntries(controls.map(({ number, status }) => [number, status]));
}

function control(config: Config, number: string): MappedControl {
  const found = mapControls(config, reportOn(config)).controls.find((one) => one.number === number);
  assert.ok(found !== undefined);
  return found;
}

const strict = configWith([aRoute({ name: 'console', rules: [aRule({ id: 'console#1' })] })]);
const lax = configWith([
  aRoute({ name: 'console', rules: [aRule({ id: 'console#1' })] }),
  aRoute({
    name: 'board',
    path: '/b/**',
    rules: [aRule({ id: 'board#1', requires: { level: 1 } })],
  }),
]);

describe('with two factors everywhere and evidence for it', () => {
  test('a control is met where a gateway can meet it, and in part where it asks for more', () => {
    assert.deepEqual(statuses(strict, reportOn(strict)), {
      'IA-2(1)': 'met',
      'IA-2(2)': 'met',
      'CC6.1': 'partly',
      '6.3': 'met',
      '6.4': 'partly',
      '6.5': 'met',
      '8.4': 'partly',
      'IA.L2-3.5.3': 'partly',
    });
  });

  test('says what lies outside of the gateway', () => {
    for (const { outside, findings } of mapControls(strict, reportOn(strict)).controls) {
      assert.ok(findings.some(({ speaks, text }) => speaks === 'note' && text === outside));
    }
  });
});

describe('a route that lets people through on a password', () => {
  test('of people who are not privileged: what is about them is not met', () => {
    assert.deepEqual(statuses(lax, reportOn(lax)), {
      'IA-2(1)': 'met',
      'IA-2(2)': 'not-met',
      'CC6.1': 'partly',
      '6.3': 'not-met',
      '6.4': 'not-met',
      '6.5': 'met',
      '8.4': 'not-met',
      'IA.L2-3.5.3': 'not-met',
    });
  });

  test('is named, with the tiers that pass', () => {
    const texts = control(lax, '8.4').findings.map(({ text }) => text);
    assert.ok(
      texts.includes(
        'The rule board#1 lets TIER2 or TIER3 through with a password alone, as long as they have enrolled nothing.',
      ),
      texts.join('\n'),
    );
  });

  test('of privileged people, where the policy lets them pass before they have enrolled', () => {
    const config = configWith(lax.routes, {
      policy: { 'enforcement.block_token_issuance_until_enrolled': false },
    });
    assert.equal(statuses(config, reportOn(config))['IA-2(1)'], 'not-met');
  });

  test('from inside alone is no matter of applications that are exposed', () => {
    const zone = aNetwork('zone-e', ['10.20.0.0/24', 'fd00::/8']);
    const config = configWith(lax.routes.map((route) => ({ ...route, network: zone })));
    const found = statuses(config, reportOn(config));
    assert.deepEqual([found['6.3'], found['IA-2(2)']], ['met', 'not-met']);
  });
});

describe('evidence', () => {
  test('that is missing makes what it should show met in part', () => {
    const found = statuses(strict, null);
    assert.deepEqual([found['IA-2(1)'], found['6.3']], ['partly', 'partly']);
  });

  test('about another configuration does not count', () => {
    assert.equal(statuses(strict, reportOn(lax))['IA-2(1)'], 'partly');
  });

  test('that could not be collected does not count', () => {
    const report = reportOn(strict, { V2: 'not-applicable' });
    assert.equal(statuses(strict, report)['IA-2(1)'], 'partly');
  });

  test('against it makes it not met, whatever the configuration says', () => {
    assert.equal(statuses(strict, reportOn(strict, { V3: 'failed' }))['IA-2(2)'], 'not-met');
  });
});

describe('what an auditor has to judge', () => {
  test('is noted: remembered browsers, services, public rules', () => {
    const config = configWith(
      [
        aRoute({
          name: 'console',
          rules: [
            aRule({ id: 'console#1', effect: 'public' }),
            aRule({ id: 'console#2', audience: { services: ['batch'] } }),
          ],
        }),
      ],
      { remembered: true },
    );
    const notes = control(config, '8.4')
      .findings.filter(({ speaks }) => speaks === 'note')
      .map(({ text }) => text)
      .join('\n');
    assert.match(notes, /may remember the second factor of TIER3/);
    assert.match(notes, /Service accounts pass on console/);
    assert.match(notes, /Public, without any sign-in: console#1/);
  });
});

describe('as Markdown', () => {
  test('has a table and a chapter for each, and takes no markup from names', () => {
    const config = configWith([
      aRoute({ name: 'x', rules: [aRule({ id: '*|<b>x', requires: { level: 1 } })] }),
    ]);
    const markdown = controlsMarkdown(mapControls(config, null), ['about `this`']);
    assert.match(markdown, /^# Controls/);
    assert.equal(markdown.match(/^## /gm)?.length, 8);
    assert.match(markdown, /\| PCI DSS 4\.0 8\.4 \| .* \| \*\*not met\*\* \|/);
    assert.match(markdown, /\\\*\\\|\\<b\\>x/);
    assert.match(markdown, /- about \\`this\\`/);
  });
});

describe('the number of a configuration', () => {
  test('changes with who may do what, and with nothing else', () => {
    const number = fingerprintOf(strict);
    assert.match(number, /^[0-9a-f]{64}$/);
    assert.equal(fingerprintOf({ ...strict, file: '/elsewhere.yaml' }), number);
    assert.notEqual(fingerprintOf(lax), number);
    assert.notEqual(
      fingerprintOf(configWith(strict.routes, { policy: { 'mfa.recovery_codes.min_codes': 11 } })),
      number,
    );
    const lockout = { ...strict.lockout, failuresMax: 6 };
    assert.notEqual(fingerprintOf({ ...strict, lockout }), number);
  });
});
