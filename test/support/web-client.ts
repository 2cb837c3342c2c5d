/**
 * A browser without a screen: keeps cookies, follows redirects, and fills in forms by what the page
 * says, hidden fields included. For everything that does not need a real browser.
 *
 * Every name is reached at the gateway's own address, so a test may use any host it likes.
 */

import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';

/** What came back. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** In how many pieces the body came. */
  readonly chunks: number;
}

/** How one request differs from a plain one. */
export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  /** The exact host, or with a leading dot every host below. */
  readonly domain: string;
}

/** What a browser sends when a person goes to a page. */
const navigationHeaders = {
  accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'same-origin',
} as const;

/** Longest chain of redirects that is followed. */
const redirectsMax = 10;

/** One visitor with a cookie jar. */
export class WebClient {
  readonly #origin: URL;
  readonly #address: { readonly host: string; readonly port: number };
  #cookies: readonly Cookie[];

  /** `address` is where the gateway listens, when that is not what `origin` says. */
  constructor(
    origin: string,
    address?: { readonly host: string; readonly port: number },
    cookies: readonly Cookie[] = [],
  ) {
    this.#origin = new URL(origin);
    const { protocol, hostname, port } = this.#origin;
    const defaultPort = protocol === 'https:' ? 443 : 80;
    this.#address = address ?? { host: hostname, port: port === '' ? defaultPort : Number(port) };
    this.#cookies = cookies;
  }

  /** The same visitor in a second window: starts with the same cookies, then goes its own way. */
  copy(): WebClient {
    return new WebClient(this.#origin.href, this.#address, this.#cookies);
  }

  /** The value of a cookie that would be sent to the public address, or null. */
  cookie(name: string): string | null {
    return this.#cookiesFor(this.#origin).find((cookie) => cookie.name === name)?.value ?? null;
  }

  /** The `Cookie` header for the public address, for doors that are tried by hand. */
  cookieHeader(): string {
    return this.#cookiesFor(this.#origin)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  /** Sets or replaces a cookie, as a thief or a confused browser would. */
  setCookie(name: string, value: string, domain = this.#origin.hostname): void {
    this.#keep({ name, value, domain });
  }

  /** One request of a program; redirects are not followed. */
  async call(target: string, options: RequestOptions = {}): Promise<Answer> {
    const headers = { accept: 'application/json', ...options.headers };
    return this.#send(new URL(target, this.#origin), { ...options, headers });
  }

  /** One request of a person; redirects are not followed. */
  async visit(target: string, options: RequestOptions = {}): Promise<Answer> {
    const headers = { ...navigationHeaders, ...options.headers };
    return this.#send(new URL(target, this.#origin), { ...options, headers });
  }

  /** Goes to a page as a person does: redirects are followed to the end. */
  async open(target: string, options: RequestOptions = {}): Promise<Answer> {
    return this.#follow(await this.visit(target, options));
  }

  /** Fills in the page's form whose action is `action` (its only one by default) and sends it. */
  async submit(
    page: Answer,
    fields: Readonly<Record<string, string>>,
    action?: string,
  ): Promise<Answer> {
    return this.#follow(await this.post(page, fields, action));
  }

  /** As `submit`, but the answer itself, not what it redirects to. */
  async post(
    page: Answer,
    fields: Readonly<Record<string, string>>,
    action?: string,
  ): Promise<Answer> {
    const form = formOn(page, action);
    const body = new URLSearchParams({ ...form.hidden, ...fields }).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: page.url.origin,
    };
    return this.visit(form.action.href, { method: 'POST', headers, body });
  }

  async #follow(first: Answer): Promise<Answer> {
    let answer = first;
    for (let redirects = 0; redirects < redirectsMax; redirects += 1) {
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer;
      answer = await this.visit(new URL(location, answer.url).href);
    }
    return assert.fail(`more than ${redirectsMax} redirects, the last to ${answer.url.href}`);
  }

