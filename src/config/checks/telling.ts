/** What people are told and by which means: mail, and where they sign in from. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

import { GeoDatabaseUnusable, openPlaces } from '../../platform/geo.ts';
import { Secret } from '../../platform/secret.ts';
import type { Config, MailSettings } from '../config.ts';
import type { Draft } from './draft.ts';
import { isLoopback } from './origins.ts';

/** Ports of message submission (RFC 8314 §3). */
const submissionPort = { 'smtp:': 587, 'smtps:': 465 } as const;

/** One address, or a name and one address in angle brackets. */
const senderPattern = /^(?:[^<>@]*<[^<>@\s,]+@[^<>@\s,]+>|[^<>@\s,]+@[^<>@\s,]+)$/;

/** Reads the `mail` section, or null when there is none or something in it is wrong. */
export function compileMail(draft: Draft): MailSettings | null {
  const { mail } = draft.written;
  if (mail === null) return null;
  const url = URL.canParse(mail.smtp) ? new URL(mail.smtp) : null;
  const isSmtp = url?.protocol === 'smtp:' || url?.protocol === 'smtps:';
  const account = url === null ? null : accountIn(url);
  const isRight = isSmtp && url?.hostname !== '' && /^\/?$/.test(url?.pathname ?? '');
  if (url === null || account === null || !isRight) {
    // The value may hold a password, so it is not repeated.
    draft.report(['mail', 'smtp'], 'write smtp://host:587 or smtps://user:password@host:465');
    return null;
  }
  if (!senderPattern.test(mail.from)) {
    const hint = 'write security@example.com or Example Corp <security@example.com>';
    draft.report(['mail', 'from'], hint);
    return null;
  }
  const { protocol, hostname, port } = url;
  const isImplicitTls = protocol === 'smtps:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: port === '' ? submissionPort[isImplicitTls ? 'smtps:' : 'smtp:'] : Number(port),
    isImplicitTls,
    isTlsRequired: mail.requireTls && !isLoopback(host),
    ...account,
    from: mail.from,
  };
}

/** Who we are to the server; null where an escape such as `%zz` means nothing. */
function accountIn({
  username,
  password,
}: URL): Pick<MailSettings, 'username' | 'password'> | null {
  try {
    return {
      username: username === '' ? null : decodeURIComponent(username),
      password: password === '' ? null : new Secret(decodeURIComponent(password)),
    };
  } catch {
    return null;
  }
}

/** The absolute path of the database of places, or null when there is none that is of use. */
export function checkGeoDatabase(draft: Draft): Config['risk']['geoDatabase'] {
  const { geoDatabase } = draft.written.policy.risk;
  if (geoDatabase === null) return null;
  const file = path.resolve(draft.folder, geoDatabase);
  const at = ['policy', 'risk', 'geoDatabase'];
  if (!existsSync(file) || !statSync(file).isFile()) {
    draft.report(at, `there is no file ${geoDatabase}`);
    return null;
  }
  try {
    openPlaces(file);
    return file;
  } catch (error) {
    if (!(error instanceof GeoDatabaseUnusable)) throw error;
    draft.report(at, error.message);
    return null;
  }
}
