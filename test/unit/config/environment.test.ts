/** Values from the environment, over those of the file. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { configOf, faultsOf, smallest } from '../../support/config-files.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const yaml = `${smallest}networks: { zone-e: [10.0.0.0/8] }
routes:
  - { name: a, path: /a/**, upstream: "http://10.0.0.5", network: zone-e }
`;

const configWith = (environment: Readonly<Record<string, string>>) =>
  configOf(yaml, { environment });
const faultsWith = (environment: Readonly<Record<string, string>>, text = yaml) =>
  faultsOf(text, { environment });

describe('an environment variable', () => {
  test('overrides a value, two underscores going one level down', () => {
    const config = configWith({ SALLYPORT_SERVER__LISTEN: '0.0.0.0:9000' });
    assert.deepEqual(config.server.listen, { host: '0.0.0.0', port: 9000 });
  });

  test('is found whatever its case and its single underscores', () => {
    const config = configWith({
      SALLYPORT_server__publicUrl: 'https://other.example.com',
      SALLYPORT_IDENTITY__LOCAL__MIN_PASSWORD_LENGTH: '15',
    });
    assert.equal(config.server.publicUrl, 'https://other.example.com');
    assert.equal(config.local.minPasswordLength, 15);
  });

  test('may hold a list or a mapping', () => {
    const config = configWith({
      SALLYPORT_SERVER__TRUSTED_PROXIES: '[10.0.0.1, 10.0.0.2]',
      SALLYPORT_SESSIONS: '{"idle": "5m"}',
    });
    assert.equal(config.server.trustedProxies.length, 2);
    assert.equal(config.sessions.idleSeconds, 300);
  });

  test('holds text where text is wanted, whatever it looks like', () => {
    const issuerOf = (text: string) => configWith({ SALLYPORT_PORTAL__ISSUER: text }).portal.issuer;
    assert.equal(issuerOf('12345'), '12345');
    assert.equal(issuerOf('true'), 'true');
    assert.equal(issuerOf('*star'), '*star');
    assert.equal(configWith({ SALLYPORT_SERVER__LISTEN: '[::1]:80' }).server.listen.host, '::1');
  });

  test('reaches into lists by position and into networks by name', () => {
    const config = configWith({
      SALLYPORT_ROUTES__0__UPSTREAM: 'http://10.9.9.9:1',
      SALLYPORT_NETWORKS__ZONE_E: '[192.0.2.0/24]',
    });
    assert.deepEqual(config.routes[0]?.upstream, { origin: 'http://10.9.9.9:1' });
    assert.equal(config.routes[0]?.network?.cidrs[0]?.text, '192.0.2.0/24');
  });

  test('is named where its value is wrong', () => {
    assert.deepEqual(faultsWith({ SALLYPORT_SERVER__LISTEN: '80' }), [
      'SALLYPORT_SERVER__LISTEN:1:1: server.listen: write an address and a port, such as 127.0.0.1:8080 or [::1]:8080',
    ]);
    assert.deepEqual(faultsWith({ SALLYPORT_SERVER__TRUSTED_PROXIES: '[10.0.0.1, x]' }), [
      'SALLYPORT_SERVER__TRUSTED_PROXIES:1:12: server.trustedProxies[1]: write an address or a block of addresses, such as 192.0.2.10 or 10.20.0.0/24',
    ]);
  });

  test('that names no key is an error', () => {
    assert.deepEqual(faultsWith({ SALLYPORT_SERVER__LISTN: 'x' }), [
      'SALLYPORT_SERVER__LISTN:1:1: server has no key listn; did you mean "listen"?',
    ]);
    assert.deepEqual(faultsWith({ SALLYPORT_ROUTES__7__UPSTREAM: 'x' }), [
      'SALLYPORT_ROUTES__7__UPSTREAM:1:1: routes has no key 7',
    ]);
  });

  test('that an orchestrator sets beside ours is left alone', () => {
    const environment = {
      SALLYPORT_SERVICE_HOST: '10.0.0.1',
      SALLYPORT_PORT: 'tcp://10.0.0.1:8080',
      SALLYPORT_PORT_8080_TCP_ADDR: '10.0.0.1',
      SALLYPORT_CONFIG: 'x.yaml',
    };
    assert.deepEqual(faultsWith(environment), []);
  });

  test('that names the same value twice is an error', () => {
    const faults = faultsWith({
      SALLYPORT_SERVER__LISTEN: '127.0.0.1:1',
      SALLYPORT_SERVER__listen: '127.0.0.1:2',
    });
    assert.deepEqual(faults, [
      'SALLYPORT_SERVER__listen:1:1: server.listen is given by SALLYPORT_SERVER__LISTEN too; keep one of the two',
    ]);
  });
});

describe('a secret in a file', () => {
  let folder: TemporaryFolder;
  let file: string;

  before(() => {
    folder = temporaryFolder();
    file = path.join(folder.path, 'database');
    writeFileSync(file, 'postgres://sallyport:hunter2@db/x\n');
  });
  after(() => folder.remove());

  test('is read from where SALLYPORT_…_FILE says', () => {
    const { database } = configWith({ SALLYPORT_STORAGE__DATABASE_FILE: file }).storage;
    assert.ok(database.kind === 'postgres');
    assert.equal(database.url.reveal(), 'postgres://sallyport:hunter2@db/x');
  });

  test('is not given in the environment as well', () => {
    const environment = {
      SALLYPORT_STORAGE__DATABASE: 'sqlite:./x.db',
      SALLYPORT_STORAGE__DATABASE_FILE: file,
    };
    assert.deepEqual(faultsWith(environment), [
      'SALLYPORT_STORAGE__DATABASE_FILE:1:1: storage.database is given by SALLYPORT_STORAGE__DATABASE too; keep one of the two',
    ]);
  });

  test('is not written in the configuration as well', () => {
    const text = `${smallest}storage: { database: "sqlite:./x.db" }\n`;
    assert.deepEqual(faultsWith({ SALLYPORT_STORAGE__DATABASE_FILE: file }, text), [
      'SALLYPORT_STORAGE__DATABASE_FILE:1:1: storage.database is written in the configuration too; keep one of the two',
    ]);
  });

  test('must be there', () => {
    assert.deepEqual(faultsWith({ SALLYPORT_STORAGE__DATABASE_FILE: '/nowhere/x' }), [
      'SALLYPORT_STORAGE__DATABASE_FILE:1:1: the file /nowhere/x cannot be read',
    ]);
  });

  test('is for what may be secret only', () => {
    assert.deepEqual(faultsWith({ SALLYPORT_PORTAL__ISSUER_FILE: file }), [
      'SALLYPORT_PORTAL__ISSUER_FILE:1:1: only secrets can be read from a file; set SALLYPORT_PORTAL__ISSUER instead',
    ]);
  });
});
