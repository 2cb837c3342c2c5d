/** Every page in every state that a person can meet, with invented people: for eyes and for axe. */

import { toString } from 'qrcode';

import { problemTypes, type ProblemCode } from '../../src/core/problem.ts';
import type { Words } from '../../src/web/words.ts';
import type {
  Alternative,
  EnrollPage,
  FieldError,
  Frame,
  Page,
  ProblemPage,
  StepUpPage,
} from '../../src/web/views.ts';

import { guideOf } from '../../src/web/api/guide.ts';
import { openApiDocument } from '../../src/web/api/openapi.ts';
import { operations } from '../../src/web/api/operations.ts';
import { callersIn } from '../../src/web/pages/openapi.ts';
import { aConfig } from './a-config.ts';
import { sampleAccountPages } from './sample-accounts.ts';
import { anAdminFrame, sampleAdminPages } from './sample-admin.ts';

/** A page and what stands around it. */
export interface SamplePage {
  readonly page: Page;
  readonly frame: Frame;
}

/** A frame of somebody on the way to the admin console; a test names what matters. */
export function aFrame(differences: Partial<Frame> = {}): Frame {
  return {
    issuer: 'Example Corp',
    basePath: '/_mfa',
    nonce: 'c2FtcGxlLW5vbmNl',
    csrf: 'sample-csrf-token',
    returnTo: 'https://console.example.com/admin/users/7?tab=groups',
    destination: { name: 'Admin console', path: '/admin/users/7?tab=groups' },
    signedInAs: null,
    why: null,
    requestId: 'req_01jd7qk3v8e6m2p9w4x5y0z1ab',
    graceBanner: null,
    accent: null,
    admin: null,
    ...differences,
  };
}

function anApiGuide(words: Words): Page {
  const { portal } = aConfig();
  const groups = guideOf(openApiDocument(operations, { portal }));
  return {
    page: 'api-guide',
    base: `${portal.url}/api/v1`,
    documentHref: '/_mfa/api/openapi.json',
    problemHref: '/_mfa/problems/',
    tokenMinutes: 20,
    callers: callersIn(groups, words),
    groups,
  };
}

