/**
 * Turns what fits the schema into the configuration that the program uses.
 *
 * Everything that only shows when the file is looked at as a whole is checked here; each check
 * reports and goes on, so that all faults are found in one go.
 */

import path from 'node:path';

import type { Network } from '../core/cidr.ts';
import type { Portal } from '../core/locations.ts';
import { administrationRoute, type RoleGroups } from '../core/policy/administration.ts';
import { isTimeZone } from '../core/policy/conditions/time.ts';
import {
  type HardwareKeys,
  tiers,
  type MfaPolicy,
  type TierMap,
} from '../core/policy/mfa-policy.ts';
import { checkAccent } from './checks/accent.ts';
import { checkAddresses, type Addresses } from './checks/addresses.ts';
import { compileAuditTrail } from './checks/audit-trail.ts';
import type { Draft } from './checks/draft.ts';
import { checkListeners } from './checks/listeners.ts';
import { readOrigin, type Origin } from './checks/origins.ts';
import { checkReachability } from './checks/reachability.ts';
import { checkGeoDatabase, compileMail } from './checks/telling.ts';
import { compileStorage } from './checks/storage.ts';
import { compileWebauthn } from './checks/webauthn.ts';
import { compileRoutes, unknownNetwork } from './compile-routes.ts';
import type { Config } from './config.ts';
import { didYouMean } from './source/closest-name.ts';

/** What a configuration is compiled with beside its own text. */
export interface CompileOptions {
  /** Absolute path of the file, or null. */
  readonly file: string | null;
  /** Null when the policy file is wrong; that was reported. */
  readonly policy: MfaPolicy | null;
  readonly upstreams: 'required' | 'optional';
}

/** Compiles a draft. Null when something that the configuration cannot be without is wrong. */
export function compile(draft: Draft, options: CompileOptions): Config | null {
  const { written } = draft;
  const addresses = checkAddresses(draft);
  checkListeners(draft);
  const timeZone = checkTimeZone(draft);
  checkAccent(draft);
  const storage = compileStorage(draft);
  const tierMap = compileTiers(draft);
  const networks = new Map(
    Object.entries(written.networks).map(([name, cidrs]): [string, Network] => [
      name,
      { name, cidrs },
    ]),
  );
  const portalNetwork = findPortalNetwork(draft, networks);
  const routes = compileRoutes(draft, {
    networks,
    timeZone,
    ownOrigins: ownOriginsOf(draft, addresses),
    upstreams: options.upstreams,
  });
  checkReachability(draft, routes, addresses.portal);

  const mail = compileMail(draft);
  const webauthn = compileWebauthn(draft, { portal: addresses.portal, mfa: options.policy });
  const geoDatabase = checkGeoDatabase(draft);

  const auditTrail = compileAuditTrail(draft);
  const { publicUrl, portal, cookieDomain } = addresses;
  if (publicUrl === null || portal === null || storage === null || options.policy === null) {
    return null;
  }
  const roleGroups = roleGroupsOf(draft, options.policy);
  const stepUpWithinSeconds = written.stepUp.within;
  return {
    file: options.file,
    server: {
      listen: written.server.listen,
      publicUrl: publicUrl.text,
      trustedProxies: written.server.trustedProxies,
      management: written.server.management,
      tls:
        written.server.tls === null
          ? null
          : {
              certFile: path.resolve(draft.folder, written.server.tls.certFile),
              keyFile: path.resolve(draft.folder, written.server.tls.keyFile),
            },
    },
    portal: {
      ...portal,
      issuer: written.portal.issuer,
      cookieDomain,
      timeZone: written.portal.timeZone,
      network: portalNetwork,
      accent: written.portal.accent,
    },
    storage,
    sessions: {
      idleSeconds: written.sessions.idle,
      absoluteSeconds: written.sessions.absolute,
    },
    local: {
      isEnabled: written.identity.local.enabled,
      minPasswordLength: written.identity.local.minPasswordLength,
    },
    totp: {
      algorithm: written.policy.methods.totp.algorithm,
      digits: written.policy.methods.totp.digits,
      periodSeconds: written.policy.methods.totp.period,
      window: written.policy.methods.totp.window,
    },
    webauthn: { rpId: webauthn.rpId, attestationRoots: webauthn.attestationRoots },
    lockout: {
      failuresMax: written.policy.lockout.failures,
      withinSeconds: written.policy.lockout.within,
      durationSeconds: written.policy.lockout.duration,
    },
    trustedDevices: {
      isEnabled: written.policy.trustedDevices.enabled,
      forSeconds: written.policy.trustedDevices.for,
      tiers: written.policy.trustedDevices.tiers,
    },
    risk: {
      newDevice: written.policy.risk.newDevice,
      newLocation: written.policy.risk.newLocation,
      geoDatabase,
    },
    mail,
    policy: {
      mfa: obligingHardwareTiers(options.policy, webauthn.hardwareKeys),
      tiers: tierMap,
      stepUpWithinSeconds,
      roleGroups,
      hardwareKeys: webauthn.hardwareKeys,
      rememberedFor: written.policy.trustedDevices.enabled
        ? written.policy.trustedDevices.tiers
        : [],
      networks,
    },
    routes: routes.map(({ route }) => route),
    administration: administrationRoute({
      network: portalNetwork,
      roleGroups,
      stepUpWithinSeconds,
    }),
    tokens: { lifetimeSeconds: written.tokens.lifetime },
    auditsAllowed: written.audit.allowed === 'all',
    auditTrail,
    logLevel: written.logging.level,
  };
}

