/**
 * The emergency pages of docs/operations.md, tried: each disaster is brought about, the commands of
 * the page are typed as they stand there, and the page's own check says that all is well.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import type { Tools } from '../../src/cli/cli.ts';
import { tools as realTools } from '../../src/cli/tools.ts';
import { openFoundation } from '../../src/compose.ts';
import { fixedConfig } from '../../src/config/live.ts';
import { createEnrollmentLink } from '../../src/flows/admin/enrollment-links.ts';
import { KeyFileError } from '../../src/platform/key-files.ts';
import type { Transcript } from '../support/command.ts';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.ts';
import { fixedClock, NOON, type FixedClock } from '../support/fixed-clock.ts';
import { sure } from '../support/flow-world.ts';
import {
  enrollAtSignIn,
  nextCode,
  signIn,
  signInWithCode,
  type Enrolled,
} from '../support/http-verbs.ts';
import { freePort } from '../support/listening.ts';
import { commandsUnder, type, type TypedCommand } from '../support/page-commands.ts';
import { quietLog } from '../support/quiet-log.ts';
import { passwordOf, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { textsMarked, WebClient, type Answer } from '../support/web-client.ts';

const target = '/reports';
const startedIn = process.cwd();

/** What outlives a restart. */
let kept: TemporaryFolder;
let upstream: FakeUpstream;
let port: number;
let gateway: TestGateway;

beforeEach(async () => {
  kept = temporaryFolder();
  upstream = await startFakeUpstream();
  port = await freePort();
});
afterEach(async () => {
  process.chdir(startedIn);
  await gateway.close();
  await upstream.stop();
  kept.remove();
});

const keyFile = (): string => path.join(kept.path, 'encryption.key');

/** Starts the gateway on what is kept, by a clock; the commands are typed beside its configuration. */
async function serve(clock: FixedClock): Promise<void> {
  gateway = await startGateway({
    clock,
    settings: {
      server: {
        listen: `127.0.0.1:${String(port)}`,
        publicUrl: `http://localhost:${String(port)}`,
      },
      storage: {
        database: `sqlite:${path.join(kept.path, 'sallyport.db')}`,
        encryptionKeyFile: keyFile(),
      },
      routes: [{ name: 'console', path: '/**', upstream: upstream.origin, rules: [{}] }],
    },
  });
  process.chdir(path.dirname(gateway.configFile));
}

/** Ends it, and starts it again by another clock. */
async function restart(clock: FixedClock): Promise<void> {
  process.chdir(kept.path);
  await gateway.close();
  await serve(clock);
}

function visitor(): WebClient {
  return new WebClient(`http://localhost:${String(port)}`, { host: '127.0.0.1', port });
}

async function enroll(username: string, clock: FixedClock): Promise<Enrolled> {
  await gateway.addUser({ username, groups: [] });
  const person = { target, username, password: passwordOf(username), clock };
  const enrolled = await enrollAtSignIn(visitor(), person);
  assert.equal(enrolled.landed.status, 200, enrolled.landed.body);
  return enrolled;
}

const isIn = async ({ client }: Enrolled): Promise<boolean> =>
  (await client.visit(target)).status === 200;

/** Types a command by a clock. */
async function typed(command: TypedCommand, clock: FixedClock): Promise<Transcript> {
  const tools: Tools = {
    ...realTools,
    openForAdministration: (config, { work = 'short', keyCheck = 'must-fit' } = {}) =>
      openFoundation(fixedConfig(config), {
        log: quietLog,
        clock,
        statements: work === 'long' ? 'unlimited' : 'bounded',
        keyCheck,
      }),
  };
  return await type(command, { tools, clock });
}

/** Types all commands of a block, each of which must do what it is for. */
async function typeAll(
  block: readonly TypedCommand[] | undefined,
  clock: FixedClock,
): Promise<string> {
  let said = '';
  for (const command of sure(block)) {
    const { code, stdout, stderr } = await typed(command, clock);
    assert.equal(code, 0, `${command.line}\n${stdout}${stderr}`);
    said += stdout;
  }
  return said;
}