/** The samples, by the name of their file, in the words of a catalogue. */
export async function samplePages(words: Words): Promise<ReadonlyMap<string, SamplePage>> {
  const { say } = words;
  const wrongPassword: FieldError = { field: 'password', message: say('sign-in.wrong') };
  const wrongCode: FieldError = { field: 'code', message: say('code.wrong', { seconds: 30 }) };
  const usedCode: FieldError = { field: 'code', message: say('code.used', { seconds: 30 }) };
  const wrongRecovery: FieldError = {
    field: 'recovery_code',
    message: say('recovery-code.wrong'),
  };
  const wrongBoth: FieldError = { field: null, message: say('step-up.wrong') };
  const notStored: FieldError = {
    field: 'stored',
    message: 'Tick the box once you have stored the codes.',
  };
  const until = say('locked.until', { until: '14:32 (SAST)' });
  const notYou = say('locked.not-you', { issuer: 'Example Corp' });
  const locked = `${until} ${say('locked.come-back')} ${notYou}`;

  const otpauthUrl = `otpauth://totp/Example%20Corp:anna?secret=${secret}&issuer=Example%20Corp`;
  const qrSvg = await toString(otpauthUrl, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 });
  const samples = new Map<string, SamplePage>();
  const add = (name: string, page: Page, frame: Partial<Frame> = {}): void => {
    samples.set(name, { page, frame: aFrame(frame) });
  };

  const asksToSignIn = { why: say('sign-in.why', { name: 'Admin console' }) };
  const signIn = { page: 'sign-in', username: '', passkeyOptions } as const;
  add('sign-in', { ...signIn, errors: [] }, asksToSignIn);
  add('sign-in-wrong', { ...signIn, username: 'anna', errors: [wrongPassword] }, asksToSignIn);
  const refusedAtSignIn = { field: null, message: say('sign-in.passkey-refused') } as const;
  add('sign-in-passkey-refused', { ...signIn, errors: [refusedAtSignIn] }, asksToSignIn);
  add('sign-in-plain', { ...signIn, passkeyOptions: null, errors: [] }, nowhere);

  const asksForCode = { signedInAs: anna, why: say('challenge.why', { issuer: 'Example Corp' }) };
  const trustOffer = { label: words.count('challenge.trust-days', 30), isTicked: false };
  const untrusted = { locked: null, trustOffer: null } as const;
  const challenge = { page: 'challenge', digits: 6, periodSeconds: 30, ...untrusted } as const;
  const codeOther = [usePasskey, useRecoveryCode];
  add('challenge', { ...challenge, errors: [], alternatives: codeOther }, asksForCode);
  add(
    'challenge-wrong',
    { ...challenge, errors: [wrongCode], alternatives: codeOther },
    asksForCode,
  );
  add('challenge-used', { ...challenge, errors: [usedCode], alternatives: codeOther }, asksForCode);
  add(
    'challenge-locked',
    { ...challenge, locked, errors: [], alternatives: [] },
    { signedInAs: anna },
  );
  add(
    'challenge-trust',
    { ...challenge, trustOffer, errors: [wrongCode], alternatives: codeOther },
    asksForCode,
  );
  add('challenge-eight', { ...challenge, digits: 8, errors: [], alternatives: [] }, asksForCode);

  const passkeyChallenge = {
    page: 'challenge-passkey',
    passkeyOptions,
    ...untrusted,
    alternatives: [useOtherApp, useRecoveryCode],
  } as const;
  const refusedPasskey = { field: null, message: say('passkey.refused') } as const;
  add('challenge-passkey', { ...passkeyChallenge, errors: [] }, asksForCode);
  add('challenge-passkey-trust', { ...passkeyChallenge, trustOffer, errors: [] }, asksForCode);
  add('challenge-passkey-refused', { ...passkeyChallenge, errors: [refusedPasskey] }, asksForCode);
  add(
    'challenge-passkey-locked',
    {
      ...passkeyChallenge,
      locked: `${until} ${say('locked.passkey')}`,
      errors: [],
      alternatives: [],
    },
    asksForCode,
  );

  const recovery = { page: 'recovery-code', locked: null, alternatives: [useApp] } as const;
  add('recovery-code', { ...recovery, codesLeft: 9, errors: [] }, asksForCode);
  add('recovery-code-wrong', { ...recovery, codesLeft: 1, errors: [wrongRecovery] }, asksForCode);
  add(
    'recovery-code-locked',
    { ...recovery, codesLeft: 1, locked, errors: [], alternatives: [] },
    { signedInAs: anna },
  );
  const whatIsLost = {
    page: 'lost-authenticator',
    goOnHref: 'https://console.example.com/admin/users/7?tab=groups',
  } as const;
  const lostPhone = {
    name: 'Work phone',
    method: 'totp',
    lastUsedAt: '20 Nov 2026, 08:12 (SAST)',
    canReplace: true,
    href: '/_mfa/enroll/totp?return_to=%2F_mfa%2Faccount%2Fauthenticators%2Fath_1',
  } as const;
  const lostKey = {
    name: 'Blue YubiKey from the drawer in the office with a rather long name',
    method: 'webauthn',
    lastUsedAt: null,
    canReplace: false,
    href: '/_mfa/account/authenticators/ath_2',
  } as const;
  const asksWhatIsLost = { signedInAs: anna };
  add(
    'lost-authenticator',
    { ...whatIsLost, authenticators: [lostPhone], fewCodes: null },
    asksWhatIsLost,
  );
  const fewCodes = words.count('lost-authenticator.few-codes', 1);
  add(
    'lost-authenticator-few',
    { ...whatIsLost, authenticators: [lostPhone, lostKey], fewCodes },
    asksWhatIsLost,
  );

  const asksToConfirm = {
    signedInAs: anna,
    why: say('step-up.why-change', { name: 'Admin console' }),
  };
  add('step-up', stepUp({ alternatives: [useRecoveryCode] }), asksToConfirm);
  add('step-up-recovery', stepUp({ method: 'recovery-code' }), asksToConfirm);
  add('step-up-wrong', stepUp({ errors: [wrongBoth] }), asksToConfirm);
  add('step-up-locked', stepUp({ locked }), { signedInAs: anna });
  const passkeyStepUp = {
    page: 'step-up-passkey',
    passkeyOptions,
    asksForPassword: false,
    locked: null,
    errors: [],
    alternatives: [useOtherApp, useRecoveryCode],
  } as const;
  const wrongPasskey = { field: null, message: say('step-up-passkey.wrong') } as const;
  add('step-up-passkey', passkeyStepUp, asksToConfirm);
  add('step-up-passkey-password', { ...passkeyStepUp, asksForPassword: true }, asksToConfirm);
  add(
    'step-up-passkey-wrong',
    { ...passkeyStepUp, asksForPassword: true, errors: [wrongPasskey] },
    asksToConfirm,
  );

  const mustEnroll = {
    signedInAs: anna,
    why: say('enroll.why', { issuer: 'Example Corp' }),
  };
  add('enroll', enrollPage(words, { totp: 'next', webauthn: 'later', codes: 'later' }), mustEnroll);
  add(
    'enroll-half',
    enrollPage(words, { totp: 'done', webauthn: 'next', codes: 'done' }),
    mustEnroll,
  );
  const codesNext = enrollPage(words, { totp: 'next', codes: 'later' });
  add('enroll-either', { ...codesNext, alternatives: [enrollPasskeyInstead] }, mustEnroll);
  const done = enrollPage(words, { totp: 'done', codes: 'done' });
  add('enroll-done', done, { ...nowhere, signedInAs: anna });
  const stuck = { totp: 'done', webauthn: 'unavailable', codes: 'done' } as const;
  add('enroll-stuck', enrollPage(words, stuck), mustEnroll);

  add('enroll-guarded', { page: 'enroll-guarded' }, { signedInAs: anna });
  const link = { action: '/link/secret', until: '25 Nov 2026, 14:32 (SAST)', errors: [] } as const;
  const invitation = { ...link, page: 'link-invitation', username: 'anna', lengthMin: 12 } as const;
  const enrollAgain = { ...link, page: 'link-enroll-again', username: '' } as const;
  const wrongLink = { field: 'password', message: say('link.wrong') } as const;
  const differ = { field: 'new_password_again', message: say('password.differ') } as const;
  add('link-invitation', invitation, nowhere);
  add('link-invitation-wrong', { ...invitation, errors: [differ] }, nowhere);
  add('link-enroll-again', enrollAgain, nowhere);
  const again = { ...enrollAgain, username: 'anna', errors: [wrongLink] };
  add('link-enroll-again-wrong', again, nowhere);
  add('link-dead', { page: 'link-dead' }, nowhere);

  const enrollTotp = {
    page: 'enroll-totp',
    qrSvg,
    secret,
    otpauthUrl,
    account: 'Example Corp: anna',
    digits: 6,
    periodSeconds: 30,
    name: null,
    back: toOverview,
  } as const;
  add('enroll-totp', { ...enrollTotp, errors: [] }, mustEnroll);
  add('enroll-totp-second', { ...enrollTotp, name: 'Authenticator app 2', errors: [] }, mustEnroll);
  add('enroll-totp-wrong', { ...enrollTotp, errors: [wrongCode] }, mustEnroll);

  const enrollPasskey = {
    page: 'enroll-passkey',
    passkeyOptions,
    name: 'Windows computer',
    isHardwareNeeded: false,
    unavailable: null,
    back: toOverview,
    errors: [],
  } as const;
  const noName = { field: 'name', message: say('enroll-passkey.name-missing') } as const;
  const notApproved = {
    field: null,
    message: say('enroll-passkey.not-approved', { issuer: 'Example Corp' }),
  } as const;
  const noDomain = say('enroll.step.webauthn.no-domain', { host: '10.20.0.5' });
  add('enroll-passkey', enrollPasskey, mustEnroll);
  add('enroll-passkey-nameless', { ...enrollPasskey, name: '', errors: [noName] }, mustEnroll);
  add(
    'enroll-passkey-hardware',
    { ...enrollPasskey, name: 'Security key', isHardwareNeeded: true, errors: [notApproved] },
    mustEnroll,
  );
  add(
    'enroll-passkey-no-domain',
    { ...enrollPasskey, unavailable: noDomain },
    { signedInAs: anna },
  );

  const codesPage = {
    page: 'recovery-codes',
    codes: null,
    codesLeft: 10,
    asksForProof: true,
    asksForCode: true,
    confirmHref: null,
    errors: [],
  } as const;
  const due = {
    ...codesPage,
    isConfirmationDue: true,
    asksForProof: false,
    asksForCode: false,
  } as const;
  const settled = { ...codesPage, isConfirmationDue: false } as const;
  add('recovery-codes', { ...due, codes }, { signedInAs: anna });
  add('recovery-codes-due', { ...due, errors: [] }, { signedInAs: anna });
  add('recovery-codes-not-stored', { ...due, errors: [notStored] }, { signedInAs: anna });
  add('recovery-codes-settled', settled, { ...nowhere, signedInAs: anna });
  add(
    'recovery-codes-passkey',
    { ...settled, confirmHref: '/_mfa/step-up' },
    { ...nowhere, signedInAs: anna },
  );
  add('recovery-codes-none', { ...settled, codesLeft: 0 }, { signedInAs: anna });
  add(
    'recovery-codes-wrong',
    { ...settled, codesLeft: 2, errors: [wrongBoth] },
    { ...nowhere, signedInAs: anna },
  );

  for (const [name, page] of sampleAccountPages(words)) {
    add(name, page, { ...nowhere, signedInAs: anna });
  }

  for (const [name, { section, page }] of sampleAdminPages(words)) {
    const admin = anAdminFrame(words, { section });
    add(name, page, { ...nowhere, signedInAs: anna, admin });
  }

  const graceBanner = words.count('grace.days', 5, { until: 'Fri 27 Nov, 17:00 SAST' });
  const enrollHref = '/_mfa/enroll';
  add('reminder', { page: 'reminder', left: graceBanner, enrollHref }, { signedInAs: anna });
  const lastHour = words.count('grace.hours', 0, { until: 'Fri 27 Nov, 17:00 SAST' });
  add(
    'sign-out-in-grace',
    { page: 'sign-out', isDone: false },
    { signedInAs: anna, graceBanner: lastHour },
  );
  add('sign-out', { page: 'sign-out', isDone: false }, { ...nowhere, signedInAs: anna });
  add('sign-out-done', { page: 'sign-out', isDone: true }, nowhere);

  const lost = { ...nowhere, returnTo: '' };
  add('problem-400', problem('invalid-request-target'), lost);
  add('problem-network', problem('network-not-allowed'), lost);
  add('problem-not-admitted', problem('not-admitted', [toAccount]), { ...lost, signedInAs: anna });
  add('problem-404', problem('no-route', [toAccount]), { ...lost, signedInAs: anna });
  add('problem-expired', problem('form-expired', [startAgain]), lost);
  add(
    'problem-429',
    { ...problem('too-many-attempts'), wait: words.count('problem.wait.seconds', 45) },
    lost,
  );
  add('problem-502', problem('upstream-unreachable'), { ...lost, signedInAs: anna });
  add('problem-503', problem('store-unavailable'), lost);
  add('problem-guide', { page: 'problem-guide', ...titled('step-up-required') }, lost);
  add('api-guide', anApiGuide(words), lost);

  const long = 'dr-annabel-konstantinopoulou-van-der-westhuizen@research.example.com';
  const path = `/admin/${'organisational-units/'.repeat(6)}members?filter=${'a'.repeat(80)}`;
  add(
    'long-words',
    { ...challenge, errors: [wrongCode], alternatives: codeOther },
    {
      ...asksForCode,
      signedInAs: { username: long, displayName: long },
      destination: { name: 'Research Data Management Console', path },
    },
  );
  add(
    'accent',
    { ...challenge, errors: [], alternatives: codeOther },
    { ...asksForCode, issuer: 'Fynbos Bank', accent: '#0b7a4b' },
  );
  return samples;
}

