/**
 * What a run of the verification checklist leaves behind. Everything in a report was tried or read
 * on this installation; what could not be tried says so and why.
 */

import type { EvidenceId } from '../../core/ids.ts';
import type { EpochMs } from '../../core/time.ts';

/** How one check came out. */
export type Outcome = 'passed' | 'failed' | 'not-applicable';

/** One thing that was tried. */
export interface Check {
  /** `V3.2`: the verification and its place in it. */
  readonly id: string;
  readonly what: string;
  readonly how: string;
  /** Of a check that was not applicable: what the policy or configuration says instead. */
  readonly expected: string;
  readonly seen: string;
  readonly outcome: Outcome;
}

/** The verifications of the checklist. */
export const verificationIds = ['V1', 'V2', 'V3', 'V4', 'V5', 'V6'] as const;

/** Which of them. */
export type VerificationId = (typeof verificationIds)[number];

/** One line of the checklist with all that was tried for it. */
export interface Verification {
  readonly id: VerificationId;
  readonly title: string;
  /** `failed` when any check failed; `not-applicable` when none could be tried. */
  readonly outcome: Outcome;
  readonly checks: readonly Check[];
}

/** A key of the policy as this installation understands it. */
export interface PolicyStatement {
  /** As in the policy file or the configuration: `mfa.methods.totp.required_for_tiers`. */
  readonly key: string;
  readonly value: string;
  readonly means: string;
}

/** What the report is about. */
export interface Installation {
  readonly issuer: string;
  readonly publicUrl: string;
  readonly portalUrl: string;
  /** `SQLite` or `PostgreSQL`. */
  readonly database: string;
  /** `database` or `Redis`. */
  readonly sessions: string;
  readonly timeZone: string;
  readonly version: string;
  readonly runtime: string;
  /** Of the configuration in force, as the audit trail has it at each start of the gateway. */
  readonly fingerprint: string;
}

/** A whole report. */
export interface EvidenceReport {
  /** Of this shape; raised when a member changes its meaning. */
  readonly shape: 1;
  readonly id: EvidenceId;
  readonly startedAt: EpochMs;
  readonly finishedAt: EpochMs;
  /** A username, or `cli`. */
  readonly by: string;
  readonly installation: Installation;
  readonly policy: readonly PolicyStatement[];
  readonly verifications: readonly Verification[];
  /** What the run made for itself, and what became of it. */
  readonly traces: {
    /** The tenant that the throw-away people belonged to; it is gone. */
    readonly tenant: string;
    readonly people: number;
    /** Events of the run in the audit trail, each marked by this report's id. */
    readonly events: number;
  };
  readonly outcome: Exclude<Outcome, 'not-applicable'>;
}

/** What many outcomes amount to: any failure fails; nothing tried is not applicable. */
export function outcomeOf(parts: readonly { readonly outcome: Outcome }[]): Outcome {
  if (parts.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return parts.some(({ outcome }) => outcome === 'passed') ? 'passed' : 'not-applicable';
}

/** How many checks of a report came out in which way. */
export function countOutcomes(
  report: Pick<EvidenceReport, 'verifications'>,
): Readonly<Record<Outcome, number>> {
  const counts = { passed: 0, failed: 0, 'not-applicable': 0 };
  for (const { outcome } of report.verifications.flatMap(({ checks }) => checks)) {
    counts[outcome] += 1;
  }
  return counts;
}

/** The report as it leaves the house (docs/contract.md, section 11), with instants in UTC. */
export function evidenceDocument(report: EvidenceReport): object {
  const { installation, traces } = report;
  return {
    shape: report.shape,
    id: report.id,
    started_at: new Date(report.startedAt).toISOString(),
    finished_at: new Date(report.finishedAt).toISOString(),
    by: report.by,
    outcome: report.outcome,
    installation: {
      issuer: installation.issuer,
      public_url: installation.publicUrl,
      portal_url: installation.portalUrl,
      database: installation.database,
      sessions: installation.sessions,
      time_zone: installation.timeZone,
      version: installation.version,
      runtime: installation.runtime,
      configuration_sha256: installation.fingerprint,
    },
    policy: report.policy,
    verifications: report.verifications,
    traces,
  };
}
