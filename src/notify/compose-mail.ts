/**
 * Writes a mail: what happened, when, from where, and what to do.
 *
 * Pure. A mail holds no code, and nothing in it acts: the address of the page it is about stands
 * there as text. Only the mail of a one-time link holds that, to be pressed. Whatever people chose, such as the name of an authenticator, is shown as
 * text that cannot be taken for a line, a tag or an address of its own.
 */

import type { NewMail } from '../stores/types.ts';

/** The sentences: `mail.<kind>.subject`, `.lead` and `.next`, and those around them. */
export interface MailWords {
  /** A language tag, for `<html lang>`. */
  readonly language: string;
  readonly say: (key: string, values?: Readonly<Record<string, string | number>>) => string;
}

/** What is the same in every mail. */
export interface MailSurroundings {
  readonly issuer: string;
  /** The address of the account page. */
  readonly accountUrl: string;
  /** The address of the pages about resets, without a slash at its end. */
  readonly resetsUrl: string;
  readonly words: MailWords;
  /** Writes an instant in the operator's time zone, with the zone named. */
  readonly instant: (at: number) => string;
}

/** A mail without an envelope. */
export interface ComposedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Writes the mail about one thing that happened; `link` is the one-time link that it brings. */
export function composeMail(
  { kind, details, createdAt }: Pick<NewMail, 'kind' | 'details' | 'createdAt'>,
  around: MailSurroundings,
  link: string | null = null,
): ComposedMail {
  const { issuer, words } = around;
  const values = valuesOf(details, around, createdAt);
  const subject = plain(words.say(`mail.${kind}.subject`, values));
  const lead = words.say(`mail.${kind}.lead`, values);
  const lines = linesOf(details, values, words);
  const next = words.say(`mail.${kind}.next`, values);
  const closing = [pageSentence(details, around), words.say('mail.footer', { issuer })];
  const text = [lead, ...(link === null ? [] : [link])]
    .concat(lines.map(({ label, value }) => `${label}: ${value}`).join('\n'), next)
    .concat(closing)
    .join('\n\n');
  return {
    subject,
    text: `${text}\n`,
    html: htmlOf(words.language, { subject, lead, link, lines, next, closing }),
  };
}

/** Where to look next: the request that somebody has a part in, else one's own account. */
function pageSentence(
  { reset }: NewMail['details'],
  { accountUrl, resetsUrl, words }: MailSurroundings,
): string {
  return reset === undefined
    ? words.say('mail.account-page', { url: accountUrl })
    : words.say('mail.reset-page', { url: `${resetsUrl}/${encodeURIComponent(reset)}` });
}

type Values = Readonly<Record<string, string | number>>;

/** What sentences may speak of. A detail that is not there must not leave a hole in them. */
function valuesOf(
  details: NewMail['details'],
  { issuer, words, instant }: MailSurroundings,
  at: number,
): Values {
  const given = (key: string, otherwise: string): string => {
    const value = plain(String(details[key] ?? ''));
    return value === '' ? words.say(otherwise) : value;
  };
  const instantOf = (value: string | number | undefined): string =>
    typeof value === 'number' ? instant(value) : words.say('mail.unknown');
  const { until, expires, due, codesLeft } = details;
  return {
    issuer,
    at: instant(at),
    username: given('username', 'mail.unknown'),
    ip: given('ip', 'mail.unknown'),
    device: linkless(given('device', 'mail.unknown-device')),
    name: linkless(given('name', 'mail.unknown')),
    place: given('place', 'mail.unknown'),
    until: instantOf(until),
    expires: instantOf(expires),
    due: instantOf(due),
    ticket: linkless(given('ticket', 'mail.unknown')),
    by: linkless(given('by', 'mail.unknown')),
    progress: given('progress', 'mail.unknown'),
    codesLeft: codesLeft ?? words.say('mail.unknown'),
  };
}

interface Line {
  readonly label: string;
  readonly value: string;
}

// prettier-ignore
/** The facts, one to a line, in this order: the detail and the word before it. */
const lineKeys = [
  ['at', 'when'], ['username', 'account'], ['name', 'name'], ['device', 'browser'],
  ['ip', 'address'], ['place', 'place'], ['until', 'until'], ['codesLeft', 'codes-left'],
  ['ticket', 'ticket'], ['progress', 'progress'], ['expires', 'expires'],
  ['due', 'due'],
] as const;

function linesOf(details: NewMail['details'], values: Values, words: MailWords): readonly Line[] {
  const lines = lineKeys
    .filter(([key]) => key === 'at' || details[key] !== undefined)
    .map(([key, word]) => ({ word, value: String(values[key]) }))
    .map(({ word, value }) => ({
      // Without a map a place is the prefix of a network.
      label: words.say(`mail.line.${word === 'place' && isPrefix(value) ? 'network' : word}`),
      value,
    }));
  // Nobody did what comes about by time.
  if (details['ip'] !== undefined || details['by'] === '') return lines;
  // Not this person's browser: an administrator did it, or an operator on the command line.
  const isNamed = details['by'] !== undefined;
  const value = isNamed ? String(values['by']) : words.say('mail.administrator', values);
  return [...lines, { label: words.say('mail.line.by'), value }];
}

function isPrefix(place: string): boolean {
  return /\/\d+$/.test(place);
}

/** Longest piece of text that comes from people. */
const charactersMax = 100;

/** Text without line ends, control characters and marks that turn the direction of writing. */
function plain(text: string): string {
  const characters = Array.from(text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim());
  return characters.length <= charactersMax
    ? characters.join('')
    : `${characters.slice(0, charactersMax - 1).join('')}…`;
}

/**
 * Text in which no mail program finds an address to make a link of.
 *
 * Security: whoever got into an account could name an authenticator after a site of theirs, and
 * our own mail would send its owner there.
 */
function linkless(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[/\\:@\u2044\u2215\u2236]+/g, ' ')
    .replaceAll(/[.\u3002](?=\p{L})/gu, '. ');
}

// No colours, so that every mail program may choose them for light and dark; no tables, and no links
// but a one-time link itself, whose address is what one reads.
function htmlOf(
  language: string,
  mail: {
    readonly subject: string;
    readonly lead: string;
    readonly link: string | null;
    readonly lines: readonly Line[];
    readonly next: string;
    readonly closing: readonly string[];
  },
): string {
  const lines = mail.lines.map(
    ({ label, value }) => `<li>${escaped(label)}: <strong>${escaped(value)}</strong></li>`,
  );
  const paragraph = (text: string): string => `<p>${escaped(text)}</p>`;
  return [
    '<!doctype html>',
    `<html lang="${escaped(language)}">`,
    '<head><meta charset="utf-8"><meta name="color-scheme" content="light dark">',
    `<title>${escaped(mail.subject)}</title></head>`,
    '<body style="font-family: sans-serif; line-height: 1.5; max-width: 36em">',
    paragraph(mail.lead),
    ...(mail.link === null
      ? []
      : [`<p><a href="${escaped(mail.link)}">${escaped(mail.link)}</a></p>`]),
    `<ul>${lines.join('\n')}</ul>`,
    paragraph(mail.next),
    ...mail.closing.map(paragraph),
    '</body></html>\n',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
