/**
 * Runs the policy's verification checklist against this installation, and keeps the report.
 *
 * Whatever a run makes for itself it removes again, also when it fails. What stays are its report
 * and its events in the audit trail, each marked by the report's id.
 */

import type { Config } from '../../config/config.ts';
import { defaultTenant } from '../../core/ids.ts';
import { type Administrator, eventByAdministrator } from '../admin/administrator.ts';
import { eventOnCommandLine } from '../audit-events.ts';
import type { FlowContext } from '../flow-context.ts';
import { everyEvent } from './checks/events.ts';
import { verifyEnrollmentFirst } from './checks/v1-enrollment-first.ts';
import { verifyPasskeys } from './checks/v2-passkeys.ts';
import { verifyAppCodes } from './checks/v3-app-codes.ts';
import { verifyRecoveryCodes } from './checks/v4-recovery-codes.ts';
import { verifyResets } from './checks/v5-resets.ts';
import { verifyNoSecrets } from './checks/v6-no-secrets.ts';
import { fingerprintOf } from '../operating/note-configuration.ts';
import { policyStatements } from './policy-in-words.ts';
import {
  countOutcomes,
  outcomeOf,
  type EvidenceReport,
  type Installation,
  type Verification,
} from './report.ts';
import { inRun, type EvidenceParts, type Run } from './run/run.ts';
import { clearAway, clearLeftovers, makeTenant } from './run/throw-away.ts';

/** In the order of the checklist; the last looks for what the others made. */
const verifications: readonly ((run: Run) => Promise<Verification>)[] = [
  verifyEnrollmentFirst,
  verifyPasskeys,
  verifyAppCodes,
  verifyRecoveryCodes,
  verifyResets,
  verifyNoSecrets,
];

/**
 * Collects evidence. Throws `StoreUnavailable` when a store does not answer and `RunStopped` when
 * the signal ended it or it took too long; there is no report then, and what the run made is
 * removed, at the latest by the next run.
 */
export async function collectEvidence(
  ctx: FlowContext,
  parts: EvidenceParts,
  { by, signal }: { readonly by: Administrator | 'cli'; readonly signal?: AbortSignal },
): Promise<EvidenceReport> {
  const name = by === 'cli' ? by : by.session.principal.username;
  const asked = { by: name, ...(signal === undefined ? {} : { signal }) };
  return inRun(ctx, parts, asked, async (run) => {
    ctx.log.info({ evidence: run.id, by: name }, 'evidence: a run begins');
    const leftovers = await clearLeftovers(run);
    const report = await reportOf(run, ctx.config.current());
    await keep(run, report, { by, leftovers });
    ctx.log.info({ evidence: run.id, outcome: report.outcome }, 'evidence: a run is done');
    return report;
  });
}

async function reportOf(run: Run, config: Config): Promise<EvidenceReport> {
  const done: Verification[] = [];
  try {
    await makeTenant(run);
    for (const verifyIt of verifications) done.push(await verifyIt(run));
  } finally {
    await clearAway(run);
  }
  const events = (await everyEvent(run)).length;
  const outcome = outcomeOf(done) === 'failed' ? 'failed' : 'passed';
  return {
    shape: 1,
    id: run.id,
    startedAt: run.startedAt,
    finishedAt: run.ctx.clock.now(),
    by: run.by,
    installation: installationOf(config, run.parts.version),
    policy: policyStatements(config),
    verifications: done,
    traces: { tenant: run.tenant, people: run.everybody.length, events },
    outcome,
  };
}

/** The report and its event stand or fall together (guarantee G12). */
async function keep(
  run: Run,
  report: EvidenceReport,
  { by, leftovers }: { readonly by: Administrator | 'cli'; readonly leftovers: number },
): Promise<void> {
  const { id, outcome, installation } = report;
  const counts = countOutcomes(report);
  const happening = {
    at: report.finishedAt,
    type: 'evidence.collected',
    severity: outcome === 'passed' ? 'notice' : 'high',
    details: {
      outcome,
      passed: counts.passed,
      failed: counts.failed,
      notApplicable: counts['not-applicable'],
      configuration: installation.fingerprint,
      ...report.traces,
      ...(leftovers === 0 ? {} : { leftoversRemoved: leftovers }),
    },
  } as const;
  const event =
    by === 'cli'
      ? eventOnCommandLine({ id: null, tenant: defaultTenant }, happening)
      : eventByAdministrator(by, null, happening);
  await run.ctx.stores.transaction(async (stores) => {
    await stores.evidence.add({
      id,
      at: report.finishedAt,
      by: report.by,
      isPassed: outcome === 'passed',
      report: JSON.stringify(report),
    });
    await stores.audit.append(event);
  });
}

function installationOf(config: Config, version: string): Installation {
  const { portal, server, storage } = config;
  return {
    issuer: portal.issuer,
    publicUrl: server.publicUrl,
    portalUrl: portal.url,
    database: storage.database.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL',
    sessions: storage.sessions.kind === 'redis' ? 'Redis' : 'database',
    timeZone: portal.timeZone,
    version,
    runtime: `Node.js ${process.versions.node}`,
    fingerprint: fingerprintOf(config),
  };
}
