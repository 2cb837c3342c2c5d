/** Passkeys: the domain that they belong to, and which security keys count. */

import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Portal } from '../../core/locations.ts';
import type { HardwareKeys, MfaPolicy } from '../../core/policy/mfa-policy.ts';
import type { Config } from '../config.ts';
import { certificatesIn } from './certificates.ts';
import type { Draft } from './draft.ts';

const section = ['policy', 'methods', 'webauthn'] as const;

/** Reads `policy.methods.webauthn`. What is wrong is reported; a harmless value stands for it. */
export function compileWebauthn(
  draft: Draft,
  { portal, mfa }: { readonly portal: Portal | null; readonly mfa: MfaPolicy | null },
): Config['webauthn'] & { readonly hardwareKeys: HardwareKeys } {
  const { rpId, hardwareKeys } = draft.written.policy.methods.webauthn;
  const models = hardwareKeys.models.map((model) => model.toLowerCase());
  const attestationRoots = readRoots(draft);
  if (hardwareKeys.tiers.length > 0 && mfa?.methods.webauthn.isEnabled === false) {
    const message = 'a tier must use hardware keys, and the policy file switches webauthn off';
    draft.report([...section, 'hardwareKeys', 'tiers'], message);
  }
  if (hardwareKeys.tiers.length > 0 && (models.length === 0 || attestationRoots.length === 0)) {
    const message =
      'a tier must use hardware keys and none is known; write models and rootsFile beside tiers';
    draft.report([...section, 'hardwareKeys', 'tiers'], message);
  }
  return {
    rpId: checkRpId(draft, rpId, portal),
    attestationRoots,
    hardwareKeys: { tiers: hardwareKeys.tiers, models },
  };
}

/** A browser takes the host of the page or a domain above it (WebAuthn L3 §5.1.3 step 8). */
function checkRpId(draft: Draft, rpId: string | null, portal: Portal | null): string {
  if (portal === null || rpId === null) return portal?.host ?? '';
  if (portal.host === rpId || (rpId.includes('.') && portal.host.endsWith(`.${rpId}`))) return rpId;
  const message = `browsers refuse it on ${portal.host}; write that host or a domain above it`;
  draft.report([...section, 'rpId'], message);
  return portal.host;
}

function readRoots(draft: Draft): readonly string[] {
  const { rootsFile } = draft.written.policy.methods.webauthn.hardwareKeys;
  if (rootsFile === null) return [];
  const at = [...section, 'hardwareKeys', 'rootsFile'];
  let text: string;
  try {
    text = readFileSync(path.resolve(draft.folder, rootsFile), 'utf8');
  } catch {
    draft.report(at, `there is no file ${rootsFile}, or it cannot be read`);
    return [];
  }
  const roots = certificatesIn(text);
  if (roots.length === 0) {
    draft.report(at, `${rootsFile} holds no certificates; write the path of a PEM file`);
    return [];
  }
  return roots;
}