const anna = { username: 'anna', displayName: 'Anna Adams' };
const nowhere = { destination: null, returnTo: '' };
/** What a browser could be asked; nobody answers in a sample. */
const passkeyOptions = JSON.stringify({
  rp: { id: 'localhost', name: 'Example Corp' },
  user: { id: 'YW5uYQ', name: 'anna', displayName: 'Anna Adams' },
  challenge: 'c2FtcGxlLWNoYWxsZW5nZQ',
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
});
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const codes = [
  '7QZ3-VK8M-2PDX-9WTR-4HZK-QX2M',
  'B3NF-8VGC-YE5K-2QAM-T6RW-J4XS',
  'PM9D-7RHC-2CZK-5KVB-N8GQ-3FEW',
  'W9DP-Y3TM-6XRA-8JSQ-4AEK-7HNK',
  'V2BC-5ZGF-8S0M-3QWJ-D6YP-9MTX',
  'X5GA-9ZRH-K40V-2CNM-3YTB-6BEF',
  'W7QD-8PXZ-7JKC-2VCS-H5NG-4RVA',
  '1MTE-X0KD-93GB-PZ6S-YQ7C-HN2V',
  'K8W4-RDJ5-VT0A-6FXM-2GBN-E9ZP',
  'C3HS-Q7YK-5N8R-WJ1D-A4VT-0MGX',
];

