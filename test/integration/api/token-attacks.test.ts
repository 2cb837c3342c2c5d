/**
 * Tokens under attack (ASVS 5.0 §9; RFC 8725). Holds G5, G6 and G10 for tokens, and the faults that
 * ZITADEL, Pomerium and Keycloak had: a token of another kind, for another audience, cut short,
 * used twice, or good after the reason for it was gone.
 */

import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, type JsonWebKey, sign } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type CryptoKey, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import { signingKeyRow } from '../../../src/core/sealed-rows.ts';
import { resetMfa, setDisabled, setPassword } from '../../../src/flows/admin/users.ts';
import { endOtherSessions, signOutEverywhere } from '../../../src/flows/sessions.ts';
import { createRecallToken } from '../../../src/gateway/recall-token.ts';
import { createSigner } from '../../../src/platform/signing.ts';
import { StoreUnavailable } from '../../../src/stores/types.ts';
import { type ApiPerson, callApi, enrollOverApi, freshToken } from '../../support/api-client.ts';
import { codeAt } from '../../support/authenticator-app.ts';
import { visit } from '../../support/flow-world.ts';
import { startPortal, type TestPortal } from '../../support/start-portal.ts';

type Json = Record<string, unknown>;

let portal: TestPortal;
let anna: ApiPerson;
let token: string;
let people = 0;

before(async () => {
  portal = await startPortal();
});
after(async () => {
  await portal.stop();
});

/** Somebody new for each test: most end with their tokens dead. */
beforeEach(async () => {
  people += 1;
  const person = await portal.addPerson(`anna-${String(people)}`, ['SEC-OPS']);
  anna = await enrollOverApi(portal.visitor(), portal.clock, person);
  token = await freshToken(portal.visitor(), portal.clock, anna);
});

const call = async (bearer: string) => callApi(portal.visitor(), 'GET /mfa', { token: bearer });

async function assertDead(bearer: string, why: string): Promise<void> {
  const { status, code, headers } = await call(bearer);
  assert.deepEqual([status, code], [401, 'invalid-token'], why);
  assert.equal(headers['www-authenticate'], 'Bearer error="invalid_token"', why);
}

const part = (json: Json): string => Buffer.from(JSON.stringify(json)).toString('base64url');

/** Our own private key, as somebody would need who wants to sign like us. */
async function ourKey() {
  const { stores, sealer } = portal.flows;
  const [newest] = await stores.signingKeys.list();
  assert.ok(newest !== undefined);
  const jwk = sealer.unseal(newest.sealedPrivateJwk, signingKeyRow(newest.kid)).toString();
  const key = createPrivateKey({ key: JSON.parse(jwk) as JsonWebKey, format: 'jwk' });
  return { kid: newest.kid, publicJwk: JSON.parse(newest.publicJwk) as Json, key };
}

