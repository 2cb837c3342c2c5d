/**
 * What operators tick off: enrolling somebody, and resetting somebody, as the policy in force wants
 * it. Markdown, to be printed or pasted into a ticket.
 */

import type { Config } from '../../config/config.ts';
import { type AdminRole, adminRoles } from '../../core/policy/administration.ts';
import { methodsRequiredOf, tiers, type Tier } from '../../core/policy/mfa-policy.ts';
import type { MethodId } from '../../core/proofs.ts';
import { approvalsNeededFor, resetExpiry } from '../../core/reset-request.ts';
import { formatDuration } from '../../core/time.ts';
import { groupsOfTier, needsHardware } from './checks/tiers-here.ts';
import { markdownText } from './markdown.ts';

/** Writes the checklist. `head` says what and when it is about, line by line. */
export function operatorChecklist(config: Config, head: readonly string[]): string {
  const lines = [
    '# Checklist for operators: enrollment and resets',
    '',
    ...head.map((line) => `- ${markdownText(line)}`),
    '',
    ...rolesPart(config),
    ...enrollmentPart(config),
    ...resetPart(config),
    ...emergencyPart(config),
    ...trailPart(config),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

const roleTasks: Readonly<Record<AdminRole, string>> = {
  admin: 'looks after people and settings, asks for resets',
  manager: 'approves resets',
  'security-owner': 'approves resets',
  'reset-executor': 'asks for resets and executes them',
  auditor: 'looks at everything and changes nothing',
};

function rolesPart({ policy, portal }: Config): readonly string[] {
  const network =
    portal.network === null ? '' : `, from the network ${markdownText(portal.network.name)} only`;
  return [
    '## Who does what',
    '',
    `The administration is at <${portal.url}/admin>${network}, with two factors; every change asks for fresh ones.`,
    '',
    '| role | groups | does |',
    '|---|---|---|',
    ...adminRoles.map(
      (role) => `| ${role} | ${listed(policy.roleGroups[role])} | ${roleTasks[role]} |`,
    ),
    '',
  ];
}

const steps: Readonly<Record<Exclude<MethodId, 'password'>, string>> = {
  totp: 'an authenticator app: scan the picture, type the code',
  webauthn: 'a passkey or security key',
  'recovery-code': 'recovery codes: stored where the phone is not, and said to be stored',
};

function enrollmentPart(config: Config): readonly string[] {
  const { enforcement } = config.policy.mfa;
  const until = enforcement.blocksTokensUntilEnrolled
    ? 'Until then nothing opens to them, at any door.'
    : 'Until then they pass where one factor is asked for.';
  return [
    '## Enrolling somebody',
    '',
    '- [ ] The person is who they say they are, and somebody in charge of them has asked for the account.',
    '- [ ] Their groups are right: these settle the tier, and the tier what they must set up.',
    '- [ ] The invitation went to an address that is theirs; it works once, and not for long.',
    '- [ ] Not more than their groups need: nobody is put into a group of a tier above one’s own.',
    '',
    ...tiers.flatMap((tier) => tierLines(config, tier)),
    `At their first sign-in people are led through this. ${until}`,
    '',
  ];
}

function tierLines(config: Config, tier: Tier): readonly string[] {
  const groups = groupsOfTier(config, tier);
  if (groups === null) return [];
  const required = methodsRequiredOf(tier, config.policy.mfa).filter(
    (method): method is keyof typeof steps => method !== 'password',
  );
  const who = groups.length === 0 ? 'everybody else' : listed(groups);
  return [
    `**${tier}** (${who})`,
    '',
    ...(required.length === 0
      ? ['- The policy obliges them to nothing; a second factor is worth having all the same.']
      : required.map((method) => `- [ ] ${steps[method]}${hardware(config, tier, method)}`)),
    '',
  ];
}

function hardware(config: Config, tier: Tier, method: MethodId): string {
  return method === 'webauthn' && needsHardware(config, tier)
    ? ' (an attested security key of a known model; nothing else counts)'
    : '';
}

function resetPart(config: Config): readonly string[] {
  const { policy } = config;
  const { reset } = policy.mfa;
  if (!reset.isEnabled) {
    return [
      '## Resetting somebody',
      '',
      'The policy switches resets off (`reset_policy.enabled`).',
      '',
    ];
  }
  const proofing = reset.requiresIdentityProofing
    ? '- [ ] **Check who is asking**, twice and in ways of different kind, neither by a mailbox or phone that may be in other hands (an identity document in person, a call to a number known before). Note kind and reference.'
    : '- [ ] **Check who is asking** (the policy does not insist on it).';
  return [
    '## Resetting somebody',
    '',
    'For whoever lost what they sign in with. Whoever has a recovery code needs no reset.',
    '',
    `- [ ] **Ask** (${listed([...new Set([...policy.roleGroups.admin, ...policy.roleGroups['reset-executor']])])}): reason and ticket.`,
    proofing,
    ...approvalLines(config),
    `- [ ] **Execute** (${listed(policy.roleGroups['reset-executor'])}), within ${formatDuration(resetExpiry(0) / 1000)} of asking: everything that the person has enrolled, and every session, token and stream of theirs, is gone at once.`,
    '- [ ] **Enroll again**: by the one-time link, handed over by a way that is known to be theirs, or with you beside them. Their password alone enrolls nothing.',
    reset.requiresEnrollAfterwards
      ? '- [ ] The person has enrolled again: nothing opens to them before.'
      : '- [ ] The person has enrolled again.',
    '- [ ] Whoever finds a request that nobody they know has asked for rejects it and tells the security owner.',
    '',
    'Nobody resets themselves, and nobody approves what they asked for.',
    '',
  ];
}

function approvalLines({ policy }: Config): readonly string[] {
  const { reset } = policy.mfa;
  if (!reset.requiresApproval)
    return ['- No approval is needed (`reset_policy.requires_approval`).'];
  const managers = listed(policy.roleGroups.manager);
  const owners = listed(policy.roleGroups['security-owner']);
  const two = tiers.filter((tier) => approvalsNeededFor(tier, reset) === 2);
  const one = tiers.filter((tier) => approvalsNeededFor(tier, reset) === 1);
  return [
    `- [ ] **Approve**, for ${two.join(' and ')}: a manager (${managers}) and a security owner (${owners}), two different people.`,
    `- [ ] **Approve**, for ${one.join(' and ')}: one of them.`,
  ];
}

function emergencyPart({ policy, lockout }: Config): readonly string[] {
  const { reset } = policy.mfa;
  return [
    '## When nobody is left who could',
    '',
    ...(reset.isEnabled
      ? [
          '- [ ] On the machine: `sallyport user reset-mfa NAME --reason R --ticket T`. It goes without approval and proof, says so, and is audited as break-glass.',
          '- [ ] Afterwards somebody who was not there looks at the event.',
        ]
      : ['- The policy switches resets off, on the command line too.']),
    `- Paused codes (${String(lockout.failuresMax)} wrong ones within ${formatDuration(lockout.withinSeconds)}) come back by themselves after ${formatDuration(lockout.durationSeconds)}; somebody knows that password: see to a new one.`,
    '',
  ];
}

function trailPart({ policy }: Config): readonly string[] {
  const { audit, reset } = policy.mfa;
  return [
    '## What the audit trail must have afterwards',
    '',
    trailLine(audit.logsEnroll, '`authenticator.enrolled`', 'audit.log_mfa_enroll'),
    trailLine(
      audit.logsRecoveryCodesGenerated,
      '`recovery-codes.generated`, `recovery-codes.confirmed`',
      'audit.log_recovery_codes_generated',
    ),
    trailLine(audit.logsRecoveryCodeUsed, '`recovery-code.used`', 'audit.log_recovery_code_used'),
    trailLine(
      audit.logsReset,
      `\`reset.requested\`, \`reset.approved\`, \`reset.executed\`, of severity ${reset.severity}`,
      'audit.log_mfa_reset',
    ),
    '',
  ];
}

function trailLine(isWritten: boolean, types: string, key: string): string {
  return isWritten
    ? `- ${types}`
    : `- ${types}: **not written**, the policy switches it off (\`${key}\`)`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '*nobody*' : names.map(markdownText).join(', ');
}
