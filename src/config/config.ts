/** The configuration as the program uses it: validated, compiled, secrets wrapped. */

import type { AccessPolicy, Tier } from '../core/policy/mfa-policy.ts';
import type { Cidr, Network } from '../core/cidr.ts';
import type { Portal } from '../core/locations.ts';
import type { Route } from '../core/route.ts';
import type { LockoutLimits, SessionLifetimes } from '../stores/types.ts';
import type { Secret } from '../platform/secret.ts';

/** Everything that a configuration file settles. */
export interface Config {
  /** Absolute path of the file, or null when it was given as a value. */
  readonly file: string | null;
  readonly server: {
    readonly listen: ListenAddress;
    readonly publicUrl: string;
    readonly trustedProxies: readonly Cidr[];
    readonly management: ListenAddress | null;
    readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  };
  readonly portal: Portal & {
    readonly issuer: string;
    readonly cookieDomain: string | null;
    readonly timeZone: string;
    readonly network: Network | null;
    /** CSS colour of the one accent. */
    readonly accent: string | null;
  };
  readonly storage: {
    readonly database:
      | { readonly kind: 'sqlite'; readonly file: string }
      | { readonly kind: 'postgres'; readonly url: Secret };
    readonly sessions:
      | { readonly kind: 'database' }
      | {
          readonly kind: 'redis';
          readonly urls: readonly Secret[];
          readonly mode: 'single' | 'cluster' | 'sentinel';
        };
    readonly encryptionKeyFile: string;
  };
  readonly sessions: SessionLifetimes;
  readonly local: { readonly isEnabled: boolean; readonly minPasswordLength: number };
  readonly totp: {
    readonly algorithm: 'SHA1' | 'SHA256' | 'SHA512';
    readonly digits: 6 | 8;
    readonly periodSeconds: number;
    readonly window: number;
  };
  readonly webauthn: {
    /** Relying party (WebAuthn L3 §4): the domain that passkeys belong to. */
    readonly rpId: string;
    /** PEM certificates; attestations of hardware keys must lead to one of them. */
    readonly attestationRoots: readonly string[];
  };
  readonly lockout: LockoutLimits;
  readonly trustedDevices: {
    readonly isEnabled: boolean;
    readonly forSeconds: number;
    readonly tiers: readonly Tier[];
  };
  readonly risk: {
    readonly newDevice: RiskAnswer;
    readonly newLocation: RiskAnswer;
    /** Absolute path of a MaxMind database, or null. */
    readonly geoDatabase: string | null;
  };
  /** Null: nobody is told anything by mail. */
  readonly mail: MailSettings | null;
  readonly policy: AccessPolicy;
  readonly routes: readonly Route[];
  /** The way to the administration pages and API. */
  readonly administration: Route;
  readonly tokens: { readonly lifetimeSeconds: number };
  /** Audit every allowed request too (off by default). */
  readonly auditsAllowed: boolean;
  readonly auditTrail: AuditTrailSettings;
  /** Least level that is logged. */
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** How long audit events are kept, and where they are sent. */
export interface AuditTrailSettings {
  /** Null: for ever. */
  readonly keptSeconds: number | null;
  readonly syslog: SyslogSettings | null;
  readonly webhook: WebhookSettings | null;
  /** So many events may wait to be sent; then nothing that must be audited is done (F12). */
  readonly waitingMax: number;
  /** What becomes of proxied requests meanwhile. */
  readonly whenFull: 'pass' | 'refuse';
}

/** A collector of syslog messages (RFC 5424) over TCP (RFC 6587) or TLS (RFC 5425). */
export interface SyslogSettings {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** PEM certificates that the collector's must lead to; null: those of the runtime. */
  readonly certificates: string | null;
  /** RFC 5424 §6.2.1: 0 to 23. */
  readonly facility: number;
}

/** Somebody who is sent events by POST. */
export interface WebhookSettings {
  readonly url: string;
  /** Signs each delivery (HMAC-SHA256). */
  readonly secret: Secret;
}

/** What a sign-in from an unknown browser or place leads to. */
export type RiskAnswer = 'challenge' | 'notify' | 'ignore';

/** How mail is sent. */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** True: TLS from the first byte (smtps). False: STARTTLS. */
  readonly isImplicitTls: boolean;
  /** False only for loopback, or where the operator says so. */
  readonly isTlsRequired: boolean;
  readonly username: string | null;
  readonly password: Secret | null;
  readonly from: string;
}

/** Where to listen; port 0 is any that is free. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The configuration in force; a reload swaps what `current` returns, in one step. */
export interface LiveConfig {
  current(): Config;
}