/** A folder with the configuration that the last gateway would have had. */
async function copyConfig(folder: string): Promise<void> {
  const config = {
    server: { publicUrl: `http://localhost:${String(port)}` },
    storage: {
      database: `sqlite:${path.join(kept.path, 'sallyport.db')}`,
      encryptionKeyFile: keyFile(),
    },
    policy: { file: path.join(startedIn, 'config/mfa-policy.yaml') },
  };
  writeFileSync(path.join(folder, 'sallyport.yaml'), JSON.stringify(config));
  process.chdir(folder);
}

async function enrollFrom(client: WebClient, choice: Answer, clock: FixedClock): Promise<Answer> {
  const [, next = ''] = /href="([^"]*\/enroll\/totp[^"]*)"/.exec(choice.body) ?? [];
  const form = await client.open(new URL(next.replaceAll('&amp;', '&'), choice.url).href);
  const [secret = ''] = textsMarked(form, 'data-totp-secret');
  const shown = await client.submit(form, { code: nextCode(clock, secret) });
  return await client.submit(shown, { stored: 'yes' });
}

describe('the last administrator is locked out', () => {
  test('and is let in again by what the page says', async () => {
    const clock = fixedClock(Date.now());
    await serve(clock);
    const olga = await enroll('olga', clock);
    const { flows } = gateway.composition;
    const { id } = sure(await flows.stores.users.findByUsername('olga'));
    await flows.stores.users.setDisabled(id, true);
    assert.equal(await isIn(olga), false);

    const [repair, check] = commandsUnder('The last administrator is locked out');
    writeFileSync('new-password', 'wintry-lantern-94-otter\n');
    await typeAll(repair, clock);

    const client = visitor();
    const password = 'wintry-lantern-94-otter';
    const choice = await signIn(client, { target: '/_mfa/admin', username: 'olga', password });
    assert.match(choice.url.pathname, /\/enroll$/, choice.body);
    // What she had does not open anything any more.
    const old = visitor();
    await signIn(old, { target, username: 'olga', password });
    assert.notEqual((await old.visit(target)).status, 200);
    const said = await typeAll(check, clock);
    assert.match(said, /reset\.executed/);
    assert.match(said, /"breakGlass":true/);
  });
});

describe('the encryption key is lost', () => {
  test('and a gateway that runs goes on, until it has to start again', async () => {
    const clock = fixedClock(Date.now());
    await serve(clock);
    const anna = await enroll('anna', clock);
    renameSync(keyFile(), `${keyFile()}.aside`);

    assert.equal(await isIn(anna), true);
    clock.advance(60);
    const again = await signInWithCode(visitor(), { target, person: anna, clock });
    assert.equal(again.status, 200);
    await assert.rejects(restart(clock), KeyFileError);

    // Put back, everything is as it was.
    renameSync(`${keyFile()}.aside`, keyFile());
    await serve(clock);
    assert.equal(await isIn(anna), true);
  });

  for (const how of ['missing', 'another', 'damaged'] as const) {
    test(`(${how}) for good, and everybody starts over as the page says`, async () => {
      const clock = fixedClock(Date.now());
      await serve(clock);
      const anna = await enroll('anna', clock);
      await gateway.addUser({ username: 'ben', groups: [] });
      await gateway.close();
      const folder = temporaryFolder();
      process.chdir(folder.path);
      if (how === 'missing') rmSync(keyFile());
      if (how === 'another')
        writeFileSync(keyFile(), Buffer.from('another key of thirty-two bytes!'));
      if (how === 'damaged') writeFileSync(keyFile(), 'half a key');
      await assert.rejects(serve(clock), KeyFileError);
      await copyConfig(folder.path);
      const [[look] = [], [act] = [], check] = commandsUnder('The encryption key is lost');

      const shown = await typed(sure(look), clock);
      assert.equal(shown.code, 1);
      assert.match(shown.stderr, /People concerned: 1\. They lose their authenticators/);
      assert.match(shown.stderr, /Nothing was changed/);
      assert.equal(existsSync('links.csv'), false);
      const done = await typed(sure(act), clock);
      assert.equal(done.code, 0, done.stderr);
      assert.match(done.stderr, /^BREAK-GLASS/);
      await typeAll(check, clock);

      const [, link = ''] = /^anna,,(http\S+?),/m.exec(readFileSync('links.csv', 'utf8')) ?? [];
      await serve(clock);
      assert.equal(await isIn(anna), false);
      // Her password alone enrolls nothing; the link does.
      const password = passwordOf('anna');
      const thief = await signIn(visitor(), { target, username: 'anna', password });
      assert.doesNotMatch(thief.body, /href="[^"]*enroll\/totp/);
      const client = visitor();
      const page = await client.open(link);
      const choice = await client.submit(page, { username: 'anna', password });
      const landed = await enrollFrom(client, choice, clock);
      assert.equal(landed.status < 400, true, landed.body);
      assert.equal((await client.visit(target)).status, 200);
      // Whoever had nothing enrolled is where they were.
      const ben = await signIn(visitor(), {
        target,
        username: 'ben',
        password: passwordOf('ben'),
      });
      assert.match(ben.url.pathname, /\/enroll$/);
      folder.remove();
    });
  }

  test('is not believed while it is there', async () => {
    const clock = fixedClock(Date.now());
    await serve(clock);
    await enroll('anna', clock);
    const [, [act] = []] = commandsUnder('The encryption key is lost');

    const { code, stderr } = await typed(sure(act), clock);
    assert.equal(code, 1);
    assert.match(stderr, /nothing is lost/);
    assert.equal(existsSync('links.csv'), false);
  });
});

