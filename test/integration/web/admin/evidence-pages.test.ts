/** Evidence on the pages: who may collect it, who may read it, and what can be taken away. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { EvidenceReport } from '../../../../src/flows/evidence/report.ts';
import { codeOf, leadsTo, postForm, textOf } from '../../../support/admin-forms.ts';
import type { Enrolled } from '../../../support/http-verbs.ts';
import { openWatchRoom, type WatchRoom } from '../../../support/watch-room.ts';
import type { Answer } from '../../../support/web-client.ts';

let room: WatchRoom;
let carol: Enrolled;
let otto: Enrolled;
let zed: Enrolled;
let reportPath = '';
before(async () => {
  room = await openWatchRoom();
  carol = await room.enter('carol', ['DESK']);
  otto = await room.enter('otto', ['WATCH']);
  zed = await room.enter('zed', ['DESK'], 'acme');
  atTheBeginningOfAStep();
});
after(() => room.close());

/** Runs wait for the clock near the end of a step, and this one stands still. */
function atTheBeginningOfAStep(): void {
  room.clock.set(Math.ceil(room.clock.now() / 30_000) * 30_000);
}

const page = (path: string, who = carol): Promise<Answer> => who.client.visit(`/_mfa${path}`);
const list = '/admin/evidence';
const collect = { action: 'collect' };

/** The report of the only run, once there is one. */
async function untilThereIsOne(): Promise<EvidenceReport> {
  const { evidence } = room.gateway.composition.flows.stores;
  for (;;) {
    const [latest] = await evidence.list(1);
    const record = latest === undefined ? null : await evidence.find(latest.id);
    if (record !== null) return JSON.parse(record.report) as EvidenceReport;
    await pause(50);
  }
}

describe('before there is any', () => {
  test('the page says how to get some, and controls wait for evidence', async () => {
    const shown = await page(list);
    assert.equal(shown.status, 200);
    assert.match(textOf(shown), /No evidence yet/);
    assert.match(textOf(await page(`${list}/controls`)), /none was collected yet/);
    assert.match(textOf(await page(`${list}/controls`)), /No evidence was collected for V1 yet/);
  });

  test('a report that is not there is not found, whatever its name', async () => {
    for (const name of ['evd_AAAAAAAAAAAAAAAA', 'evd_', 'x', '..%2f..', "evd_'or'1'='1---"]) {
      const shown = await page(`${list}/${name}`);
      assert.ok([400, 404].includes(shown.status), `${name}: ${String(shown.status)}`);
    }
  });
});

describe('collecting', () => {
  test('is for whoever manages the installation', async () => {
    assert.match(textOf(await page(list)), /Collect evidence now/);
    const auditor = await page(list, otto);
    assert.equal(auditor.status, 200);
    assert.doesNotMatch(textOf(auditor), /Collect evidence now/);
    const refused = await postForm(otto.client, list, collect, '/admin/audit');
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'not-permitted']);
  });

  test('asks for a fresh proof', async () => {
    room.clock.advance(11 * 60);
    const answer = await postForm(carol.client, list, collect, '/account');
    assert.equal(codeOf(answer), 'step-up-required');
    assert.deepEqual(await room.gateway.composition.flows.stores.evidence.list(1), []);
    carol = await room.enter('carla', ['DESK']);
    otto = await room.enter('olga', ['WATCH']);
    zed = await room.enter('zoe', ['DESK'], 'acme');
    atTheBeginningOfAStep();
  });

  test('is no matter of another tenant: nothing of it is there', async () => {
    for (const path of [
      list,
      `${list}/controls`,
      `${list}/controls.md`,
      `${list}/operator-checklist.md`,
    ]) {
      const shown = await page(path, zed);
      assert.deepEqual([shown.status, codeOf(shown)], [404, 'not-found'], path);
    }
    const refused = await postForm(zed.client, list, collect, '/admin/users');
    assert.deepEqual([refused.status, codeOf(refused)], [404, 'not-found']);
    assert.doesNotMatch((await page('/admin/users', zed)).body, /href="\/_mfa\/admin\/evidence"/);
  });

  test('does nothing for a form that does not say what to do', async () => {
    const answer = await postForm(carol.client, list, { action: 'burn' });
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'invalid-request']);
  });

  test('leads to the report when it is there soon, and else says that it is under way', async () => {
    const answer = await postForm(carol.client, list, collect);
    assert.equal(codeOf(answer), 'redirect');
    const { id } = await untilThereIsOne();
    reportPath = `${list}/${id}`;
    assert.ok(
      [`${reportPath}?done=evidence-collected`, `${list}?done=evidence-running`].includes(
        leadsTo(answer),
      ),
      leadsTo(answer),
    );
    const shown = await page(`${reportPath}?done=evidence-collected`);
    assert.match(textOf(shown), /Evidence was collected\./);
    assert.match(textOf(shown), /Everything that could be tried held\./);
    for (const name of ['V1', 'V2', 'V3', 'V4', 'V5', 'V6']) {
      assert.match(textOf(shown), new RegExp(`${name} ·`));
    }
  });

  test('is written down with who did it and from where', async () => {
    const { audit } = room.gateway.composition.flows.stores;
    const events = await Array.fromAsync(audit.read({ since: null }));
    const event = events.findLast(({ type }) => type === 'evidence.collected');
    assert.equal(event?.actor, 'carla');
    assert.equal(event.ip, '127.0.0.1');
    assert.equal(event.tenant, 'default');
    assert.ok(event.session !== null && event.requestId !== null);
  });

  test('leaves nobody in the list of people, and nothing among the numbers of any tenant', async () => {
    assert.doesNotMatch((await page('/admin/users')).body, /evidence-[0-9a-z]+-/);
    assert.doesNotMatch((await page('/admin')).body, /evidence-[0-9a-z]+-/);
    assert.doesNotMatch((await page('/admin/audit')).body, /evidence-[0-9a-z]+-[0-9a-f]{16}-\d/);
    const { text } = await room.gateway.composition.metrics.read();
    assert.doesNotMatch(text, /audit_events_total\{type="second-factor\.locked"/);
    assert.doesNotMatch(text, /authentications_total\{method="totp",outcome="locked"/);
  });
});

