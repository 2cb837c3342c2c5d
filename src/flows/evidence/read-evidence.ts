/** Reading reports of evidence: for whoever administers the installation itself. */

import type { EvidenceId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import type { EvidenceRecord } from '../../stores/types/administration.ts';
import { type Administrator, assertMayView, isOfInstallation } from '../admin/administrator.ts';
import type { FlowContext } from '../flow-context.ts';
import type { EvidenceReport } from './report.ts';

/** So many are listed; older ones are found by their address. */
const listedMax = 100;

/**
 * The latest reports, newest first. Throws the problem `not-permitted` without a role that lets one
 * look, and `not-found` for whoever administers another tenant.
 */
export async function listEvidence(
  ctx: FlowContext,
  admin: Administrator,
): Promise<readonly Omit<EvidenceRecord, 'report'>[]> {
  assertOfInstallation(ctx, admin);
  return ctx.stores.evidence.list(listedMax);
}

/** A report. Throws as `listEvidence` does, and `not-found` where there is none. */
export async function findEvidence(
  ctx: FlowContext,
  admin: Administrator,
  claimedId: string,
): Promise<EvidenceReport> {
  assertOfInstallation(ctx, admin);
  const isId = /^evd_[\w-]{16}$/.test(claimedId);
  const record = isId ? await ctx.stores.evidence.find(claimedId as EvidenceId) : null;
  if (record === null) throw new Problem('not-found');
  return reportIn(record);
}

/** The newest report, or null where there is none yet. Throws as `listEvidence` does. */
export async function latestEvidence(
  ctx: FlowContext,
  admin: Administrator,
): Promise<EvidenceReport | null> {
  assertOfInstallation(ctx, admin);
  return latestReport(ctx);
}

/** The same for the command line, where whoever is there may look. */
export async function latestReport({
  stores,
}: Pick<FlowContext, 'stores'>): Promise<EvidenceReport | null> {
  const [latest] = await stores.evidence.list(1);
  const record = latest === undefined ? null : await stores.evidence.find(latest.id);
  return record === null ? null : reportIn(record);
}

function reportIn({ report }: EvidenceRecord): EvidenceReport {
  return JSON.parse(report) as EvidenceReport;
}

function assertOfInstallation(ctx: FlowContext, admin: Administrator): void {
  assertMayView(ctx, admin);
  if (!isOfInstallation(admin)) throw new Problem('not-found');
}
