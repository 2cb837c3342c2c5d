/** `sallyport config check`: everything that is wrong, at once. */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { installation, runCommand } from '../support/command.ts';

describe('config check', () => {
  const installed: { remove(): void }[] = [];
  after(() => {
    for (const each of installed) each.remove();
  });

  test('says that a configuration is right', async () => {
    assert.deepEqual(await runCommand(['config', 'check', '--config', 'config/demo.yaml']), {
      code: 0,
      stdout: 'config/demo.yaml: right (5 routes, 8 rules)\n',
      stderr: '',
    });
  });

  test('names each mistake with file, line and column', async () => {
    const at = installation(`server:
  publicUrl: http://console.example.com
  listn: 127.0.0.1:8080
routes:
  - name: console
    path: /console/**
    upstream: http://10.0.0.5:8000
    network: zone-e
    rules:
      - requires: { level: 2 }
      - effect: deny
`);
    installed.push(at);
    const { code, stdout, stderr } = await at.run('config check');
    assert.equal(
      stdout.replaceAll(at.folder, '/etc/sallyport'),
      `/etc/sallyport/sallyport.yaml:2:14: server.publicUrl: passwords would travel in the clear; write https://console.example.com
/etc/sallyport/sallyport.yaml:3:3: server: unknown key "listn"; did you mean "listen"?
/etc/sallyport/sallyport.yaml:8:14: routes[0].network: there is no network "zone-e"; none is declared under networks
/etc/sallyport/sallyport.yaml:11:9: routes[0].rules[1]: can never match: the rule on line 10 matches every request that this one could; move this one above it
`,
    );
    assert.deepEqual({ code, stderr }, { code: 1, stderr: '' });
  });

  test('reads the environment as serve does', async () => {
    const at = installation();
    installed.push(at);
    const { code, stdout } = await at.run('config check', {
      environment: { SALLYPORT_SERVER__LISTEN: 'nowhere' },
    });
    assert.equal(code, 1);
    assert.match(stdout, /^SALLYPORT_SERVER__LISTEN:1:1: server\.listen: write an address/);
  });

  test('says that there is no file, or a folder', async () => {
    const at = installation();
    installed.push(at);
    mkdirSync(path.join(at.folder, 'sub'));
    assert.deepEqual(await runCommand(['config', 'check', '--config', '/nowhere.yaml']), {
      code: 1,
      stdout: '/nowhere.yaml:1:1: there is no such file\n',
      stderr: '',
    });
    const { stdout } = await runCommand(['config', 'check', '--config', at.folder]);
    assert.match(stdout, /:1:1: this is a folder; name the file in it\n$/);
  });
});