const toOverview: Alternative = {
  href: '/_mfa/enroll',
  label: 'Back to the overview',
  icon: 'arrow-left',
};
const useRecoveryCode: Alternative = {
  href: '/_mfa/challenge/recovery-code',
  label: 'Use a recovery code',
  icon: 'key',
};
const usePasskey: Alternative = {
  href: '/_mfa/challenge',
  label: 'Use a passkey instead',
  icon: 'passkey',
};
const useOtherApp: Alternative = {
  href: '/_mfa/challenge?method=totp',
  label: 'Use your authenticator app',
  icon: 'phone',
};
const enrollPasskeyInstead: Alternative = {
  href: '/_mfa/enroll/passkey',
  label: 'Use a passkey instead',
  icon: 'passkey',
};
const useApp: Alternative = {
  href: '/_mfa/challenge',
  label: 'Use your authenticator app',
  icon: 'phone',
};
const toAccount: Alternative = {
  href: '/_mfa/account',
  label: 'Go to your account',
  icon: 'arrow-right',
};
const startAgain: Alternative = { href: '/_mfa/sign-in', label: 'Start again', icon: 'refresh' };

function stepUp(differences: Partial<StepUpPage>): StepUpPage {
  return {
    page: 'step-up',
    method: 'totp',
    digits: 6,
    periodSeconds: 30,
    errors: [],
    locked: null,
    alternatives: [],
    ...differences,
  };
}

