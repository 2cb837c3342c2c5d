/** The demo's third upstream: everybody's mail on one page. In life, mail is private. */

import { createServer, type Server } from 'node:http';
import { html, type Html } from './html.ts';
import type { ArrivedMail } from './mail-server.ts';
import { readMail } from './read-mail.ts';

/** Makes the mailbox over what a mail server took; the caller lets it listen. */
export function createMailbox(mails: readonly ArrivedMail[]): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://mailbox');
    const isHere = pathname === '/mail/' || pathname === '/mail';
    const body = isHere ? page(mails) : 'There is nothing at this address.\n';
    response.writeHead(isHere ? 200 : 404, {
      'content-type': isHere ? 'text/html; charset=utf-8' : 'text/plain',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    });
    response.end(body);
  });
}

// A mail is shown as its source: what it would do in a mail program, it must not do here.
function page(mails: readonly ArrivedMail[]): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="color-scheme" content="light dark" />
        <title>Mail · Sallyport demonstration</title>
        <style>
          body {
            font-family: sans-serif;
            line-height: 1.5;
            max-width: 46rem;
            margin: 1rem auto;
            padding: 0 1rem;
          }
          pre {
            white-space: pre-wrap;
            overflow-wrap: anywhere;
          }
          article {
            border-top: 1px solid;
          }
        </style>
      </head>
      <body>
        <h1>Mail</h1>
        <p>
          What the gateway told people by mail, newest first. Load the page again to see more. This
          page is part of the demonstration only: in life, mail goes to the person's own mailbox.
        </p>
        ${mails.length === 0 ? [html`<p>Nothing yet. Set up a second step, for instance.</p>`] : []}
        ${mails.map(article)}
      </body>
    </html>`.markup;
}

function article({ at, to, raw }: ArrivedMail): Html {
  const { headers, text, html: source } = readMail(raw);
  return html`<article>
    <h2>${headers.get('subject') ?? ''}</h2>
    <p>
      To ${to.join(', ')} from ${headers.get('from') ?? ''},
      <time>${new Date(at).toISOString()}</time>
    </p>
    <pre>${text}</pre>
    <details>
      <summary>The same as HTML</summary>
      <pre>${source}</pre>
    </details>
  </article>`;
}
