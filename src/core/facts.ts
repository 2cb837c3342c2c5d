/**
 * Facts: everything that a decision may depend on, as plain values.
 *
 * Whatever door a request came through, it becomes these facts. `receive` settles the request's
 * (and is the only place that believes a header), `recall` the session's. There is one path: the
 * one that is matched here is the one that is sent upstream.
 */

import type { RequestId, SessionKey, TenantId, UserId } from './ids.ts';
import type { MethodId, Proof } from './proofs.ts';
import type { EpochMs } from './time.ts';

/** Which door a request came through. */
export type Door = 'http' | 'upgrade' | 'forward-auth' | 'middleware' | 'portal';

/** What is settled about a request before anybody is asked who they are. */
export interface RequestFacts {
  readonly id: RequestId;
  readonly door: Door;
  /** Upper case, as RFC 9110 §9 has it. */
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Host name or address without port, lower case, without trailing dot. IPv6 without brackets. */
  readonly host: string;
  /** Host and port as a browser would put them in an origin. */
  readonly authority: string;
  /** The canonical path (core/path.ts), starting with a slash. */
  readonly path: string;
  /** The query with its question mark, or the empty string; carried, never matched. */
  readonly query: string;
  /** The client's address in canonical form (core/cidr.ts). */
  readonly ip: string;
  readonly userAgent: string;
  /** A browser is going to this page, as opposed to a script or program calling it. */
  readonly isNavigation: boolean;
}

/** Who acts: a person or a service account. */
export interface Principal {
  readonly kind: 'user' | 'service';
  readonly id: UserId;
  /** The name one signs in with; `Remote-User` at the upstream. */
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  readonly tenant: TenantId;
  /** Services: the names of the networks they may come from. People: empty. */
  readonly networks: readonly string[];
  readonly isDisabled: boolean;
}

/** What a live session amounts to, looked up anew for each request. */
export interface SessionFacts {
  readonly key: SessionKey;
  /** The key of the first session of this sign-in; stays the same through every rotation. */
  readonly lineage: SessionKey;
  readonly principal: Principal;
  /**
   * The epoch that this session was made under. A rise in assurance hands it on as it is: when the
   * epoch was raised meanwhile ("sign out everywhere"), the risen session comes out dead.
   */
  readonly sessionEpoch: number;
  readonly proofs: readonly Proof[];
  /** The second factors this person has enrolled and could be asked for. */
  readonly enrolled: readonly MethodId[];
  /** The models (AAGUIDs, lower case) of enrolled passkeys whose attestation was verified. */
  readonly attestedModels: readonly string[];
  /** Unused recovery codes that the person has confirmed to have stored. */
  readonly recoveryCodesLeft: number;
  /** From when on they must have a second factor (core/tenant-rules.ts); null: nothing says so. */
  readonly enrollBy: EpochMs | null;
  /** When they last put off the reminder of that. */
  readonly remindedAt: EpochMs | null;
  readonly createdAt: EpochMs;
  readonly expiresAt: EpochMs;
  /** It is a token, no session: its end, which no use puts off. */
  readonly tokenEndsAt?: EpochMs;
}

/** All that `decide` looks at. */
export interface Facts {
  readonly request: RequestFacts;
  readonly session: SessionFacts | null;
  readonly now: EpochMs;
}
