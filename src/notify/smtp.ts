/**
 * Hands one mail to the operator's mail server (RFC 5321, RFC 6409).
 *
 * Every wait has an end: a server that accepts a connection and then says nothing costs half a
 * minute of this mail and nothing of anything else. What goes wrong is told without credentials.
 */

import { createTransport } from 'nodemailer';
import type { Secret } from '../platform/secret.ts';

/** Where mail is handed in, as configured. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS. */
  readonly isImplicitTls: boolean;
  /** Without TLS and a certificate that holds, nothing is sent. */
  readonly isTlsRequired: boolean;
  readonly username: string | null;
  readonly password: Secret | null;
  /** The sender, with or without a name. */
  readonly from: string;
}

/** A mail with its envelope. */
export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The same at every try, so that mail programs know a mail again that was sent twice. */
  readonly messageId: string;
  readonly date: number;
}

/** Why a letter was not taken, without anything secret. */
export interface SendFailure {
  /** The letter itself is refused and would be again; else it is worth trying later. */
  readonly isPermanent: boolean;
  /** A word such as `ECONNECTION`, for the log. */
  readonly failure: string;
  /** The number that the server's reply began with, or null. */
  readonly reply: number | null;
}

/** How long the parts of a conversation may take; `overallMilliseconds` bounds them all. */
const limits = {
  dnsTimeout: 10_000,
  connectionTimeout: 10_000,
  greetingTimeout: 15_000,
  socketTimeout: 30_000,
  socketCloseTimeout: 1000,
} as const;

/** How long one mail may take. */
export const overallMilliseconds = 60_000;

/** Resolves once the server has taken the letter; rejects with what `failureOf` reads. */
export async function sendLetter(
  server: MailServer,
  letter: Letter,
  signal: AbortSignal,
): Promise<void> {
  const { host, port, isImplicitTls, isTlsRequired, username, password } = server;
  const transport = createTransport({
    ...limits,
    host,
    port,
    secure: isImplicitTls,
    requireTLS: isTlsRequired,
    opportunisticTLS: !isTlsRequired,
    // Security: where TLS is not required, anybody between could have left it out altogether; a
    // certificate that nobody vouches for is still better than clear text (RFC 7435).
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: isTlsRequired },
    ...(username !== null && { auth: { user: username, pass: password?.reveal() ?? '' } }),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      // As objects they are one address each, whatever is in them; text would be read as a list.
      from: senderIn(server.from),
      to: { name: '', address: letter.to },
      subject: letter.subject,
      text: letter.text,
      html: letter.html,
      messageId: letter.messageId,
      date: new Date(letter.date),
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      xMailer: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(overallMilliseconds)]),
    });
  } finally {
    transport.close();
  }
}

/** `Example Corp, Ltd <security@example.com>` taken apart. */
function senderIn(from: string): { readonly name: string; readonly address: string } {
  const [, name = '', address = from] = /^(.*)<([^<>]*)>$/.exec(from.trim()) ?? [];
  return { name: name.trim().replaceAll(/^"|"$/g, ''), address };
}

/** What nodemailer puts into its errors, as far as we look at it. */
interface SmtpError {
  readonly code?: unknown;
  readonly command?: unknown;
  readonly responseCode?: unknown;
}

/**
 * Reads why a letter was not sent.
 *
 * Permanent is what the server says for good about this recipient or text. What it says about us,
 * such as a wrong password or a sender it does not know, an operator can put right.
 */
export function failureOf(error: unknown): SendFailure {
  const { code, command, responseCode } = (error ?? {}) as SmtpError;
  const isAboutLetter = code === 'EENVELOPE' || code === 'EMESSAGE';
  const isForGood =
    command === 'API' ||
    (command !== 'MAIL FROM' && typeof responseCode === 'number' && responseCode >= 500);
  return {
    isPermanent: isAboutLetter && isForGood,
    failure: typeof code === 'string' ? code : 'unknown',
    reply: typeof responseCode === 'number' ? responseCode : null,
  };
}
