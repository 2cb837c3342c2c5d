/** What a mail says, and that nothing in it does anything. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';

import { mailKinds, type MailKind } from '../../../src/core/mail-kinds.ts';
import { composeMail, type ComposedMail } from '../../../src/notify/compose-mail.ts';
import type { NewMail } from '../../../src/stores/types.ts';
import { loadWords } from '../../../src/web/words.ts';
import { zonedTime } from '../../../src/web/zoned-time.ts';
import { NOON } from '../../support/fixed-clock.ts';
import { projectFolder } from '../../support/source-files.ts';

const words = loadWords(path.join(projectFolder, 'views/words'), 'en');
const around = {
  issuer: 'Example Corp',
  accountUrl: 'https://console.example.com/_mfa/account',
  resetsUrl: 'https://console.example.com/_mfa/admin/resets',
  words,
  instant: (at: number) => zonedTime('Africa/Johannesburg').full(at),
};

/** Everything that a flow may hand in. */
const everything = {
  username: 'anna',
  device: 'Firefox on Linux',
  ip: '10.20.0.7',
  name: 'Blue YubiKey',
  place: '10.20.0.0/16',
  until: NOON + 900_000,
  codesLeft: 2,
} as const;

/** The web addresses in a text. */
function addresses(of: string): readonly string[] | null {
  return of.match(/\bhttps?:\/\/[^\s<]+/g);
}

function compose(kind: MailKind, details: NewMail['details'] = everything): ComposedMail {
  return composeMail({ kind, details, createdAt: NOON }, around);
}