type StepState = 'done' | 'next' | 'later' | 'unavailable';

function enrollPage(
  { say }: Words,
  states: {
    readonly totp: StepState;
    readonly webauthn?: StepState;
    readonly codes: StepState;
  },
): EnrollPage {
  const hrefs = {
    totp: '/_mfa/enroll/totp',
    webauthn: '/_mfa/enroll/passkey',
    'recovery-code': '/_mfa/recovery-codes',
  };
  const { totp, webauthn, codes: recovery } = states;
  const steps = Object.entries({ totp, 'recovery-code': recovery, webauthn }).flatMap(
    ([method, state]) => {
      if (state === undefined) return [];
      const isStuck = state === 'unavailable';
      const description = isStuck
        ? say('enroll.step.webauthn.no-domain', { host: '10.20.0.5' })
        : say(`enroll.step.${method}.text`);
      const href = state === 'next' ? hrefs[method as keyof typeof hrefs] : null;
      return [{ title: say(`enroll.step.${method}`), description, state, href }];
    },
  );
  const nextHref = steps.find(({ state }) => state === 'next')?.href ?? null;
  return { page: 'enroll', steps, nextHref, alternatives: [] };
}

function titled(code: ProblemCode): {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
} {
  return { code, ...problemTypes[code] };
}

function problem(code: ProblemCode, alternatives: readonly Alternative[] = []): ProblemPage {
  return { page: 'problem', ...titled(code), detail: null, wait: null, alternatives };
}
