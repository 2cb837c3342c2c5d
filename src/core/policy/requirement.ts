/** What a rule asks of a session: how strong, how fresh, by which methods. */

import type { MethodId } from '../proofs.ts';

/** What a session's proofs must amount to. */
export interface Requirement {
  /** 1: something was proved; 2: two different factors were. */
  readonly level: 1 | 2;
  /** The proofs that make up the level must be younger than this; null: age does not matter. */
  readonly withinSeconds: number | null;
  /** Only methods that a look-alike site cannot relay count as second factor. */
  readonly isPhishingResistant: boolean;
  /** Second factors that count; null: all of them. */
  readonly methods: readonly MethodId[] | null;
}

/** What a rule asks that says nothing: two factors, at any age. */
export const defaultRequirement: Requirement = {
  level: 2,
  withinSeconds: null,
  isPhishingResistant: false,
  methods: null,
};