  #send(url: URL, options: RequestOptions): Promise<Answer> {
    const cookies = this.#cookiesFor(url).map(({ name, value }) => `${name}=${value}`);
    const request = (url.protocol === 'https:' ? https : http).request({
      ...this.#address,
      // Only certificates that a test made itself are met here.
      rejectUnauthorized: false,
      servername: url.hostname,
      method: options.method ?? 'GET',
      path: url.pathname + url.search,
      agent: false,
      headers: {
        host: url.host,
        ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}),
        ...(options.body === undefined
          ? {}
          : { 'content-length': String(Buffer.byteLength(options.body)) }),
        ...(options.headers as Record<string, string | string[]> | undefined),
      },
    });
    return new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          for (const line of response.headers['set-cookie'] ?? []) this.#take(url, line);
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({
            url,
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            chunks: chunks.length,
          });
        });
      });
      request.end(options.body);
    });
  }

  #cookiesFor(url: URL): readonly Cookie[] {
    return this.#cookies.filter(({ domain }) =>
      domain.startsWith('.') ? `.${url.hostname}`.endsWith(domain) : url.hostname === domain,
    );
  }

  #take(url: URL, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const split = pair.indexOf('=');
    const attribute = (name: string): string | null => {
      const found = attributes.find((text) => text.toLowerCase().startsWith(`${name}=`));
      return found?.slice(name.length + 1) ?? null;
    };
    const domain = attribute('domain');
    const expires = attribute('expires');
    const isGone = attribute('max-age') === '0' || (expires !== null && Date.parse(expires) <= 0);
    const cookie = {
      name: pair.slice(0, split),
      value: isGone ? '' : pair.slice(split + 1),
      domain: domain === null ? url.hostname : `.${domain.replace(/^\./, '')}`,
    };
    this.#keep(cookie);
  }

  #keep(cookie: Cookie): void {
    const others = this.#cookies.filter(
      ({ name, domain }) => name !== cookie.name || domain !== cookie.domain,
    );
    this.#cookies = cookie.value === '' ? others : [...others, cookie];
  }
}

/** The texts of the elements that carry an attribute such as `data-recovery-code`. */
export function textsMarked(page: Answer, attribute: string): readonly string[] {
  const pattern = new RegExp(`<(\\w+)[^>]*\\s${attribute}[\\s=>][^]*?</\\1>`, 'g');
  return [...page.body.matchAll(pattern)].map(([element]) =>
    unescaped(element.replace(/<[^>]*>/g, '')).trim(),
  );
}

interface Form {
  readonly action: URL;
  readonly hidden: Readonly<Record<string, string>>;
}

function formOn(page: Answer, action: string | undefined): Form {
  const forms = [...page.body.matchAll(/<form\b([^>]*)>([^]*?)<\/form>/g)].map(
    ([, tag = '', inside = '']): Form => {
      const target = new URL(attributeOf(tag, 'action') ?? page.url.href, page.url);
      return { action: target, hidden: hiddenFields(inside) };
    },
  );
  const form = forms.find(
    (known) => action === undefined || known.action.pathname.endsWith(action),
  );
  assert.ok(form, `no form ${action ?? ''} on ${page.url.href} (${page.status}):\n${page.body}`);
  return form;
}

function hiddenFields(inside: string): Readonly<Record<string, string>> {
  const inputs = [...inside.matchAll(/<input\b([^>]*)>/g)].map(([, tag = '']) => tag);
  const hidden = inputs.filter((tag) => attributeOf(tag, 'type') === 'hidden');
  return Object.fromEntries(
    hidden.map((tag) => [attributeOf(tag, 'name') ?? '', attributeOf(tag, 'value') ?? '']),
  );
}

function attributeOf(tag: string, name: string): string | null {
  const match = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag);
  return match?.[1] === undefined ? null : unescaped(match[1]);
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
};

function unescaped(text: string): string {
  return text.replace(/&(#?\w+);/g, (whole, name: string) => entities[name] ?? whole);
}