/** Whoever the policy lets reset is an admin where nobody else is named. */
function roleGroupsOf({ written }: Draft, { reset }: MfaPolicy): RoleGroups {
  const { administration } = written;
  const admins = administration.admins ?? reset.allowedRoles;
  return {
    admin: admins,
    manager: administration.managers ?? admins,
    'security-owner': administration.securityOwners ?? admins,
    'reset-executor': reset.allowedRoles,
    auditor: administration.auditors,
  };
}

/** A tier that must use hardware keys must have one: the policy file need not say so again. */
function obligingHardwareTiers(mfa: MfaPolicy, { tiers }: HardwareKeys): MfaPolicy {
  const { webauthn } = mfa.methods;
  const requiredForTiers = [...new Set([...webauthn.requiredForTiers, ...tiers])];
  return { ...mfa, methods: { ...mfa.methods, webauthn: { ...webauthn, requiredForTiers } } };
}

/** The time zone, or UTC to go on with where the name is wrong. */
function checkTimeZone(draft: Draft): string {
  const { timeZone } = draft.written.portal;
  // The runtime takes offsets such as +02:00 too, which know no summer time.
  if (/^[A-Za-z]/.test(timeZone) && isTimeZone(timeZone)) return timeZone;
  const near = didYouMean(timeZone, Intl.supportedValuesOf('timeZone'));
  const message = `there is no time zone "${timeZone}"${near || '; write one such as Europe/Berlin'}`;
  draft.report(['portal', 'timeZone'], message);
  return 'UTC';
}

function compileTiers(draft: Draft): TierMap {
  const map = new Map<string, (typeof tiers)[number]>();
  for (const tier of tiers) {
    for (const [index, group] of draft.written.policy.tiers[tier].entries()) {
      const known = map.get(group);
      if (known === undefined) {
        map.set(group, tier);
        continue;
      }
      const message = `the group ${group} is in ${known} already; a group belongs to one tier`;
      draft.report(['policy', 'tiers', tier, index], message);
    }
  }
  return map;
}

function findPortalNetwork(draft: Draft, networks: ReadonlyMap<string, Network>): Network | null {
  const { network: name } = draft.written.portal;
  if (name === null) return null;
  const network = networks.get(name) ?? null;
  if (network === null && !draft.isWritten(['networks', name])) {
    draft.report(['portal', 'network'], unknownNetwork(name, [...networks.keys()]));
  }
  return network;
}

/** Every address under which a request would come back to us. */
function ownOriginsOf(draft: Draft, addresses: Addresses): readonly Origin[] {
  const { listen, management } = draft.written.server;
  const everywhere = ['0.0.0.0', '::'];
  const loopback = ['127.0.0.1', '::1', 'localhost'];
  const listeners = [listen, management].flatMap((listener) => {
    if (listener === null || listener.port === 0) return [];
    const isOpen = [...everywhere, ...loopback].includes(listener.host);
    const hosts = isOpen ? [listener.host, ...everywhere, ...loopback] : [listener.host];
    return hosts.map(
      (host) => `http://${host.includes(':') ? `[${host}]` : host}:${String(listener.port)}`,
    );
  });
  const portalUrl: Portal | null = addresses.portal;
  return [...listeners, addresses.publicUrl?.text, portalUrl?.origin].flatMap((address) => {
    const reading = address === undefined ? null : readOrigin(address, '');
    return reading?.ok === true ? [reading.origin] : [];
  });
}
