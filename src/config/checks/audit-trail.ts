/** How long the audit trail is kept, and the collectors it is sent to. */

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { Secret } from '../../platform/secret.ts';
import type { AuditTrailSettings, SyslogSettings, WebhookSettings } from '../config.ts';
import { certificatesIn } from './certificates.ts';
import type { Draft } from './draft.ts';
import { isLoopback } from './origins.ts';

/** Ports of syslog over TLS (RFC 5425 §4.1) and over plain TCP (RFC 6587). */
const syslogPorts = { 'tls:': 6514, 'tcp:': 601 } as const;

/** Reads the `audit` section. What is wrong is reported; a harmless value stands for it. */
export function compileAuditTrail(draft: Draft): AuditTrailSettings {
  const { audit } = draft.written;
  return {
    keptSeconds: audit.keep,
    syslog: compileSyslog(draft),
    webhook: compileWebhook(draft),
    waitingMax: audit.waiting,
    whenFull: audit.whenFull,
  };
}

function compileSyslog(draft: Draft): SyslogSettings | null {
  const { syslog } = draft.written.audit;
  if (syslog === null) return null;
  const url = URL.canParse(syslog.address) ? new URL(syslog.address) : null;
  const isPlain =
    url !== null &&
    /^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(url.hostname) &&
    url.href.replace(/\/$/, '') === `${url.protocol}//${url.host}` &&
    url.port !== '0';
  if (!isPlain || !(url.protocol === 'tls:' || url.protocol === 'tcp:')) {
    draft.report(['audit', 'syslog', 'address'], 'write tls://host:6514 or tcp://host:601');
    return null;
  }
  if (url.protocol === 'tcp:' && syslog.caFile !== null) {
    const message = 'nothing is checked over tcp://; write tls:// as the address';
    draft.report(['audit', 'syslog', 'caFile'], message);
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? syslogPorts[url.protocol] : Number(url.port),
    isTls: url.protocol === 'tls:',
    certificates: readCertificates(draft, syslog.caFile),
    facility: syslog.facility,
  };
}

function readCertificates(draft: Draft, file: string | null): string | null {
  if (file === null) return null;
  try {
    const text = readFileSync(path.resolve(draft.folder, file), 'utf8');
    if (certificatesIn(text).length > 0) return text;
  } catch {
    // Reported below, like a file that holds something else.
  }
  draft.report(['audit', 'syslog', 'caFile'], `${file} holds no certificates, or cannot be read`);
  return null;
}

function compileWebhook(draft: Draft): WebhookSettings | null {
  const { webhook } = draft.written.audit;
  if (webhook === null) return null;
  const at = ['audit', 'webhook', 'url'];
  const url = URL.canParse(webhook.url) ? new URL(webhook.url) : null;
  const hasAccount = url !== null && (url.username !== '' || url.password !== '');
  if (url === null || !['http:', 'https:'].includes(url.protocol) || hasAccount) {
    draft.report(at, 'write an address such as https://siem.example.com/events');
    return null;
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
    draft.report(at, 'audit events name people: send them over https');
    return null;
  }
  return { url: url.href, secret: new Secret(webhook.secret) };
}
