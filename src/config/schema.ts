/**
 * Schema of the configuration file (contract section 2).
 *
 * Objects are strict: an unknown key is an error. What a single file cannot settle by itself
 * (references, reachability, hosts that must fit together) is checked in compile.ts.
 */

import { z } from 'zod';

import { tiers } from '../core/policy/mfa-policy.ts';
import { routeSchema } from './route-schema.ts';
import { cidr, duration, identityName, listenAddress, name, text } from './scalars.ts';

const filePath = (hint: string) => text(hint).min(1, hint);

const server = z.strictObject({
  listen: listenAddress()
    .prefault('127.0.0.1:8080')
    .describe('Address and port of the public listener.'),
  publicUrl: text('write an origin such as https://console.example.com')
    .optional()
    .describe('The origin that people type. Must be https, except on a loopback address.'),
  trustedProxies: z
    .array(cidr())
    .prefault([])
    .describe('Proxies in front of us whose X-Forwarded-* we believe. Nobody by default.'),
  management: listenAddress()
    .nullable()
    .default(null)
    .describe('Address and port of /healthz, /readyz and /metrics. Without it: not served.'),
  tls: z
    .strictObject({
      certFile: filePath('write the path of a PEM file').describe('Certificate chain (PEM).'),
      keyFile: filePath('write the path of a PEM file').describe('Private key (PEM).'),
    })
    .nullable()
    .default(null)
    .describe('Certificate of the public listener. Without it: plain HTTP behind a proxy.'),
});

const portal = z.strictObject({
  url: text('write an address such as https://console.example.com/_mfa')
    .nullable()
    .default(null)
    .describe('Where our own pages are. Default: publicUrl + /_mfa. May be a host of its own.'),
  issuer: text('write the name of your organisation')
    .regex(/^[^:\p{Cc}]{1,64}$/u, 'write a name of at most 64 characters, without colons')
    .default('Sallyport')
    .describe('The name that people see on pages and in their authenticator app.'),
  cookieDomain: text('write a domain such as example.com')
    .nullable()
    .default(null)
    .describe('Domain of the session cookie. Only when portal and routes have different hosts.'),
  timeZone: text('write a time zone such as Europe/Berlin')
    .default('UTC')
    .describe('Time zone of instants on pages and of time windows in rules.'),
  network: name('the name of a network')
    .nullable()
    .default(null)
    .describe("Network that the portal's admin pages and admin API can be reached from."),
  accent: text('write a colour such as "#0b5cad"')
    .nullable()
    .default(null)
    .describe('Colour of buttons and links. White text on it must be readable (4.5 to 1).'),
});

const sessionsAddress = text('write database, or an address such as redis://127.0.0.1:6379/0');

// `writeOnly` marks what may be secret: it can come from a file named by SALLYPORT_…_FILE.
const storage = z.strictObject({
  database: text('write sqlite:./data/sallyport.db or postgres://user@host/database')
    .default('sqlite:./data/sallyport.db')
    .meta({ writeOnly: true })
    .describe('sqlite:FILE, or a postgres:// address when one machine is not enough.'),
  sessions: z
    .union([sessionsAddress, z.array(sessionsAddress).min(1, 'name at least one server')])
    .default('database')
    .meta({ writeOnly: true })
    .describe('database, redis://…, rediss://…, redis+sentinel://…, or a list (a cluster).'),
  encryptionKeyFile: filePath('write the path of a file')
    .default('./data/encryption.key')
    .describe('File of the 32-byte key that seals secrets. Made at first start when absent.'),
});

const sessions = z.strictObject({
  idle: duration({ max: '90d' }).prefault('30m').describe('A session ends after this long unused.'),
  absolute: duration({ max: '365d' })
    .prefault('12h')
    .describe('A session ends this long after signing in.'),
});

const identity = z.strictObject({
  local: z
    .strictObject({
      enabled: z.boolean().default(true).describe('People sign in with a password kept here.'),
      minPasswordLength: z
        .int()
        .min(8)
        .max(64)
        .default(12)
        .describe('Shortest password that is accepted; 8 at least.'),
    })
    .prefault({})
    .describe('Users whose passwords are kept here.'),
});

/** AAGUIDs (WebAuthn L3 §6.5.1) are UUIDs. */
const aaguidPattern = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const aaguidHint = 'write an AAGUID such as ee882879-721c-4913-9775-3dfcce97072a';

