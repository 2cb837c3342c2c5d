/** Markup of the demo console. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { html } from '../../../src/demo/html.ts';

describe('html', () => {
  test('escapes whatever is put into it', () => {
    const name = `<script>alert("it's")</script>&`;

    assert.equal(
      html`<b title="${name}">${7}</b>`.markup,
      '<b title="&lt;script&gt;alert(&quot;it&#39;s&quot;)&lt;/script&gt;&amp;">7</b>',
    );
  });

  test('takes markup and lists of markup as they are', () => {
    const rows = ['a', '<'].map((text) => html`<li>${text}</li>`);

    // Under the name `html` the formatter would lay out the template.
    const markup = html;
    assert.equal(
      markup`<ul>${rows}${markup`<hr />`}</ul>`.markup,
      '<ul><li>a</li>\n<li>&lt;</li><hr /></ul>',
    );
  });
});
