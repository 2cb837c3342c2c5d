/** docs/guides/api.md: every command in it, run as it stands, one after the other. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { codeAt } from '../../support/authenticator-app.ts';
import { type FakeUpstream, startFakeUpstream } from '../../support/fake-upstream.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { run } from '../../support/run.ts';
import { fileNamed } from '../../support/source-files.ts';
import { passwordOf, startGateway, type TestGateway } from '../../support/start-gateway.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const clock = fixedClock();
const folder = temporaryFolder();
let gateway: TestGateway;
let upstream: FakeUpstream;

before(async () => {
  upstream = await startFakeUpstream();
  gateway = await startGateway({
    clock,
    settings: {
      networks: { office: ['127.0.0.1'] },
      administration: { admins: ['SEC-OPS'] },
      routes: [
        {
          name: 'models',
          path: '/v1/**',
          upstream: upstream.origin,
          accept: ['session', 'bearer'],
          rules: [{ for: { groups: ['SEC-OPS'], services: ['batch'] } }],
        },
      ],
    },
  });
  await gateway.addUser({ username: 'ben', groups: ['SEC-OPS'] });
});
after(async () => {
  await gateway.close();
  await upstream.stop();
  folder.remove();
});

test('the guide to the API works as it is written', async () => {
  const guide = fileNamed('docs/guides/api.md').text;
  const blocks = [...guide.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, text = '']) => text);
  assert.ok(blocks.length >= 10);
  for (const block of blocks) await runBlock(block);

  assert.equal(json('answer.json')['code'], 'enrollment-required');
  assert.equal(json('problem.json')['code'], 'validation-failed');
  assert.equal(json('refused.json')['code'], 'invalid-token');
  const seen = upstream.requests.map(({ headers }) => [
    headers['remote-user'],
    headers.authorization,
  ]);
  assert.deepEqual(seen, [
    ['ben', undefined],
    ['batch', undefined],
  ]);
});

/** What a command left behind. */
function json(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(path.join(folder.path, name), 'utf8')) as Record<string, unknown>;
}

/** Runs one block in a shell that goes on where the one before it ended. */
async function runBlock(block: string): Promise<void> {
  const state = path.join(folder.path, 'state.sh');
  if (!existsSync(state)) {
    const start = {
      BASE: `${gateway.origin}/_mfa/api/v1`,
      ROUTE: `${gateway.origin}/v1/models`,
      PASSWORD: passwordOf('ben'),
    };
    const lines = Object.entries(start).map(([name, value]) => `export ${name}='${value}'`);
    writeFileSync(state, `${lines.join('\n')}\n`);
  }
  const secret = /^declare -x SECRET="([A-Z2-7]+)"$/m.exec(readFileSync(state, 'utf8'))?.[1] ?? '';
  if (block.includes('$CODE')) clock.advance(30);
  const code = block.includes('$CODE') ? codeAt(secret, clock.now()) : '';
  const script = `set -euo pipefail\n. ./state.sh\nset -a\nCODE=${code}\n${block}\nexport -p > state.sh`;
  const { code: status, stdout, stderr } = await run('bash', ['-c', script], { cwd: folder.path });
  assert.equal(status, 0, `${block}\n${stdout}\n${stderr}`);
}