const riskAnswers = ['challenge', 'notify', 'ignore'] as const;

const mail = z
  .strictObject({
    smtp: text('write smtp://host:587 or smtps://host:465')
      .meta({ writeOnly: true })
      .describe('Mail server: smtp:// (STARTTLS where offered) or smtps://, with user:password@.'),
    from: text('write an address such as "Example Corp <security@example.com>"')
      .regex(/^[^\p{Cc}]{3,300}$/u, 'write an address such as security@example.com')
      .describe('Sender of every mail.'),
    requireTls: z
      .boolean()
      .default(true)
      .describe('Send over TLS only. A mail server on a loopback address is excepted.'),
  })
  .nullable()
  .default(null)
  .describe('How people are told of what happens to their account. Without it: they are not.');

const groups = z.array(identityName('a group')).default([]);

const policy = z.strictObject({
  file: filePath('write the path of a file')
    .default('./mfa-policy.yaml')
    .describe('The MFA policy: what each tier must enroll.'),
  tiers: z
    .strictObject({
      TIER0: groups.describe('Groups of the most privileged.'),
      TIER1: groups.describe('Groups of the second tier.'),
      TIER2: groups.describe('Groups of the third tier.'),
      TIER3: groups.describe('Groups of the last tier; everybody else is in it anyway.'),
    })
    .prefault({})
    .describe('Groups of each tier. A group belongs to one; whoever is in none is TIER3.'),
  methods: z
    .strictObject({
      totp: z
        .strictObject({
          algorithm: z
            .enum(['SHA1', 'SHA256', 'SHA512'])
            .default('SHA1')
            .describe('Hash; many authenticator apps know SHA1 only.'),
          digits: z.literal([6, 8]).default(6).describe('Digits of a code: 6 or 8.'),
          period: duration({ min: '5s', max: '5m' })
            .prefault('30s')
            .describe('How long a code is shown.'),
          window: z
            .int()
            .min(0)
            .max(2)
            .default(1)
            .describe('Periods before and after the current one whose codes are accepted.'),
        })
        .prefault({})
        .describe('Codes from an authenticator app (RFC 6238).'),
      webauthn: z
        .strictObject({
          rpId: text('write a domain such as example.com')
            .nullable()
            .default(null)
            .describe('Domain that passkeys belong to. Default: the host of the portal.'),
          hardwareKeys: z
            .strictObject({
              tiers: z
                .array(z.enum(tiers))
                .default([])
                .describe('Tiers whose passkeys must be security keys of the models below.'),
              models: z
                .array(text(aaguidHint).regex(aaguidPattern, aaguidHint))
                .default([])
                .describe('AAGUIDs of the models that are accepted.'),
              rootsFile: filePath('write the path of a PEM file')
                .nullable()
                .default(null)
                .describe('Root certificates (PEM) of their makers; attestations must lead there.'),
            })
            .prefault({})
            .describe('Security keys of known models, proved by attestation.'),
        })
        .prefault({})
        .describe('Passkeys and security keys (WebAuthn).'),
    })
    .prefault({})
    .describe('Settings of the second factors.'),
  lockout: z
    .strictObject({
      failures: z
        .int()
        .min(1)
        .max(100)
        .default(5)
        .describe('Wrong codes that lock; over TOTP and recovery codes together.'),
      within: duration({ max: '30d' }).prefault('15m').describe('How long a wrong code counts.'),
      duration: duration({ max: '30d' }).prefault('15m').describe('How long codes are locked.'),
    })
    .prefault({})
    .describe('When second-factor codes are locked for an account.'),
  trustedDevices: z
    .strictObject({
      enabled: z.boolean().default(true).describe('People may trust a browser.'),
      for: duration({ max: '365d' })
        .prefault('30d')
        .describe('How long a trusted browser is not asked for the second factor at sign-in.'),
      tiers: z.array(z.enum(tiers)).default(['TIER2', 'TIER3']).describe('Tiers whose people may.'),
    })
    .prefault({})
    .describe('Browsers in which the second factor is remembered. Never counts as a step-up.'),
  risk: z
    .strictObject({
      newDevice: z
        .enum(riskAnswers)
        .default('challenge')
        .describe('A browser that the person has not used. Having no trust, it is asked anyway.'),
      newLocation: z
        .enum(riskAnswers)
        .default('challenge')
        .describe('A place they have not signed in from.'),
      geoDatabase: filePath('write the path of an .mmdb file')
        .nullable()
        .default(null)
        .describe('MaxMind database (.mmdb) of places. Without it a place is a network prefix.'),
    })
    .prefault({})
    .describe(
      'At sign-in. challenge: tell, and do not honour trust; notify: tell; ignore: neither.',
    ),
});

