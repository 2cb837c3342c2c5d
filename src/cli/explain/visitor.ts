/**
 * Who asks, for `explain`: a person from the database, or somebody supposed.
 *
 * Whatever is supposed beyond what was typed or read is said in `assumptions`.
 */

import type { Config } from '../../config/config.ts';
import type { SessionFacts } from '../../core/facts.ts';
import { defaultTenant, type SessionKey, type UserId } from '../../core/ids.ts';
import {
  type AccessPolicy,
  doesModelCount,
  tierOf,
  type Tier,
} from '../../core/policy/mfa-policy.ts';
import type { Proof } from '../../core/proofs.ts';
import { type KeptPerson, sessionFactsOf } from '../../core/session-facts.ts';
import { noTenantRules } from '../../core/tenant-rules.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Stores } from '../../stores/types.ts';
import { CommandFailure } from '../cli.ts';

/** Somebody with a session. */
export interface Visitor {
  readonly session: SessionFacts;
  readonly tier: Tier;
  /** False: only supposed. */
  readonly isKnown: boolean;
  readonly assumptions: readonly string[];
}

/** What visitors depend on. */
export interface VisitorContext {
  readonly config: Config;
  readonly now: EpochMs;
}

/** A person from the database. Fails when there is none of that name. */
export async function knownVisitor(
  ctx: VisitorContext & { readonly stores: Stores },
  username: string,
  typedProofs: readonly Proof[] | null,
): Promise<Visitor> {
  const user = await ctx.stores.users.findByUsername(username);
  const record = user === null ? null : await ctx.stores.users.findPrincipal(user.id, noSession);
  if (record === null) {
    const list = 'sallyport user list --config FILE';
    throw new CommandFailure([`There is no user "${username}". To see all: ${list}`]);
  }
  return visitorOf(ctx, {
    person: record,
    typedProofs,
    isKnown: true,
  });
}

/** Somebody who is in these groups and has enrolled whatever they are supposed to have proved. */
export function supposedVisitor(
  ctx: VisitorContext,
  groups: readonly string[],
  typedProofs: readonly Proof[] | null,
): Visitor {
  return visitorOf(ctx, {
    person: {
      user: {
        kind: 'user',
        id: 'usr_somebody' as UserId,
        username: 'somebody',
        displayName: 'Somebody',
        email: null,
        groups,
        tenant: defaultTenant,
        networks: [],
        isDisabled: false,
        createdAt: ctx.now,
        mustEnrollAt: null,
        remindedAt: null,
      },
      tenantRules: noTenantRules,
      enrolled: [],
      attestedModels: [],
      recoveryCodesLeft: 0,
    },
    typedProofs,
    isKnown: false,
  });
}

const noSession = 'explain' as SessionKey;

interface Description {
  readonly person: KeptPerson;
  readonly typedProofs: readonly Proof[] | null;
  readonly isKnown: boolean;
}

function visitorOf({ config, now }: VisitorContext, described: Description): Visitor {
  const { person, typedProofs, isKnown } = described;
  const principal = person.user;
  const tier = tierOf(principal, config.policy.tiers);
  const who = isKnown ? principal.username : 'somebody';
  // A service proves nothing; it is admitted by name and by where it comes from.
  const usual =
    principal.kind === 'service'
      ? []
      : [{ method: 'password', at: now, origin: 'answer' } as const];
  const typed = typedProofs ?? usual;
  const assumptions: string[] = [];
  if (!isKnown && principal.groups.length === 0) {
    assumptions.push(`somebody in no group asks, of ${tier} (say who with --user or --groups)`);
  }
  if (typedProofs === null && usual.length > 0) {
    assumptions.push('the password was proved just now (say what else with --proofs)');
  }

  const enrollable = ['totp', 'webauthn'] as const;
  const added = enrollable.filter(
    (method) => !person.enrolled.includes(method) && typed.some((proof) => proof.method === method),
  );
  const usesCode = typed.some((proof) => proof.method === 'recovery-code');
  // Whoever enrolls a second factor stores recovery codes in the same go.
  const lacksCodes = person.recoveryCodesLeft === 0 && (added.length > 0 || usesCode);
  if (added.length > 0) assumptions.push(`${who} has enrolled ${added.join(' and ')}`);
  if (lacksCodes) assumptions.push(`${who} has stored recovery codes`);
  const model = modelUsed(config.policy, described, {
    isPasskeySupposed: added.includes('webauthn'),
  });
  if (model !== null) {
    const key = `a security key of the model ${model}`;
    assumptions.push(`webauthn was proved with ${key}, which counts for ${tier}`);
  }
  const proofs = typed.map((proof) =>
    proof.method === 'webauthn' && model !== null ? { ...proof, attestedModel: model } : proof,
  );

  const createdAt = Math.min(now, ...proofs.map((proof) => proof.at));
  const { codesMin } = config.policy.mfa.recoveryCodes;
  const supposed = {
    ...person,
    enrolled: [...person.enrolled, ...added],
    attestedModels: [...new Set([...person.attestedModels, ...(model === null ? [] : [model])])],
    recoveryCodesLeft: lacksCodes ? codesMin : person.recoveryCodesLeft,
  };
  const kept = { key: noSession, lineage: noSession, sessionEpoch: 0, proofs };
  const { absoluteSeconds } = config.sessions;
  const session = sessionFactsOf({ ...kept, createdAt, lastSeenAt: createdAt }, supposed, {
    absoluteSeconds,
    idleSeconds: absoluteSeconds,
  });
  return { session, tier, isKnown, assumptions };
}

/**
 * The model of the security key that a typed `webauthn` stands for, where no other passkey counts:
 * one that the person has, or the first that would do for somebody whose passkey is supposed. Null:
 * any passkey counts, none was typed, or theirs is none that counts.
 */
function modelUsed(
  policy: AccessPolicy,
  { person, typedProofs }: Description,
  { isPasskeySupposed }: { readonly isPasskeySupposed: boolean },
): string | null {
  const isTyped = typedProofs?.some(({ method }) => method === 'webauthn') ?? false;
  if (!isTyped || doesModelCount(person.user, null, policy)) return null;
  const { models } = policy.hardwareKeys;
  const own = person.attestedModels.find((model) => models.includes(model));
  return own ?? (isPasskeySupposed ? models[0] : undefined) ?? null;
}
