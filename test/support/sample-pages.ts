/** Every page in every state that a person can meet, with invented people: for eyes and for axe. */

import { toString } from 'qrcode';

import { problemTypes, type ProblemCode } from '../../src/core/problem.ts';
import type { Words } from '../../src/web/words.ts';
import type {
  AccountPage,
  Alternative,
  FieldError,
  Frame,
  Page,
  ProblemPage,
  StepUpPage,
} from '../../src/web/views.ts';

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
    ...differences,
  };
}

/** The samples, by the name of their file, in the words of a catalogue. */
export async function samplePages(words: Words): Promise<ReadonlyMap<string, SamplePage>> {
  const { say } = words;
  const wrongPassword: FieldError = { field: 'password', message: say('sign-in.wrong') };
  const wrongCode: FieldError = { field: 'code', message: say('code.wrong', { seconds: 30 }) };
  const usedCode: FieldError = { field: 'code', message: say('code.used') };
  const wrongRecovery: FieldError = {
    field: 'recovery_code',
    message: say('recovery-code.wrong'),
  };
  const wrongBoth: FieldError = { field: null, message: say('step-up.wrong') };
  const notStored: FieldError = {
    field: 'stored',
    message: 'Tick the box once you have stored the codes.',
  };
  const locked = say('locked.until', { until: '14:32 (SAST)' });
  const unavailable = say('step-up.unavailable');

  const otpauthUrl = `otpauth://totp/Example%20Corp:anna?secret=${secret}&issuer=Example%20Corp`;
  const qrSvg = await toString(otpauthUrl, { type: 'svg', errorCorrectionLevel: 'M', margin: 4 });
  const samples = new Map<string, SamplePage>();
  const add = (name: string, page: Page, frame: Partial<Frame> = {}): void => {
    samples.set(name, { page, frame: aFrame(frame) });
  };

  const asksToSignIn = { why: say('sign-in.why', { name: 'Admin console' }) };
  add('sign-in', { page: 'sign-in', username: '', errors: [] }, asksToSignIn);
  add(
    'sign-in-wrong',
    { page: 'sign-in', username: 'anna', errors: [wrongPassword] },
    asksToSignIn,
  );
  add('sign-in-plain', { page: 'sign-in', username: '', errors: [] }, nowhere);

  const asksForCode = { signedInAs: anna, why: say('challenge.why', { issuer: 'Example Corp' }) };
  const challenge = { page: 'challenge', digits: 6, periodSeconds: 30, locked: null } as const;
  const codeOther = [useRecoveryCode];
  add('challenge', { ...challenge, errors: [], alternatives: codeOther }, asksForCode);
  add(
    'challenge-wrong',
    { ...challenge, errors: [wrongCode], alternatives: codeOther },
    asksForCode,
  );
  add('challenge-used', { ...challenge, errors: [usedCode], alternatives: codeOther }, asksForCode);
  add('challenge-locked', { ...challenge, locked, errors: [], alternatives: [] }, asksForCode);
  add('challenge-eight', { ...challenge, digits: 8, errors: [], alternatives: [] }, asksForCode);

  const recovery = { page: 'recovery-code', locked: null, alternatives: [useApp] } as const;
  add('recovery-code', { ...recovery, codesLeft: 9, errors: [] }, asksForCode);
  add('recovery-code-wrong', { ...recovery, codesLeft: 1, errors: [wrongRecovery] }, asksForCode);
  add(
    'recovery-code-locked',
    { ...recovery, codesLeft: 1, locked, errors: [], alternatives: [] },
    asksForCode,
  );

  const asksToConfirm = {
    signedInAs: anna,
    why: say('step-up.why-change', { name: 'Admin console' }),
  };
  add('step-up', stepUp({ alternatives: [useRecoveryCode] }), asksToConfirm);
  add('step-up-recovery', stepUp({ method: 'recovery-code' }), asksToConfirm);
  add('step-up-wrong', stepUp({ errors: [wrongBoth] }), asksToConfirm);
  add('step-up-locked', stepUp({ locked }), asksToConfirm);
  add('step-up-unavailable', stepUp({ unavailable, alternatives: [toAccount] }), asksToConfirm);

  const mustEnroll = {
    signedInAs: anna,
    why: say('enroll.why', { issuer: 'Example Corp' }),
  };
  add('enroll', enrollPage(words, 'next', 'later'), mustEnroll);
  add('enroll-half', enrollPage(words, 'done', 'next'), mustEnroll);
  add('enroll-done', enrollPage(words, 'done', 'done'), { ...nowhere, signedInAs: anna });
  add('enroll-stuck', enrollPage(words, 'done', 'done', 'unavailable'), mustEnroll);

  const enrollTotp = {
    page: 'enroll-totp',
    qrSvg,
    secret,
    otpauthUrl,
    account: 'Example Corp: anna',
    digits: 6,
    periodSeconds: 30,
  } as const;
  add('enroll-totp', { ...enrollTotp, errors: [] }, mustEnroll);
  add('enroll-totp-wrong', { ...enrollTotp, errors: [wrongCode] }, mustEnroll);

  const codesPage = {
    page: 'recovery-codes',
    codes: null,
    codesLeft: 10,
    asksForProof: true,
    errors: [],
  } as const;
  const due = { ...codesPage, isConfirmationDue: true, asksForProof: false } as const;
  const settled = { ...codesPage, isConfirmationDue: false } as const;
  add('recovery-codes', { ...due, codes }, { signedInAs: anna });
  add('recovery-codes-due', { ...due, errors: [] }, { signedInAs: anna });
  add('recovery-codes-not-stored', { ...due, errors: [notStored] }, { signedInAs: anna });
  add('recovery-codes-settled', settled, { ...nowhere, signedInAs: anna });
  add('recovery-codes-none', { ...settled, codesLeft: 0 }, { signedInAs: anna });
  add(
    'recovery-codes-wrong',
    { ...settled, codesLeft: 2, errors: [wrongBoth] },
    { ...nowhere, signedInAs: anna },
  );

  const warned = {
    ...accountPage,
    recoveryCodesWarning: words.count('account.few-codes', 2),
    notice: say('account.done.session-ended'),
  };
  add('account', warned, { ...nowhere, signedInAs: anna });
  add(
    'account-new',
    {
      ...accountPage,
      authenticators: [],
      recoveryCodesLeft: 0,
      recoveryCodesWarning: null,
      sessions: accountPage.sessions.slice(0, 1),
      notice: null,
    },
    { ...nowhere, signedInAs: anna },
  );

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
  add('problem-429', problem('too-many-attempts'), lost);
  add('problem-502', problem('upstream-unreachable'), { ...lost, signedInAs: anna });
  add('problem-503', problem('store-unavailable'), lost);
  add('problem-guide', { page: 'problem-guide', ...titled('step-up-required') }, lost);

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

const useRecoveryCode: Alternative = {
  href: '/_mfa/challenge/recovery-code',
  label: 'Use a recovery code',
  icon: 'key',
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
    unavailable: null,
    alternatives: [],
    ...differences,
  };
}