describe('the clock was wrong', () => {
  const year = 365 * 24 * 3600;

  test('ahead: recovery codes still work, and what was given out then is ended', async () => {
    const clock = fixedClock();
    await serve(clock);
    const anna = await enroll('anna', clock);
    const ben = await enroll('ben', clock);
    clock.advance(60);

    // The clock of the machine jumps ahead by a year; phones stay right.
    const ahead = fixedClock(NOON + year * 1000);
    await restart(ahead);
    const refused = await signInWithCode(visitor(), { target, person: anna, clock });
    assert.match(refused.url.pathname, /\/challenge$/);
    const stolen = visitor();
    await signIn(stolen, { target, ...anna });
    const form = await stolen.open('/_mfa/challenge/recovery-code');
    await stolen.submit(form, { recovery_code: anna.recoveryCodes[0] ?? '' });
    assert.equal((await stolen.visit(target)).status, 200);
    const guesser = visitor();
    let page = await signIn(guesser, { target, ...ben });
    for (let guess = 0; guess < 5; guess += 1)
      page = await guesser.submit(page, { code: '000000' });
    const { flows } = gateway.composition;
    const user = sure(await flows.stores.users.findByUsername('ben'));
    await flows.stores.transaction((stores) =>
      createEnrollmentLink(flows, stores, 'cli', user, 'enroll-again', ahead.now()),
    );

    // It is set right, and the gateway restarted.
    const right = fixedClock(NOON + 3600_000);
    await restart(right);
    assert.notEqual((await stolen.visit(target)).status, 200);
    assert.notEqual(
      await gateway.composition.flows.stores.attempts.lockedUntil(user.id, right.now()),
      null,
    );
    const [[endAll] = [], [unlock] = [], check] = commandsUnder('The clock was wrong');
    const ended = await typeAll([sure(endAll)], right);
    assert.match(ended, /one-time links \(1\)/);
    const other = { ...sure(unlock), words: sure(unlock).words.with(2, 'ben') };
    assert.match(await typeAll([other], right), /Codes of ben work again/);
    await typeAll(check, right);

    const landed = await signInWithCode(visitor(), { target, person: ben, clock: right });
    assert.equal(landed.status, 200, landed.body);
    right.advance(60);
    const anew = await signInWithCode(visitor(), { target, person: anna, clock: right });
    assert.equal(anew.status, 200, anew.body);
    // On the day that it was dated, the stolen session is as dead as before (F33).
    right.set(ahead.now() + 60_000);
    assert.notEqual((await stolen.visit(target)).status, 200);
  });

  test('behind: sessions of the right time do not count and codes do not fit, until it is right', async () => {
    const clock = fixedClock();
    await serve(clock);
    const anna = await enroll('anna', clock);
    clock.advance(60);

    const behind = fixedClock(NOON - 3600_000);
    await restart(behind);
    assert.equal(await isIn(anna), false);
    const refused = await signInWithCode(visitor(), { target, person: anna, clock });
    assert.match(refused.url.pathname, /\/challenge$/);

    const right = fixedClock(NOON + 300_000);
    await restart(right);
    const landed = await signInWithCode(visitor(), { target, person: anna, clock: right });
    assert.equal(landed.status, 200, landed.body);
  });
});
