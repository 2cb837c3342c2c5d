/** What no check of the file alone can find: the log says so at start (G2). */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { startGateway } from '../../src/app.ts';
import { fixedConfig } from '../../src/config/live.ts';
import { loadConfig } from '../../src/config/load.ts';
import { drain } from '../../src/platform/shutdown.ts';
import { installation } from '../support/command.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { freePort } from '../support/listening.ts';
import { quietLog } from '../support/quiet-log.ts';

const configOf = (port: number, networks: string): string => `
server:
  listen: 127.0.0.1:${String(port)}
  publicUrl: http://127.0.0.1:${String(port)}
  management: null
networks: ${networks}
routes:
  - { name: jobs, path: /jobs/**, upstream: 'http://127.0.0.1:9', accept: bearer, rules: [{ for: { services: [robot] } }] }
`;

test('names services of networks that are gone, and tiers that can enroll no passkey', async () => {
  const port = await freePort();
  const at = installation(configOf(port, '{ zone-e: [10.20.0.0/24], office: [192.0.2.0/24] }'));
  for (const [name, networks] of [
    ['robot', 'zone-e,office'],
    ['nightly', 'zone-e'],
  ] as const) {
    assert.equal((await at.run(`user add ${name} --service --networks ${networks}`)).code, 0);
  }
  writeFileSync(at.configFile, configOf(port, '{ zone-e: [10.20.0.0/24] }'));
  const warnings: (readonly unknown[])[] = [];
  const log = { ...quietLog, warn: (...said: unknown[]) => warnings.push(said) };

  const config = loadConfig(at.configFile, { environment: {}, upstreams: 'required', port: null });
  const clock = fixedClock();
  const running = await startGateway(fixedConfig(config), {
    clock,
    log,
  });
  await drain(running.drainSteps, { log: quietLog });
  at.remove();

  assert.deepEqual(warnings, [
    [
      { service: 'robot', networks: ['office'] },
      'a service account is bound to networks that the configuration does not have',
    ],
    [
      { portal: `http://127.0.0.1:${String(port)}/_mfa`, tiers: ['TIER0'] },
      'these tiers must enroll a passkey and cannot: portal.url names an address, not a host',
    ],
  ]);
});
