/** The section `mail`: where mail is handed in, and by whom it is sent. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configOf, faultsOf, smallest } from '../../support/config-files.ts';

const mail = (smtp: string, more = ''): string =>
  `${smallest}mail: { smtp: "${smtp}", from: security@example.com${more} }\n`;

const sender = (from: string): string =>
  `${smallest}mail: { smtp: "smtp://localhost", from: ${JSON.stringify(from)} }\n`;

describe('mail', () => {
  test('is not sent unless it is configured', () => {
    assert.equal(configOf(smallest).mail, null);
  });

  // prettier-ignore
  const servers = [
    // smtp                                     host                port  TLS at once, required
    ['smtp://mail.example.com',                 'mail.example.com', 587,  false, true],
    ['smtp://mail.example.com:25',              'mail.example.com', 25,   false, true],
    ['smtps://mail.example.com',                'mail.example.com', 465,  true,  true],
    ['smtp://127.0.0.1:1025',                   '127.0.0.1',        1025, false, false],
    ['smtp://[::1]:1025',                       '::1',              1025, false, false],
    ['smtp://localhost:1025',                   'localhost',        1025, false, false],
  ] as const;

  for (const [smtp, host, port, isImplicitTls, isTlsRequired] of servers) {
    test(`is handed in at ${smtp}`, () => {
      const settings = configOf(mail(smtp)).mail;
      assert.deepEqual(settings, {
        host,
        port,
        isImplicitTls,
        isTlsRequired,
        username: null,
        password: null,
        from: 'security@example.com',
      });
    });
  }

  test('goes without TLS to another machine only where the operator says so', () => {
    assert.equal(
      configOf(mail('smtp://mail.example.com', ', requireTls: false')).mail?.isTlsRequired,
      false,
    );
  });

  test('has an account whose password may hold any character and is never shown', () => {
    const config = configOf(mail('smtps://gate%40way:p%3Ass%2Fw%40rd@mail.example.com'));
    assert.equal(config.mail?.username, 'gate@way');
    assert.equal(config.mail?.password?.reveal(), 'p:ss/w@rd');
    assert.doesNotMatch(JSON.stringify(config), /p:ss/);
  });

  for (const smtp of [
    'mail.example.com:587',
    'http://mail.example.com',
    'smtp://',
    'smtp://m/x',
    'smtp://a%zz@mail.example.com',
  ]) {
    test(`is refused at ${smtp}, without repeating what may hold a password`, () => {
      const [fault = '', ...more] = faultsOf(mail(smtp));
      assert.match(fault, /^sallyport\.yaml:2:15: mail\.smtp: write smtp:\/\/host:587/);
      assert.ok(!fault.includes(smtp) || smtp === 'smtp://');
      assert.deepEqual(more, []);
    });
  }

  for (const from of ['a@example.com', 'Example, Inc <a@example.com>', '"Ex" <a@example.com>']) {
    test(`is sent by ${from}`, () => {
      assert.equal(configOf(sender(from)).mail?.from, from);
    });
  }

  for (const from of [
    'Example Corp',
    'a@example.com, b@example.com',
    'Example <a@example.com> <b@example.com>',
    'Example <a@example.com',
    'a@b@example.com',
    '<>',
  ]) {
    test(`is not sent by ${from}`, () => {
      assert.match(faultsOf(sender(from)).join('\n'), /mail\.from: write /);
    });
  }
});