describe('a mail', () => {
  for (const kind of mailKinds) {
    test(`about ${kind} says what happened, when, from where, and whom to ask`, () => {
      const { subject, text, html } = compose(kind);

      assert.match(subject, /^Example Corp: /);
      for (const said of ['anna', '2 Mar 2026, 14:00 (SAST)', 'Firefox on Linux', '10.20.0.7']) {
        assert.ok(text.includes(said), `${said} is missing in:\n${text}`);
        assert.ok(html.includes(said), said);
      }
      assert.match(
        text,
        /If (?:this was you|you did this|you asked for this|you know why)(?: or asked for it)?, /,
      );
      assert.match(text, /administrator at Example Corp|ask anna/);
      assert.match(text, /never asks for a password or a code/);
    });

    test(`about ${kind} leaves no hole where a detail is not known`, () => {
      const { subject, text, html } = compose(kind, {});
      for (const part of [subject, text, html]) assert.doesNotMatch(part, /[{}]|undefined|NaN/);
    });
  }

  test('names the authenticator, the place, the end of a pause and the codes left', () => {
    assert.match(compose('authenticator-added').text, /^“Blue YubiKey” was added/);
    assert.match(compose('new-location').text, /^Network: 10\.20\.0\.0\/16$/m);
    const somewhere = { ...everything, place: 'Cape Town, South Africa' };
    assert.match(compose('new-location', somewhere).text, /^Place: Cape Town, South Africa$/m);
    assert.match(
      compose('second-factor-locked').text,
      /^Codes work again: 2 Mar 2026, 14:15 \(SAST\)$/m,
    );
    assert.match(compose('recovery-code-used').text, /^Recovery codes left: 2$/m);
  });

  test('says so where the browser is not known', () => {
    const { text } = compose('new-device', { ...everything, device: '' });
    assert.match(text, /^Browser: unknown browser$/m);
  });

  test('says of what an operator did on the command line that an administrator did it', () => {
    const { text } = compose('mfa-reset', { username: 'anna' });
    assert.match(text, /^Done by: an administrator of Example Corp$/m);
    assert.doesNotMatch(text, /^Browser|^Address/m);
  });

  test('reads well in light and dark: no colours, no tables, nothing to load or to press', () => {
    for (const kind of mailKinds) {
      const { html } = compose(kind);
      assert.match(html, /name="color-scheme" content="light dark"/);
      assert.doesNotMatch(html, /<(?:table|a|img|form|script|link|iframe|button)\b/i);
      assert.doesNotMatch(html, /\b(?:color|background)\s*:|url\(|\bon\w+=/i);
    }
  });

  test('says of a step of a reset who took it, for which ticket, and how far it is', () => {
    const details = { username: 'anna', by: 'ben', ticket: 'OPS-1', progress: '1/2' };
    const { text } = compose('reset-approved', details);
    assert.match(text, /^Done by: ben$/m);
    assert.match(text, /^Ticket: OPS-1$/m);
    assert.match(text, /^Approvals: 1\/2$/m);
  });

  test('says of what came about by time that nobody did it', () => {
    const { text } = compose('reset-expired', { username: 'anna', by: '' });
    assert.doesNotMatch(text, /Done by/);
  });

  test('names the request, as text, to whoever has a part in it', () => {
    const { text, html } = compose('reset-approval-wanted', { ...everything, reset: 'rst_a-b' });
    assert.deepEqual(addresses(text), ['https://console.example.com/_mfa/admin/resets/rst_a-b']);
    assert.doesNotMatch(html, /<a\b/);
  });

  test('brings a one-time link to press, under its own address, and says until when it works', () => {
    const link = 'https://console.example.com/_mfa/link/s3cr3t';
    const details = { username: 'anna', expires: NOON + 900_000, sealedLink: 's1.sealed' };
    const mail = { kind: 'enroll-again', details, createdAt: NOON } as const;
    const { text, html } = composeMail(mail, around, link);
    assert.deepEqual(addresses(text), [link, around.accountUrl]);
    assert.ok(html.includes(`<a href="${link}">${link}</a>`));
    assert.match(text, /^Valid until: 2 Mar 2026, 14:15 \(SAST\)$/m);
    for (const part of [text, html]) assert.doesNotMatch(part, /s1\.sealed/);
  });

  test('holds one address, that of the account page, as text', () => {
    for (const kind of mailKinds) {
      const { text, html } = compose(kind);
      assert.deepEqual(addresses(text), ['https://console.example.com/_mfa/account'], kind);
      assert.deepEqual(addresses(html), ['https://console.example.com/_mfa/account'], kind);
    }
  });
});

describe('what people chose', () => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '"><script>alert(1)</script>',
    'Bcc: victim@example.net',
    'key\r\nBcc: victim@example.net\r\n\r\nbody',
    'key\u2028\u2029\u0085\u000b\u000cnext',
    'key\u0000\u001b[31m',
    '\u202egnp.exe\u202c\u2066',
    'https://evil.example/verify',
    'www.evil.example',
    'mail me at a@evil.example',
    '{issuer} {ip} {{name}}',
    '&lt;b&gt; &amp;',
    'x'.repeat(5000),
    '\u{1f511}'.repeat(300),
    '\ud800',
  ];

  for (const name of hostile) {
    test(`cannot get out of its place: ${JSON.stringify(name.slice(0, 40))}`, () => {
      const plainMail = compose('authenticator-added', { ...everything, name: 'Key' });
      const { subject, text, html } = compose('authenticator-added', {
        ...everything,
        name,
        device: name,
        username: name,
      });

      // As many lines and tags as with a harmless name, and no character that moves others.
      assert.equal(subject.split(/[\r\n]/).length, 1);
      assert.equal(text.split('\n').length, plainMail.text.split('\n').length);
      assert.deepEqual(html.match(/<[^>]*>/g), plainMail.html.match(/<[^>]*>/g));
      const movesOthers = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;
      for (const part of [subject, text, html]) {
        assert.doesNotMatch(part, movesOthers);
        assert.ok(part.length < 4000);
      }
    });
  }

  test('makes no address that a mail program could turn into a link', () => {
    const written = ['https://evil.example/x', 'www.evil.example', 'a@evil.example'];
    const disguised = ['https∶∕∕evil．example', 'www。evil。example', 'a＠evil｡example'];
    for (const name of [...written, ...disguised]) {
      const { text } = compose('authenticator-added', { ...everything, name, device: name });
      assert.doesNotMatch(text.normalize('NFKC'), /evil[.。]example|\/\/evil|@evil|∕∕evil/);
    }
  });

  test('is shown as it is where it is harmless', () => {
    for (const name of [
      'YubiKey 5.2 NFC',
      'Zoë’s phone',
      '日本の鍵',
      "Anna's (old) key",
      'A & B',
    ]) {
      const { text } = compose('authenticator-removed', { ...everything, name });
      assert.ok(text.startsWith(`“${name}” was removed`), text);
    }
  });
});