/** A token like the one at hand, with other members in header and claims, truly signed by us. */
async function signedByUs(changes: { readonly header?: Json; readonly claims?: Json }) {
  const header = part({ ...decodeProtectedHeader(token), ...changes.header });
  const body = part({ ...decodeJwt(token), ...changes.claims });
  const { key } = await ourKey();
  const input = `${header}.${body}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

describe('a token that was not made by us like this', () => {
  test('holds when nothing about it was changed: what is refused below is what was changed', async () => {
    assert.equal((await call(await signedByUs({}))).status, 200);
  });

  test('is refused without a signature, or by another algorithm', async () => {
    const [header = '', body = '', signature = ''] = token.split('.');
    const { publicJwk } = await ourKey();
    const head = decodeProtectedHeader(token);
    const publicText = JSON.stringify(publicJwk);
    const hs256 = part({ ...head, alg: 'HS256' });
    const mac = createHmac('sha256', publicText).update(`${hs256}.${body}`).digest('base64url');
    const attempts = {
      'alg none': `${part({ ...head, alg: 'none' })}.${body}.`,
      'alg None': `${part({ ...head, alg: 'None' })}.${body}.${signature}`,
      'HS256 with the public key': `${hs256}.${body}.${mac}`,
      'no signature': `${header}.${body}.`,
      'two parts': `${header}.${body}`,
      'a zero signature': `${header}.${body}.${Buffer.alloc(64).toString('base64url')}`,
      'the same signature in DER': await inDer(header, body),
      ES384: `${part({ ...head, alg: 'ES384' })}.${body}.${signature}`,
    };
    for (const [why, attempt] of Object.entries(attempts)) await assertDead(attempt, why);
  });

  test('is refused when cut short, stretched or altered anywhere', async () => {
    const [header = '', body = '', signature = ''] = token.split('.');
    const otherBody = part({ ...decodeJwt(token), groups: ['AI-PLATFORM-ADMINS'] });
    const attempts = [
      token.slice(0, -1),
      token.slice(0, -8),
      `${token}A`,
      `${token}.x`,
      `${header}.${otherBody}.${signature}`,
      `${header}.${body}.${signature.slice(0, 43)}`,
      `${header}..${signature}`,
      `${header}.${body}=.${signature}`,
    ];
    for (const attempt of attempts) {
      const { status, code } = await call(attempt);
      assert.deepEqual([status, code], [401, 'invalid-token'], attempt.slice(-20));
    }
  });

  test('is refused under a key of somebody else, whatever its header offers', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const head = decodeProtectedHeader(token);
    const [, body = ''] = token.split('.');
    const headers: Readonly<Record<string, Json>> = {
      'our kid': { ...head },
      'another kid': { ...head, kid: 'elsewhere' },
      'no kid': { ...head, kid: undefined },
      'a key in the header': { ...head, jwk },
      'an address of keys': { ...head, jku: 'https://evil.example/jwks.json' },
      'a certificate': { ...head, x5u: 'https://evil.example/cert.pem' },
      'a critical extension': { ...head, crit: ['b64'], b64: true },
    };
    for (const [why, header] of Object.entries(headers)) {
      const input = `${part(header)}.${body}`;
      const key = { key: await keyObject(privateKey), dsaEncoding: 'ieee-p1363' as const };
      const signature = sign('sha256', Buffer.from(input), key).toString('base64url');
      await assertDead(`${input}.${signature}`, why);
    }
    for (const header of [{ jwk }, { jku: 'https://evil.example' }, { kid: 'elsewhere' }]) {
      await assertDead(await signedByUs({ header }), 'even truly signed');
    }
  });
});

describe('a token of ours', () => {
  test('is for one purpose, one audience and one issuer', async () => {
    const url = portal.config.portal.url;
    const attempts: Readonly<Record<string, { readonly header?: Json; readonly claims?: Json }>> = {
      'another type': { header: { typ: 'JWT' } },
      'the type of an assertion': { header: { typ: 'sallyport-assertion+jwt' } },
      'the type of an mfa token': { header: { typ: 'sallyport-mfa+jwt' } },
      'no type': { header: { typ: undefined } },
      'another audience': { claims: { aud: 'admin-console' } },
      'the audience of an mfa token': { claims: { aud: `${url}/api/v1/auth/mfa` } },
      'no audience': { claims: { aud: undefined } },
      'another issuer': { claims: { iss: 'https://evil.example' } },
      'an issuer that begins like ours': { claims: { iss: `${url}.evil.example` } },
      'no scope for the API': { claims: { scope: 'routes' } },
      nobody: { claims: { sub: 'usr_nobody' } },
    };
    for (const [why, attempt] of Object.entries(attempts)) {
      await assertDead(await signedByUs(attempt), why);
    }
  });

  test('that is an assertion to an upstream, an mfa or an enrollment token is no access token', async () => {
    const { stores, sealer } = portal.flows;
    const signer = await createSigner({ clock: portal.clock, keys: stores.signingKeys, sealer });
    const claims = decodeJwt(token) as unknown as Parameters<typeof signer.sign>[0];
    const assertion = await signer.sign({ ...claims, aud: portal.config.portal.url });
    await assertDead(assertion, 'an assertion, even for the right audience');

    const { username, password } = anna;
    const half = await callApi(portal.visitor(), 'POST /auth/login', {
      body: { username, password },
    });
    await assertDead(half.body.mfa_token, 'an mfa token');
    const answer = { mfa_token: token, code: '123456' };
    const asMfa = await callApi(portal.visitor(), 'POST /auth/mfa', { body: answer });
    assert.equal(asMfa.code, 'invalid-token', 'an access token as mfa token');
    const setUp = await callApi(portal.visitor(), 'POST /mfa/setup', {
      token: half.body.mfa_token,
    });
    assert.equal(setUp.code, 'invalid-token', 'an mfa token for enrolling');

    const eva = await portal.addPerson(`eva-${String(people)}`, ['SEC-OPS']);
    const refused = await callApi(portal.visitor(), 'POST /auth/login', { body: eva });
    const enrollment = refused.body.enrollment_token;
    await assertDead(enrollment, 'an enrollment token');
    const logOut = await callApi(portal.visitor(), 'POST /auth/logout', { token: enrollment });
    assert.equal(logOut.code, 'invalid-token');
  });

  test('ends to the second, and does not begin before its time, but for clocks that differ (F35)', async () => {
    portal.clock.advance(1199);
    assert.equal((await call(token)).status, 200);
    portal.clock.advance(1);
    await assertDead(token, 'at its end');

    const now = Math.floor(portal.clock.now() / 1000);
    const lively = { iat: now, nbf: now, exp: now + 600 };
    assert.equal((await call(await signedByUs({ claims: lively }))).status, 200);
    const minuteAhead = { iat: now + 59, nbf: now + 59, exp: now + 600 };
    assert.equal((await call(await signedByUs({ claims: minuteAhead }))).status, 200);
    const later = { iat: now, nbf: now + 120, exp: now + 600 };
    await assertDead(await signedByUs({ claims: later }), 'nbf ahead');
    const ahead = { iat: now + 120, nbf: now, exp: now + 600 };
    await assertDead(await signedByUs({ claims: ahead }), 'iat ahead');
    const endless = { ...lively, exp: undefined };
    await assertDead(await signedByUs({ claims: endless }), 'no end');
  });

  test('made before the clock went back does not come back to life (F33)', async () => {
    const made = portal.clock.now();
    portal.clock.advance(-3600);
    await assertDead(token, 'from the future');
    portal.clock.set(made);
    assert.equal((await call(token)).status, 200);
  });

  test('is worth what its proofs are worth when it is used, and no more', async () => {
    portal.clock.advance(601);
    const setUp = await callApi(portal.visitor(), 'POST /mfa/setup', { token });
    assert.deepEqual([setUp.status, setUp.code], [401, 'step-up-required']);
    assert.match(
      String(setUp.headers['www-authenticate']),
      /^Bearer error="insufficient_user_authentication", acr_values="aal2", max_age="600"$/,
    );
    assert.equal(setUp.body['step_up_url'], `${portal.config.portal.url}/step-up`);
  });
});

describe('a token dies', () => {
  const deaths: Readonly<Record<string, () => Promise<unknown>>> = {
    'with a reset': async () => {
      const { username } = anna;
      assert.ok((await resetMfa(portal.flows, { username, reason: 'lost', ticket: 'T-1' })).ok);
    },
    'with a new password': async () => {
      const password = 'harbour-linen-fig-22';
      assert.ok((await setPassword(portal.flows, { username: anna.username, password })).ok);
    },
    'with signing out everywhere': async () => {
      await signOutEverywhere(portal.flows, visit(), (await holder()).session);
    },
    'with ending all other sessions': async () => {
      await endOtherSessions(portal.flows, visit(), (await holder()).session);
    },
    'with its own sign-out': async () => {
      assert.equal((await callApi(portal.visitor(), 'POST /auth/logout', { token })).status, 200);
    },
    'with switching the second step off': async () => {
      const eased = await portal.flows.stores.users.findByUsername(anna.username);
      await portal.flows.stores.users.setGroups(eased?.id ?? assert.fail(), []);
      portal.clock.advance(30);
      const code = codeAt(anna.secret, portal.clock.now());
      const body = { password: anna.password, code };
      const answer = await callApi(portal.visitor(), 'DELETE /mfa', { token, body });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.equal((await call(answer.body.token)).body['recovery_codes_left'], 0);
    },
  };
  for (const [how, happens] of Object.entries(deaths)) {
    test(how, async () => {
      assert.equal((await call(token)).status, 200);
      await happens();
      await assertDead(token, how);
    });
  }

  test('with the account: it is told that it is disabled, or nothing', async () => {
    await setDisabled(portal.flows, { username: anna.username, isDisabled: true });
    const { status, code } = await call(token);
    assert.ok(status === 401 || status === 403);
    assert.ok(code === 'invalid-token' || code === 'account-disabled');
  });

  test('alone: another sign-in of the same person goes on', async () => {
    const other = await freshToken(portal.visitor(), portal.clock, anna);
    await callApi(portal.visitor(), 'POST /auth/logout', { token });
    await assertDead(token, 'signed out');
    assert.equal((await call(other)).status, 200);
  });

  test('by no store that is away: then nobody can tell, and it is 503 (G2)', async () => {
    const recallToken = createRecallToken({
      clock: portal.clock,
      signer: await createSigner({
        clock: portal.clock,
        keys: portal.flows.stores.signingKeys,
        sealer: portal.flows.sealer,
      }),
      users: {
        findPrincipal: () => Promise.reject(new StoreUnavailable('a test')),
      },
      portal: () => portal.config.portal,
      lifetimes: () => portal.config.sessions,
    });
    await assert.rejects(recallToken(token, { kinds: ['access'], scope: 'api' }), StoreUnavailable);
  });
});

async function holder() {
  const { stores, sealer } = portal.flows;
  const recallToken = createRecallToken({
    clock: portal.clock,
    signer: await createSigner({ clock: portal.clock, keys: stores.signingKeys, sealer }),
    users: stores.users,
    portal: () => portal.config.portal,
    lifetimes: () => portal.config.sessions,
  });
  return (await recallToken(token, { kinds: ['access'], scope: 'api' })) ?? assert.fail('dead');
}

async function inDer(header: string, body: string): Promise<string> {
  const { key } = await ourKey();
  const der = sign('sha256', Buffer.from(`${header}.${body}`), { key, dsaEncoding: 'der' });
  return `${header}.${body}.${der.toString('base64url')}`;
}

async function keyObject(privateKey: CryptoKey) {
  return createPrivateKey({ key: await exportJWK(privateKey), format: 'jwk' });
}
