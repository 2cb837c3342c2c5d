/** The section `audit`: how long events are kept, and where they are sent. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aRoot } from '../../support/attestation-certificates.ts';
import { configOf, faultsOf, smallest } from '../../support/config-files.ts';

const audit = (section: string): string => `${smallest}audit: { ${section} }\n`;
const syslog = (address: string, more = ''): string =>
  audit(`syslog: { address: "${address}"${more} }`);
const webhook = (url: string, secret = 'sixteen-letters!'): string =>
  audit(`webhook: { url: "${url}", secret: "${secret}" }`);

const addressHint = 'write tls://host:6514 or tcp://host:601';

describe('the audit trail', () => {
  test('is kept for ever and sent nowhere unless it is said', () => {
    assert.deepEqual(configOf(smallest).auditTrail, {
      keptSeconds: null,
      syslog: null,
      webhook: null,
      waitingMax: 100_000,
      whenFull: 'pass',
    });
  });

  test('is kept for as long as is said, but 30 days at least', () => {
    assert.equal(configOf(audit('keep: 400d')).auditTrail.keptSeconds, 400 * 24 * 3600);
    assert.match(faultsOf(audit('keep: 29d')).join('\n'), /^sallyport\.yaml:2:\d+: audit\.keep: /);
  });

  // prettier-ignore
  const collectors = [
    // address                        host                   port  TLS
    ['tls://siem.example.com',        'siem.example.com',    6514, true],
    ['tls://siem.example.com:7000',   'siem.example.com',    7000, true],
    ['tcp://siem.example.com',        'siem.example.com',    601,  false],
    ['tcp://10.0.0.9:514/',           '10.0.0.9',            514,  false],
    ['tls://[2001:db8::9]:6514',      '2001:db8::9',         6514, true],
  ] as const;

  for (const [address, host, port, isTls] of collectors) {
    test(`is sent to ${address}`, () => {
      assert.deepEqual(configOf(syslog(address)).auditTrail.syslog, {
        host,
        port,
        isTls,
        certificates: null,
        facility: 13,
      });
    });
  }

  for (const address of [
    'siem.example.com:6514',
    'udp://siem.example.com:514',
    'https://siem.example.com',
    'tls://',
    'tls://siem.example.com/path',
    'tls://siem.example.com?x=1',
    'tls://siem.example.com#x',
    'tls://user@siem.example.com',
    'tls://:word@siem.example.com',
    'tls://siem.example.com:0',
    'tls://siem.example.com:70000',
    'tls://siem%0aexample.com',
    'tls://siem example.com',
  ]) {
    test(`is not sent to ${address}`, () => {
      assert.deepEqual(faultsOf(syslog(address)), [
        `sallyport.yaml:2:29: audit.syslog.address: ${addressHint}`,
      ]);
    });
  }

  test('goes to a collector whose certificate leads to ones of the operator', () => {
    const { pem } = aRoot();
    const files = { 'ca.pem': `# ours\n${pem}` };
    const config = configOf(syslog('tls://siem.example.com', ', caFile: ca.pem'), { files });
    assert.equal(config.auditTrail.syslog?.certificates, `# ours\n${pem}`);
  });

  for (const [what, content] of [
    ['is not there', null],
    ['holds something else', 'not a certificate'],
    ['holds a damaged one', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ] as const) {
    test(`needs certificates: a file that ${what} is refused`, () => {
      const files = { 'ca.pem': content };
      assert.deepEqual(faultsOf(syslog('tls://siem.example.com', ', caFile: ca.pem'), { files }), [
        'sallyport.yaml:2:63: audit.syslog.caFile: ca.pem holds no certificates, or cannot be read',
      ]);
    });
  }

  test('checks no certificate over plain TCP, and so takes none', () => {
    const files = { 'ca.pem': aRoot().pem };
    assert.deepEqual(faultsOf(syslog('tcp://siem.example.com', ', caFile: ca.pem'), { files }), [
      'sallyport.yaml:2:63: audit.syslog.caFile: nothing is checked over tcp://; write tls:// as the address',
    ]);
  });

  test('is posted over https, or over http to this machine', () => {
    for (const url of [
      'https://siem.example.com/events?key=1',
      'http://127.0.0.1:9000/x',
      'http://[::1]/',
      'http://localhost/',
    ]) {
      const settings = configOf(webhook(url)).auditTrail.webhook;
      assert.deepEqual([settings?.url, settings?.secret.reveal()], [url, 'sixteen-letters!']);
    }
    assert.deepEqual(faultsOf(webhook('http://siem.example.com/')), [
      'sallyport.yaml:2:26: audit.webhook.url: audit events name people: send them over https',
    ]);
  });

  for (const url of [
    'siem.example.com',
    'ftp://x/',
    'https://a:b@x/',
    'https://:b@x/',
    'https://',
  ]) {
    test(`is not posted to ${url}`, () => {
      assert.deepEqual(faultsOf(webhook(url)), [
        'sallyport.yaml:2:26: audit.webhook.url: write an address such as https://siem.example.com/events',
      ]);
    });
  }

  test('is signed with a secret that is long enough, may come from a file, and is never shown', () => {
    assert.match(
      faultsOf(webhook('https://siem.example.com/', 'too-short')).join('\n'),
      /audit\.webhook\.secret: write a secret of at least 16 characters/,
    );
    const environment = { SALLYPORT_AUDIT__WEBHOOK__SECRET: 'from-the-environment' };
    const config = configOf(audit('webhook: { url: "https://siem.example.com/" }'), {
      environment,
    });
    assert.equal(config.auditTrail.webhook?.secret.reveal(), 'from-the-environment');
    assert.doesNotMatch(JSON.stringify(config), /from-the-environment/);
  });

  test('may wait in numbers that make sense', () => {
    assert.equal(configOf(audit('waiting: 100')).auditTrail.waitingMax, 100);
    assert.equal(faultsOf(audit('waiting: 99')).length, 1);
    assert.equal(configOf(audit('whenFull: refuse')).auditTrail.whenFull, 'refuse');
    assert.equal(faultsOf(audit('whenFull: panic')).length, 1);
  });
});
