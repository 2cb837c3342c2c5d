/** Sentences by their key, in a language, with what the operator put over them. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { auditEventTypes } from '../../../src/core/audit-event.ts';
import { loadWords } from '../../../src/web/words.ts';

describe('words', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-words-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (language: string, sentences: unknown): void =>
    writeFileSync(join(folder, `${language}.json`), JSON.stringify(sentences));
  write('en', {
    hello: 'Hello {name}, hello {name}.',
    bye: 'Bye.',
    'left.zero': 'None left.',
    'left.one': '{count} left.',
    'left.other': '{count} are left.',
  });
  write('de', { hello: 'Guten Tag, {name}.' });

  test('fill in every name, and leave a name that nobody gave', () => {
    const { say } = loadWords(folder, 'en');
    assert.equal(say('hello', { name: 'Anna' }), 'Hello Anna, hello Anna.');
    assert.equal(say('hello'), 'Hello {name}, hello {name}.');
  });

  test('choose the form for a number', () => {
    const { count } = loadWords(folder, 'en');
    assert.deepEqual(
      [0, 1, 2].map((number) => count('left', number)),
      ['None left.', '1 left.', '2 are left.'],
    );
  });

  test('of another language lie over English, and the operator’s over both', () => {
    const { say, language } = loadWords(folder, 'de', { bye: 'Tschüss.' });
    assert.equal(language, 'de');
    assert.equal(say('hello', { name: 'Anna' }), 'Guten Tag, Anna.');
    assert.equal(say('bye'), 'Tschüss.');
    assert.equal(say('left.one', { count: 1 }), '1 left.');
  });

  test('refuse a key that does not exist and a catalogue that is none', () => {
    assert.throws(() => loadWords(folder, 'en').say('nothing'), assert.AssertionError);
    write('xx', { hello: 1 });
    assert.throws(() => loadWords(folder, 'xx'), assert.AssertionError);
  });

  test('say of every event what it means to the person it is about', () => {
    const { has } = loadWords('views/words', 'en');
    const notAboutAnybody = /^(?:request|tenant|settings|evidence|audit|access|keys|backup)\./;
    const silent = auditEventTypes.filter(
      (type) => !notAboutAnybody.test(type) && !has(`activity.${type}`),
    );
    // Services have no account page, and neither has who is gone.
    assert.deepEqual(silent, [
      'api-key.created',
      'api-key.revoked',
      'user.removed',
      'user.networks-changed',
    ]);
  });
});