type StepState = 'done' | 'next' | 'later' | 'unavailable';

function enrollPage(
  { say }: Words,
  app: StepState,
  recovery: StepState,
  passkey?: StepState,
): Page {
  const hrefs = ['/_mfa/enroll/totp', '/_mfa/recovery-codes'] as const;
  const href = app === 'next' ? hrefs[0] : recovery === 'next' ? hrefs[1] : null;
  const states = { totp: app, webauthn: passkey, 'recovery-code': recovery };
  const steps = Object.entries(states).flatMap(([method, state]) => {
    if (state === undefined) return [];
    const title = say(`enroll.step.${method}`);
    return [{ title, description: say(`enroll.step.${method}.text`), state, href: null }];
  });
  return { page: 'enroll', steps, nextHref: href };
}

const accountPage = {
  page: 'account',
  user: {
    username: 'anna',
    displayName: 'Anna Adams',
    email: 'anna@example.com',
    groups: ['AI-PLATFORM-ADMINS', 'SEC-OPS'],
    tier: 'TIER0',
  },
  authenticators: [
    {
      name: 'Authenticator app',
      method: 'totp',
      addedAt: '3 Mar 2026, 09:12 (SAST)',
      lastUsedAt: '21 Nov 2026, 14:05 (SAST)',
    },
  ],
  recoveryCodesLeft: 2,
  recoveryCodesWarning: null,
  sessions: [
    {
      key: 'one',
      device: 'Firefox on Linux',
      ip: '10.20.0.14',
      lastSeenAt: '21 Nov 2026, 14:05 (SAST)',
      isThisOne: true,
    },
    {
      key: 'two',
      device: 'Safari on iPhone',
      ip: '2001:db8:e:1a2b:3c4d:5e6f:7081:92a3',
      lastSeenAt: '21 Nov 2026, 08:40 (SAST)',
      isThisOne: false,
    },
    {
      key: 'three',
      device: 'Chrome on Windows',
      ip: '198.51.100.7',
      lastSeenAt: '20 Nov 2026, 17:31 (SAST)',
      isThisOne: false,
    },
  ],
  notice: null,
} as const satisfies AccountPage;

function titled(code: ProblemCode): {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
} {
  return { code, ...problemTypes[code] };
}

function problem(code: ProblemCode, alternatives: readonly Alternative[] = []): ProblemPage {
  return { page: 'problem', ...titled(code), detail: null, alternatives };
}
