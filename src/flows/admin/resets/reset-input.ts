/** What must be known of a reset before it is asked for: why, where, and who says it is them. */

import type { AccessPolicy } from '../../../core/policy/mfa-policy.ts';
import { type FieldFault, Problem } from '../../../core/problem.ts';
import type { ProofingCheck } from '../../../stores/types/administration.ts';

/** What whoever asks for a reset writes. */
export interface ResetInput {
  readonly reason: string;
  /** Where it was asked for: the number of a ticket. */
  readonly ticket: string;
  /** Checks of who is asking, independent of each other. */
  readonly proofing: readonly ProofingCheck[];
}

/** Longest of each text, in characters. */
export const resetTextMax = { reason: 500, ticket: 100, kind: 60, reference: 200 } as const;

/** So many checks are enough for anybody. */
export const proofingChecksMax = 10;

/** So many checks, each of another kind, where the policy asks for proof of identity. */
const proofingChecksMin = 2;

/**
 * The input with blanks put in order. Throws the problem `validation-failed`, which names every
 * fault, when a text is missing, too long or not printable, or there is too little proof.
 */
export function checkedResetInput(
  input: ResetInput,
  policy: Pick<AccessPolicy, 'mfa'>,
): ResetInput {
  const proofing = input.proofing.map(({ kind, reference }) => ({
    kind: tidied(kind),
    reference: tidied(reference),
  }));
  const tidy = { reason: tidied(input.reason), ticket: tidied(input.ticket), proofing };
  const faults = [
    ...textFaults('reason', '/reason', tidy.reason),
    ...textFaults('ticket', '/ticket', tidy.ticket),
    ...proofing.flatMap(({ kind, reference }, at) => [
      ...textFaults('kind', `/proofing/${String(at)}/kind`, kind),
      ...textFaults('reference', `/proofing/${String(at)}/reference`, reference),
    ]),
    ...proofingFaults(proofing, policy),
  ];
  if (faults.length === 0) return tidy;
  throw new Problem('validation-failed', {
    detail: faults[0]?.detail ?? '',
    members: { errors: faults },
  });
}

/** Why somebody says no, with blanks put in order. Throws as `checkedResetInput` does. */
export function checkedEndReason(reason: string): string {
  const tidy = tidied(reason);
  const errors = textFaults('reason', '/reason', tidy);
  if (errors.length === 0) return tidy;
  throw new Problem('validation-failed', { detail: errors[0]?.detail ?? '', members: { errors } });
}

/** Says whether the checks are as many, and as different, as the policy asks for. */
export function isProofingEnough(
  proofing: readonly ProofingCheck[],
  { mfa }: Pick<AccessPolicy, 'mfa'>,
): boolean {
  if (!mfa.reset.requiresIdentityProofing) return true;
  return new Set(proofing.map(({ kind }) => kindKey(kind))).size >= proofingChecksMin;
}

function proofingFaults(
  proofing: readonly ProofingCheck[],
  policy: Pick<AccessPolicy, 'mfa'>,
): readonly FieldFault[] {
  const pointer = '/proofing';
  if (proofing.length > proofingChecksMax) {
    return [{ pointer, detail: `Give at most ${String(proofingChecksMax)} checks.` }];
  }
  return isProofingEnough(proofing, policy)
    ? []
    : [{ pointer, detail: 'Check who is asking in at least two ways of different kind.' }];
}

/** Line ends and runs of blanks are one blank: a reason may have been typed in lines. */
function tidied(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[ \t\r\n]+/g, ' ')
    .trim();
}

const textNames = {
  reason: 'the reason',
  ticket: 'the ticket',
  kind: 'the kind of each check',
  reference: 'the reference of each check',
} as const;

function textFaults(
  what: keyof typeof textNames,
  pointer: string,
  text: string,
): readonly FieldFault[] {
  const name = textNames[what];
  const charactersMax = resetTextMax[what];
  if (text === '') return [{ pointer, detail: `Fill in ${name}.` }];
  if (Array.from(text).length > charactersMax) {
    return [{ pointer, detail: `Use at most ${String(charactersMax)} characters for ${name}.` }];
  }
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(text)
    ? [{ pointer, detail: `Use printable characters only in ${name}.` }]
    : [];
}

/** `ID document`, `id-document` and `Id_Document` are one kind. */
function kindKey(kind: string): string {
  return kind
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}
