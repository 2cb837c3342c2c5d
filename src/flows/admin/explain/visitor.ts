/**
 * Who asks, for an explanation: a person who is kept, one of their live sessions, or somebody
 * supposed.
 *
 * Whatever is supposed beyond what was written or read is said in `assumptions`.
 */

import type { Config } from '../../../config/config.ts';
import type { SessionFacts } from '../../../core/facts.ts';
import { defaultTenant, type SessionKey, type UserId } from '../../../core/ids.ts';
import {
  type AccessPolicy,
  doesModelCount,
  tierOf,
  type Tier,
} from '../../../core/policy/mfa-policy.ts';
import type { Proof } from '../../../core/proofs.ts';
import { type KeptPerson, sessionFactsOf } from '../../../core/session-facts.ts';
import { noTenantRules } from '../../../core/tenant-rules.ts';
import type { EpochMs } from '../../../core/time.ts';
import type { PrincipalRecord, Session } from '../../../stores/types.ts';

/** Something that was not said and is supposed. */
export interface Assumption {
  readonly about: 'address' | 'person' | 'proofs' | 'enrollment' | 'key-model' | 'role';
  /** Small letters, no full stop: it stands in lists. */
  readonly sentence: string;
}

/** Somebody with a session. */
export interface Visitor {
  readonly session: SessionFacts;
  readonly tier: Tier;
  /** False: only supposed. */
  readonly isKnown: boolean;
  readonly assumptions: readonly Assumption[];
}

/** What visitors depend on. */
export interface VisitorContext {
  readonly config: Pick<Config, 'policy' | 'sessions'>;
  readonly now: EpochMs;
}

/** A person who is kept, with proofs that were written down; null: none were. */
export function knownVisitor(
  ctx: VisitorContext,
  person: PrincipalRecord,
  writtenProofs: readonly Proof[] | null,
): Visitor {
  return visitorOf(ctx, { person, writtenProofs, isKnown: true });
}

/** A person with one of their live sessions: nothing is supposed. */
export function visitorInSession(
  { config }: VisitorContext,
  person: PrincipalRecord,
  session: Session,
): Visitor {
  return {
    session: sessionFactsOf(session, person, config.sessions),
    tier: tierOf(person.user, config.policy.tiers),
    isKnown: true,
    assumptions: [],
  };
}

/** Somebody who is in these groups and has enrolled whatever they are supposed to have proved. */
export function supposedVisitor(
  ctx: VisitorContext,
  groups: readonly string[],
  writtenProofs: readonly Proof[] | null,
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
    writtenProofs,
    isKnown: false,
  });
}

/** Stands for a session that nobody has. */
export const noSession = 'explain' as SessionKey;

interface Description {
  readonly person: KeptPerson;
  readonly writtenProofs: readonly Proof[] | null;
  readonly isKnown: boolean;
}

function visitorOf({ config, now }: VisitorContext, described: Description): Visitor {
  const { person, writtenProofs, isKnown } = described;
  const principal = person.user;
  const tier = tierOf(principal, config.policy.tiers);
  const who = isKnown ? principal.username : 'somebody';
  // A service proves nothing; it is admitted by name and by where it comes from.
  const usual =
    principal.kind === 'service'
      ? []
      : [{ method: 'password', at: now, origin: 'answer' } as const];
  const written = writtenProofs ?? usual;
  const assumptions: Assumption[] = [];
  if (!isKnown && principal.groups.length === 0) {
    assumptions.push({ about: 'person', sentence: `somebody in no group asks, of ${tier}` });
  }
  if (writtenProofs === null && usual.length > 0) {
    assumptions.push({ about: 'proofs', sentence: 'the password was proved just now' });
  }

  const enrollable = ['totp', 'webauthn'] as const;
  const added = enrollable.filter(
    (method) =>
      !person.enrolled.includes(method) && written.some((proof) => proof.method === method),
  );
  const usesCode = written.some((proof) => proof.method === 'recovery-code');
  // Whoever enrolls a second factor stores recovery codes in the same go.
  const lacksCodes = person.recoveryCodesLeft === 0 && (added.length > 0 || usesCode);
  if (added.length > 0) assumptions.push(enrolled(`${who} has enrolled ${added.join(' and ')}`));
  if (lacksCodes) assumptions.push(enrolled(`${who} has stored recovery codes`));
  const model = modelUsed(config.policy, described, {
    isPasskeySupposed: added.includes('webauthn'),
  });
  if (model !== null) {
    const key = `a security key of the model ${model}`;
    const sentence = `webauthn was proved with ${key}, which counts for ${tier}`;
    assumptions.push({ about: 'key-model', sentence });
  }
  const proofs = written.map((proof) =>
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

function enrolled(sentence: string): Assumption {
  return { about: 'enrollment', sentence };
}

/**
 * The model of the security key that a written `webauthn` stands for, where no other passkey
 * counts: one that the person has, or the first that would do for somebody whose passkey is
 * supposed. Null: any passkey counts, none was written, or theirs is none that counts.
 */
function modelUsed(
  policy: AccessPolicy,
  { person, writtenProofs }: Description,
  { isPasskeySupposed }: { readonly isPasskeySupposed: boolean },
): string | null {
  const isWritten = writtenProofs?.some(({ method }) => method === 'webauthn') ?? false;
  if (!isWritten || doesModelCount(person.user, null, policy)) return null;
  const { models } = policy.hardwareKeys;
  const own = person.attestedModels.find((model) => models.includes(model));
  return own ?? (isPasskeySupposed ? models[0] : undefined) ?? null;
}
