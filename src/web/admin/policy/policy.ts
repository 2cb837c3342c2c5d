/** `/admin/policy`: the policy and the routes as the gateway understands them. */

import type { SessionFacts } from '../../../core/facts.ts';
import { permissionsOfRole } from '../../../core/policy/administration.ts';
import type { MfaPolicy } from '../../../core/policy/mfa-policy.ts';
import { formatDuration } from '../../../core/time.ts';
import { effectivePolicy, type EffectivePolicy } from '../../../flows/admin/effective-policy.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import type { Words } from '../../words.ts';
import { administratorOf } from '../administrator.ts';
import type { Fact } from '../blocks.ts';
import { policyRoutes } from './policy-routes.ts';
import type { AdminPolicyPage } from './policy-views.ts';

/** Shows what is in force. */
export async function showPolicy(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { words } = exchange.parts.renderer;
  const { say } = words;
  const policy = await effectivePolicy(exchange.parts.flows, administratorOf(exchange));
  const page: AdminPolicyPage = {
    page: 'admin-policy',
    sentences: sentencesOf(policy, say),
    tiers: tiersOf(policy, say),
    resets: resetsOf(policy.mfa, say),
    roles: policy.roles.map(({ role, groups, people, hasMore }) => ({
      role: say(`admin.role.${role}`),
      may: permissionsOfRole(role)
        .map((permission) => say(`policy.may.${permission}`))
        .join(', '),
      groups: groups.join(', '),
      people: people.map(({ id, username }) => ({ name: username, path: `/admin/users/${id}` })),
      hasMore,
    })),
    administration:
      policy.administrationNetwork === null
        ? say('policy.administration.anywhere')
        : say('policy.administration.network', { network: policy.administrationNetwork }),
    networks: policy.networks.map(({ name, blocks }) => ({
      name,
      blocks: blocks.length === 0 ? say('policy.network.empty') : blocks.join(', '),
    })),
    routes: policyRoutes(policy, words),
  };
  return showPage(page);
}

type Say = Words['say'];

function sentencesOf(policy: EffectivePolicy, say: Say): readonly Fact[] {
  const { mfa, lockout, trustedDevices, risk, sessions, totp } = policy;
  const fact = (name: string, text: string): Fact => ({ term: say(`policy.term.${name}`), text });
  const isOn = (is: boolean, name: string): string => say(`policy.${name}.${is ? 'on' : 'off'}`);
  const lasting = formatDuration;
  return [
    fact('mfa', isOn(mfa.isEnabled, 'mfa')),
    fact(
      'methods',
      [
        ...(policy.passwordLengthMin === null
          ? []
          : [say('policy.methods.password', { length: policy.passwordLengthMin })]),
        ...(mfa.methods.totp.isEnabled
          ? [
              say('policy.methods.totp', {
                digits: totp.digits,
                period: lasting(totp.periodSeconds),
              }),
            ]
          : []),
        ...(mfa.methods.webauthn.isEnabled ? [say('policy.methods.webauthn')] : []),
        ...(mfa.recoveryCodes.isEnabled
          ? [say('policy.methods.codes', { count: mfa.recoveryCodes.codesMin })]
          : []),
      ].join(', '),
    ),
    fact('enforcement', isOn(mfa.enforcement.blocksTokensUntilEnrolled, 'enforcement')),
    fact(
      'console',
      say(`policy.console.${mfa.enforcement.stepsUpForAdminConsole ? 'on' : 'off'}`, {
        within: lasting(policy.stepUpWithinSeconds),
      }),
    ),
    fact(
      'lockout',
      say('policy.lockout', {
        failures: lockout.failuresMax,
        within: lasting(lockout.withinSeconds),
        duration: lasting(lockout.durationSeconds),
      }),
    ),
    fact(
      'trusted',
      trustedDevices.isEnabled && trustedDevices.tiers.length > 0
        ? say('policy.trusted.on', {
            days: lasting(trustedDevices.forSeconds),
            tiers: trustedDevices.tiers.join(', '),
          })
        : say('policy.trusted.off'),
    ),
    fact(
      'risk',
      [
        say(`policy.risk.device.${risk.newDevice}`),
        say(`policy.risk.place.${risk.newLocation}`),
        say(`policy.risk.${risk.hasMap ? 'map' : 'no-map'}`),
      ].join(' '),
    ),
    fact(
      'sessions',
      say('policy.sessions', {
        idle: lasting(sessions.idleSeconds),
        absolute: lasting(sessions.absoluteSeconds),
      }),
    ),
    fact('audit', auditInWords(policy, say)),
    ...(policy.hardwareKeyModels.length === 0
      ? []
      : [fact('hardware', policy.hardwareKeyModels.join(', '))]),
  ];
}

function auditInWords({ mfa, auditsAllowed }: EffectivePolicy, say: Say): string {
  const { logsEnroll, logsReset, logsRecoveryCodesGenerated, logsRecoveryCodeUsed } = mfa.audit;
  const left = [
    ...(logsEnroll ? [] : [say('policy.audit.no-enroll')]),
    ...(logsReset ? [] : [say('policy.audit.no-reset')]),
    ...(logsRecoveryCodesGenerated ? [] : [say('policy.audit.no-codes')]),
    ...(logsRecoveryCodeUsed ? [] : [say('policy.audit.no-code-used')]),
  ];
  return [
    say(`policy.audit.${auditsAllowed ? 'all' : 'denied'}`),
    ...(left.length === 0 ? [] : [say('policy.audit.left-out', { what: left.join(', ') })]),
  ].join(' ');
}

function tiersOf(policy: EffectivePolicy, say: Say): AdminPolicyPage['tiers'] {
  return policy.tiers.map((tier, at) => {
    const isLast = at === policy.tiers.length - 1;
    const groups = tier.groups.join(', ');
    const methods = tier.mustEnroll.map((method) => say(`method.${method}`)).join(', ');
    return {
      tier: tier.tier,
      people: isLast
        ? say(groups === '' ? 'policy.tier.rest' : 'policy.tier.rest-and', { groups })
        : groups === ''
          ? say('policy.tier.nobody')
          : groups,
      mustEnroll:
        methods === ''
          ? say('policy.tier.nothing')
          : tier.mustUseHardwareKey
            ? say('policy.tier.hardware', { methods })
            : methods,
      remembered: say(`policy.tier.${tier.mayBeRemembered ? 'remembered' : 'asked'}`),
    };
  });
}

function resetsOf({ reset }: MfaPolicy, say: Say): readonly string[] {
  if (!reset.isEnabled) return [say('policy.reset.off')];
  return [
    say('policy.reset.roles', { groups: reset.allowedRoles.join(', ') }),
    say(`policy.reset.approval.${reset.requiresApproval ? 'on' : 'off'}`),
    say(`policy.reset.proofing.${reset.requiresIdentityProofing ? 'on' : 'off'}`),
    say(`policy.reset.enroll.${reset.requiresEnrollAfterwards ? 'on' : 'off'}`),
    say('policy.reset.severity', { severity: reset.severity }),
  ];
}
