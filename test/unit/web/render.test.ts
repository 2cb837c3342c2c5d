/** What holds for every page in every state, whatever stands in its model. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { problemTypes } from '../../../src/core/problem.ts';
import { createRenderer } from '../../../src/web/render.ts';
import type { Frame, Page } from '../../../src/web/views.ts';
import { aFrame, samplePages } from '../../support/sample-pages.ts';
import { filesMatching } from '../../support/source-files.ts';

const renderer = createRenderer();
const samples = await samplePages(renderer.words);

/** Every sample, rendered; a test may change the frame. */
function rendered(frame: Partial<Frame> = {}): ReadonlyMap<string, string> {
  return new Map(
    [...samples].map(([name, sample]) => [
      name,
      renderer.render(sample.page, { ...sample.frame, ...frame }),
    ]),
  );
}

/** The bytes of an asset. */
function size(name: string): number {
  return renderer.assets.get(name)?.body.length ?? 0;
}

/** The attributes of every element of a kind. */
function elements(html: string, kind: string): readonly string[] {
  return [...html.matchAll(new RegExp(`<${kind}\\b([^>]*)>`, 'g'))].map(([, found = '']) => found);
}

describe('every page', () => {
  test('is rendered by some sample', () => {
    const shown = new Set([...samples.values()].map(({ page }) => page.page));
    const templates = filesMatching('views/pages/*.eta').map(({ name }) =>
      name.replace(/^.*\/|\.eta$/g, ''),
    );
    assert.deepEqual([...shown].toSorted(), templates.toSorted());
  });

  test('has a language, one title and one main heading', () => {
    for (const [name, html] of rendered()) {
      assert.match(html, /^<!doctype html>\n<html lang="en">/, name);
      assert.equal(elements(html, 'title').length, 1, name);
      assert.equal(elements(html, 'h1').length, 1, name);
    }
  });

  test('leaves no hole where a model says nothing', () => {
    for (const [name, html] of rendered()) {
      // To whom writes programs, null is a word.
      const told = name === 'api-guide' ? html.replaceAll(/\bnull\b/gi, '') : html;
      assert.doesNotMatch(told, /(?<!data-options="[^"]*)\b(?:null|undefined|NaN)\b/, name);
    }
  });

  test('carries the nonce on every script and style and has no other', () => {
    for (const [name, html] of rendered({ nonce: 'TheNonce', accent: '#0b7a4b' })) {
      for (const kind of ['script', 'style', 'link rel="stylesheet"']) {
        for (const attributes of elements(html, kind)) {
          assert.match(attributes, /nonce="TheNonce"/, `${name}: ${kind}`);
        }
      }
      assert.doesNotMatch(html, /<[^>]*\s(style|on\w+)=/, name);
    }
  });

  test('names no other host in what it loads and where it posts', () => {
    for (const [name, html] of rendered()) {
      const addresses = [...html.matchAll(/\s(?:src|href|action)="([^"]*)"/g)].map(
        ([, address = '']) => address,
      );
      for (const address of addresses) {
        assert.match(address, /^(\/_mfa\/|#|otpauth:|https:\/\/console\.example\.com\/|$)/, name);
      }
    }
  });

  test('posts its forms below the base path with csrf and return_to', () => {
    for (const basePath of ['/_mfa', '', 'https://id.example.com']) {
      for (const [name, html] of rendered({ basePath })) {
        const all = elements(html, 'form');
        for (const attributes of all) {
          assert.match(attributes, /method="(?:post|get)"/, name);
          assert.ok(attributes.includes(`action="${basePath}/`), `${name}: ${attributes}`);
        }
        // What is asked by GET changes nothing, and its token would stand in the address.
        const forms = all.filter((attributes) => attributes.includes('method="post"'));
        assert.equal(html.split('name="csrf"').length - 1, forms.length, name);
        assert.equal(html.split('name="return_to"').length - 1, forms.length, name);
      }
    }
  });

  test('stays under 60 KB with all that it loads, and its stylesheet under 20 KB', () => {
    for (const stylesheet of ['sallyport.css', 'admin.css', 'api.css']) {
      assert.ok(size(stylesheet) > 0 && size(stylesheet) < 20_000, stylesheet);
    }
    for (const [name, html] of rendered()) {
      const loaded = [...renderer.assets.keys()].filter((asset) => html.includes(`/${asset}?v=`));
      const bytes = loaded.reduce((sum, asset) => sum + size(asset), Buffer.byteLength(html));
      // What is read beside an editor is as long as the API.
      assert.ok(bytes < (name === 'api-guide' ? 400_000 : 60_000), `${name}: ${bytes}`);
    }
  });

  test('shows what a model says as text, never as markup', () => {
    const hostile = `"'><img src=x onerror=alert(1)>{{<%= 1 %>}}`;
    for (const [name, { page, frame }] of samples) {
      const html = renderer.render(
        poisoned(page, hostile, [
          'page',
          'qrSvg',
          'code',
          'state',
          'icon',
          'method',
          'kind',
          'outcome',
        ]),
        poisoned(frame, hostile, ['nonce', 'accent', 'icon', 'section']),
      );
      assert.doesNotMatch(html, /<img|'>|<%/, name);
    }
  });
});

/** The same model with every string replaced, those under the kept keys excepted. */
function poisoned<T extends Page | Frame>(model: T, text: string, kept: readonly string[]): T {
  return JSON.parse(
    JSON.stringify(model, (key: string, value: unknown) =>
      typeof value === 'string' && !kept.includes(key) ? text : value,
    ),
  ) as T;
}

describe('a field', () => {
  const challenge = samples.get('challenge-wrong');
  assert.ok(challenge !== undefined);
  const html = renderer.render(challenge.page, challenge.frame);

  test('that is wrong says so, is described by its error, and gets the cursor', () => {
    const field = elements(html, 'input').find((input) => input.includes('name="code"'));
    assert.match(field ?? '', /aria-describedby="code-error"/);
    assert.match(field ?? '', /aria-invalid="true"/);
    assert.match(field ?? '', /autofocus/);
    assert.match(html, /<p class="field-error" id="code-error">That code did not match/);
  });

  test('that is wrong is linked from an alert on top', () => {
    assert.match(html, /role="alert"[\s\S]*<a href="#code">That code did not match/);
    assert.match(html, /<title>Error: /);
  });

  test('tells password managers and telephones what it is for', () => {
    // An administrator types the names of others, which no password manager knows.
    const own = [...rendered()].filter(([name]) => !name.startsWith('admin-'));
    const all = own.map(([, html]) => html).join('');
    for (const [name, autocomplete] of [
      ['username', 'username( webauthn)?'],
      ['password', 'current-password'],
      ['code', 'one-time-code'],
    ]) {
      const fields = elements(all, 'input').filter((input) => input.includes(`name="${name}"`));
      for (const field of fields) {
        assert.match(field, new RegExp(`autocomplete="${autocomplete}"`));
      }
    }
    assert.match(html, /inputmode="numeric"/);
  });
});

describe('secrets', () => {
  test('stand in their elements as they are typed', () => {
    const enroll = rendered().get('enroll-totp') ?? '';
    const [, attribute, content = ''] = /data-totp-secret="(\w+)">(.*?)<\/code>/.exec(enroll) ?? [];
    assert.equal(content.replaceAll(/<[^>]*>/g, ''), attribute);

    const codes = [
      ...(rendered().get('recovery-codes') ?? '').matchAll(
        /data-recovery-code="([\w-]+)">(.*?)<\/code>/g,
      ),
    ];
    assert.equal(codes.length, 10);
    for (const [, code, content = ''] of codes) {
      assert.equal(content.replaceAll(/<[^>]*>/g, ''), code);
    }
  });
});

describe('markup that is not escaped', () => {
  test('comes from our own templates and our own QR encoder only', () => {
    const raw = filesMatching('views/**/*.eta').flatMap(({ name, text }) =>
      [...text.matchAll(/<%~\s*(.*?)\s*%>/g)]
        .map(([, expression = '']) => expression)
        .filter((expression) => !expression.startsWith('include('))
        .map((expression) => `${name}: ${expression}`),
    );
    assert.deepEqual(raw.toSorted(), [
      'views/admin-layout.eta: it.body',
      'views/layout.eta: it.body',
      'views/pages/enroll-totp.eta: it.page.qrSvg',
      'views/partials/document-head.eta: it.style',
    ]);
  });

  test('is refused as an accent', () => {
    const page = { page: 'sign-out', isDone: true } as const;
    const accent = 'red}</style><script>';
    assert.throws(() => renderer.render(page, aFrame({ accent })), assert.AssertionError);
  });
});

describe('the catalogue', () => {
  const { words } = renderer;
  const written = [...filesMatching('views/**/*.eta'), ...filesMatching('src/web/**/*.ts')]
    .map(({ text }) => text)
    .join('\n');

  test('has every sentence that templates and handlers name', () => {
    const named = [...written.matchAll(/\b(say|count)\(\s*'([\w.-]+)'/g)];
    const missing = named
      .filter(([, how, key = '']) => !words.has(how === 'count' ? `${key}.other` : key))
      .map(([, , key = '']) => key);
    assert.deepEqual(missing, []);
  });

  test('explains every problem and says what to do', () => {
    for (const code of Object.keys(problemTypes)) {
      assert.ok(words.has(`problem.${code}.means`), code);
      assert.ok(words.has(`problem.${code}.next`), code);
    }
  });

  test('has no sentence that nobody says', () => {
    // Keys whose last part is put together: a number's form, or the name of something.
    const elsewhere = ['problem', 'passkey.old', 'passkey.new', 'mail'];
    const here = [...written.matchAll(/`([\w.-]+)\.\$\{/g)].map(([, prefix = '']) => prefix);
    const composed = [...elsewhere, ...here].map((prefix) => `${prefix}.`);
    const unused = words.keys.filter(
      (key) =>
        !written.includes(`'${key}'`) &&
        !/\.(?:zero|one|other)$/.test(key) &&
        !composed.some((prefix) => key.startsWith(prefix)),
    );
    assert.deepEqual(unused, []);
  });
});

describe('an asset', () => {
  test('is asked for by its content, so that it may be kept for good', () => {
    const html = rendered().get('challenge') ?? '';
    for (const name of ['sallyport.css', 'code-field.js', 'icon.svg']) {
      const asset = renderer.assets.get(name);
      assert.ok(asset !== undefined);
      assert.equal(asset.hashedPath, `/assets/${name}?v=${asset.version}`);
      assert.ok(html.includes(`"/_mfa${asset.hashedPath}"`), name);
    }
  });

  test('that is a script asks for nothing and writes no markup', () => {
    for (const [name, { body }] of renderer.assets) {
      if (!name.endsWith('.js')) continue;
      assert.doesNotMatch(
        body.toString(),
        /\b(import|fetch|innerHTML|eval|document\.write)\b/,
        name,
      );
    }
  });
});