describe('a report', () => {
  test('is in the list, and can be read by an auditor', async () => {
    assert.match((await page(list)).body, new RegExp(`href="/_mfa${reportPath}"`));
    assert.equal((await page(reportPath, otto)).status, 200);
  });

  test('is another tenant’s no matter what address they type', async () => {
    for (const path of ['', '/report.html', '/report.json']) {
      const shown = await page(`${reportPath}${path}`, zed);
      assert.deepEqual([shown.status, codeOf(shown)], [404, 'not-found'], path);
    }
  });

  test('can be taken away as a document that loads nothing', async () => {
    const file = await page(`${reportPath}/report.html`);
    assert.match(
      String(file.headers['content-disposition']),
      /attachment; filename="evidence-2026-03-02\.html"/,
    );
    assert.match(String(file.headers['content-type']), /^text\/html/);
    assert.match(file.body, /^<!doctype html>/);
    assert.doesNotMatch(file.body, /<(?:script|link|img|iframe)\b/);
    for (const { checks } of (await untilThereIsOne()).verifications) {
      for (const { id } of checks) assert.ok(file.body.includes(`id="${id}"`), id);
    }
  });

  test('can be taken away as JSON', async () => {
    const file = await page(`${reportPath}/report.json`);
    assert.match(String(file.headers['content-disposition']), /evidence-2026-03-02\.json/);
    const document = JSON.parse(file.body) as Readonly<Record<string, unknown>>;
    assert.equal(document['id'], (await untilThereIsOne()).id);
    assert.equal(document['outcome'], 'passed');
    assert.equal(document['shape'], 1);
  });

  test('holds none of what was secret in its run (G9)', async () => {
    const everything = JSON.stringify(await untilThereIsOne());
    assert.doesNotMatch(everything, /[A-Z2-7]{32}/, 'a TOTP secret');
    assert.doesNotMatch(everything, /(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}/, 'a recovery code');
    assert.doesNotMatch(everything, /(?<![\w.:-])\d{6}(?![\w-])/, 'a TOTP code');
    assert.doesNotMatch(everything, /eyJ[\w-]+\./, 'a token');
  });
});

describe('the documents', () => {
  test('say which controls are met, by the evidence there is', async () => {
    const shown = textOf(await page(`${list}/controls`, otto));
    assert.match(shown, /about the configuration in force/);
    assert.match(shown, /Tried and shown on this installation \(V1\)/);
    const markdown = await page(`${list}/controls.md`);
    assert.match(String(markdown.headers['content-type']), /^text\/markdown/);
    assert.match(markdown.body, /^# Controls/);
    const html = await page(`${list}/controls.html`);
    assert.match(html.body, /PCI DSS 4\.0 8\.4/);
  });

  test('say what operators tick off', async () => {
    const markdown = await page(`${list}/operator-checklist.md`, otto);
    assert.match(String(markdown.headers['content-disposition']), /operator-checklist\.md/);
    assert.match(markdown.body, /^# Checklist for operators/);
  });
});

describe('a run that is under way', () => {
  test('is said to be, is not begun a second time, and is ended with the gateway', async () => {
    // Near the end of a step, and the clock stands still: the run waits.
    room.clock.set(Math.ceil(room.clock.now() / 30_000) * 30_000 + 27_000);
    const answers = await Promise.all([
      postForm(carol.client, list, collect),
      postForm(carol.client, list, collect),
    ]);
    for (const answer of answers) assert.equal(leadsTo(answer), `${list}?done=evidence-running`);
    const shown = textOf(await page(list));
    assert.match(shown, /carla began to collect evidence/);
    assert.doesNotMatch(shown, /Collect evidence now/);

    const { flows } = room.gateway.composition;
    const before = await flows.stores.evidence.list(10);
    assert.equal(before.length, 1);
    const tenants = await flows.stores.tenants.list();
    assert.equal(tenants.filter(({ id }) => id.startsWith('evidence-')).length, 1);
  });
});