const stepUp = z.strictObject({
  within: duration()
    .prefault('10m')
    .describe('How recent the proofs must be where a step-up is due and no rule says it.'),
});

const audit = z.strictObject({
  allowed: z
    .enum(['off', 'all'])
    .default('off')
    .describe('all: each allowed request is an audit event too. Refused ones always are.'),
  keep: duration({ min: '30d', max: '3650d' })
    .nullable()
    .default(null)
    .describe('How long events are kept. Without it: for ever.'),
  syslog: z
    .strictObject({
      address: text('write tls://host:6514 or tcp://host:601').describe(
        'Collector of RFC 5424 messages: tls://host:6514, or tcp://host:601.',
      ),
      caFile: filePath('write the path of a PEM file')
        .nullable()
        .default(null)
        .describe("Certificates (PEM) that the collector's must lead to. Default: the system's."),
      facility: z.int().min(0).max(23).default(13).describe('Facility; 13 is log audit.'),
    })
    .nullable()
    .default(null)
    .describe('A syslog collector that every event is sent to.'),
  webhook: z
    .strictObject({
      url: text('write an address such as https://siem.example.com/events').describe(
        'Where events are posted to, as JSON. https, except on a loopback address.',
      ),
      secret: text('write a secret of at least 16 characters')
        .min(16, 'write a secret of at least 16 characters')
        .meta({ writeOnly: true })
        .describe('Signs each delivery (HMAC-SHA256).'),
    })
    .nullable()
    .default(null)
    .describe('A webhook that every event is sent to.'),
  waiting: z
    .int()
    .min(100)
    .max(10_000_000)
    .default(100_000)
    .describe('So many events may wait for a collector; then what must be audited is refused.'),
  whenFull: z
    .enum(['pass', 'refuse'])
    .default('pass')
    .describe('What becomes of proxied requests while too many events wait.'),
});

const administration = z.strictObject({
  admins: z
    .array(identityName('a group'))
    .nullable()
    .default(null)
    .describe("Groups of identity admins. Default: the policy's reset_policy.allowed_roles."),
  managers: z
    .array(identityName('a group'))
    .nullable()
    .default(null)
    .describe('Groups that approve resets as manager. Default: the identity admins.'),
  securityOwners: z
    .array(identityName('a group'))
    .nullable()
    .default(null)
    .describe('Groups that approve resets as security owner. Default: the identity admins.'),
  auditors: groups.describe('Groups that may look at everything and change nothing.'),
});

const tokens = z.strictObject({
  lifetime: duration({ min: '1m', max: '12h' })
    .prefault('20m')
    .describe('How long a bearer token of the API is good for.'),
});

const logging = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged: debug, info, warn, error.'),
});

/** The whole file. */
export const configSchema = z.strictObject({
  server: server.prefault({}).describe('Listeners and the address that people type.'),
  portal: portal.prefault({}).describe('Our own pages: sign-in, challenge, enrollment, account.'),
  storage: storage.prefault({}).describe('Where data lives.'),
  sessions: sessions.prefault({}).describe('How long people stay signed in.'),
  networks: z
    .record(name('the name of a network'), z.array(cidr()))
    .prefault({})
    .describe('Named lists of addresses. An empty list admits nobody.'),
  identity: identity.prefault({}).describe('Who people are.'),
  policy: policy.prefault({}).describe('Who must prove how much.'),
  mail,
  stepUp: stepUp.prefault({}).describe('Confirming again during a session.'),
  routes: z
    .array(routeSchema)
    .prefault([])
    .describe('Ways to upstreams. The first whose host and path match is taken; else 404.'),
  administration: administration.prefault({}).describe('Who administers.'),
  tokens: tokens.prefault({}).describe('Bearer tokens of the API.'),
  audit: audit.prefault({}).describe('The audit trail.'),
  logging: logging.prefault({}).describe('The log for operators.'),
});

/** The file as the schema lets it through: defaults filled in, single values read. */
export type WrittenConfig = z.output<typeof configSchema>;
