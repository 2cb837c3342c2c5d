/**
 * An installation to collect evidence on: the operator's policy, some routes, a log that is heard,
 * and a clock that jumps where a run would wait.
 */

import type { Config } from '../../src/config/config.ts';
import { administrationRoute, type RoleGroups } from '../../src/core/policy/administration.ts';
import type { AccessPolicy } from '../../src/core/policy/mfa-policy.ts';
import type { FlowContext } from '../../src/flows/flow-context.ts';
import { collectEvidence } from '../../src/flows/evidence/collect-evidence.ts';
import type {
  EvidenceReport,
  Verification,
  VerificationId,
} from '../../src/flows/evidence/report.ts';
import { inRun, type EvidenceParts, type Run } from '../../src/flows/evidence/run/run.ts';
import { clearAway, makeTenant } from '../../src/flows/evidence/run/throw-away.ts';
import { createLog, type OperatorLog } from '../../src/platform/log.ts';
import { createSigner } from '../../src/platform/signing.ts';
import type { DatabaseLocation } from '../../src/stores/sql/database.ts';
import { aNetwork, aPolicy, aRoute, aRule } from './builders.ts';
import { openWorld, sure, type World } from './flow-world.ts';
import { mailThatWaits } from './own-changes.ts';
import { policyWith, type KeyChanges } from './policy-file.ts';

/** What may be otherwise. */
export interface EvidenceWorldOptions {
  /** Keys of the policy file. */
  readonly policy?: KeyChanges;
  readonly access?: Partial<AccessPolicy>;
  readonly config?: Partial<Omit<Config, 'portal' | 'server' | 'storage' | 'policy'>>;
  readonly database?: DatabaseLocation;
}

/** A world in which evidence can be collected. */
export interface EvidenceWorld {
  readonly world: World;
  readonly parts: EvidenceParts;
  /** Its log: what is written to it is heard by a run. */
  readonly log: OperatorLog;
  /** Seconds that runs have waited. */
  readonly waited: readonly number[];
  /** Collects, with something broken on purpose or as it is. */
  collect(broken?: (ctx: FlowContext) => FlowContext): Promise<EvidenceReport>;
  /** Runs some of the verifications only, in a run of their own. */
  verify(
    verifications: readonly ((run: Run) => Promise<Verification>)[],
    broken?: (ctx: FlowContext) => FlowContext,
  ): Promise<readonly Verification[]>;
  close(): Promise<void>;
}

const roleGroups: RoleGroups = {
  admin: ['AI-PLATFORM-ADMINS'],
  manager: ['MANAGERS'],
  'security-owner': ['SEC-OPS'],
  'reset-executor': ['AI-PLATFORM-ADMINS'],
  auditor: ['AUDIT'],
};

/** Opens one; `close` it after the test. */
export async function openEvidenceWorld(
  options: EvidenceWorldOptions = {},
): Promise<EvidenceWorld> {
  const policy = aPolicy({
    mfa: policyWith(options.policy),
    tiers: new Map([
      ['AI-PLATFORM-ADMINS', 'TIER0'],
      ['SEC-OPS', 'TIER1'],
      ['PROJECT-OWNERS', 'TIER2'],
    ]),
    roleGroups,
    ...options.access,
  });
  const world = await openWorld({
    config: {
      policy,
      routes: routesOfEvidence(),
      administration: administrationRoute({ network: null, ...policy }),
      mail: mailThatWaits,
      ...options.config,
    },
    ...(options.database === undefined ? {} : { database: options.database }),
  });
  const { clock, ctx } = world;
  const log = createLog({ level: 'debug', destination: 2, writesFrom: 'warn' });
  const waited: number[] = [];
  const parts: EvidenceParts = {
    version: '0.0.0-test',
    wallNow: () => clock.wallNow(),
    pause: (seconds) => {
      waited.push(seconds);
      clock.advance(seconds);
      return Promise.resolve();
    },
    signer: await createSigner({ clock, keys: ctx.stores.signingKeys, sealer: ctx.sealer }),
    tapLog: (listener) => log.tap(listener),
  };
  return {
    world,
    parts,
    log,
    waited,
    collect: (broken = (whole) => whole) =>
      collectEvidence(broken({ ...ctx, log }), parts, { by: 'cli' }),
    verify: (verifications, broken = (whole) => whole) =>
      inRun(broken({ ...ctx, log }), parts, { by: 'cli' }, async (run) => {
        log.info({ evidence: run.id }, 'a run of a test begins');
        await makeTenant(run);
        const done: Verification[] = [];
        for (const verifyIt of verifications) done.push(await verifyIt(run));
        await clearAway(run);
        return done;
      }),
    close: () => world.close(),
  };
}

function routesOfEvidence(): Config['routes'] {
  return [
    aRoute({
      name: 'admin-console',
      host: 'console.example.com',
      path: '/admin/**',
      network: aNetwork('zone-e', ['10.20.0.0/24']),
      isAdminConsole: true,
      rules: [aRule({ audience: { groups: ['AI-PLATFORM-ADMINS'] } })],
    }),
    aRoute({
      name: 'bulletin',
      path: '/bulletin/**',
      rules: [aRule({ id: 'bulletin#1', requires: { level: 1 } })],
    }),
  ];
}

/** What failed in a verification. */
export function failedIn(verification: Verification | undefined): readonly string[] {
  return (verification?.checks ?? [])
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ what }) => what);
}

/** A verification of a report. */
export function verificationOf(report: EvidenceReport, id: VerificationId): Verification {
  return sure(report.verifications.find((one) => one.id === id));
}
