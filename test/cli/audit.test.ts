/** `sallyport audit …` and `migrate`: the trail is whole (G12) and can be taken elsewhere. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { auditFormats } from '../../src/cli/audit/audit-formats.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { AuditEventId, SessionKey, TenantId, UserId } from '../../src/core/ids.ts';
import { installation, type Installation } from '../support/command.ts';
import { NOON } from '../support/fixed-clock.ts';

describe('audit', () => {
  let at: Installation;
  before(async () => {
    at = installation();
    await at.run('user add anna --groups ADMINS --password-stdin', {
      stdin: 'correct horse 7 battery',
    });
    await at.run('user disable anna');
  });
  after(() => at.remove());

  test('verify says that the chain is whole', async () => {
    assert.deepEqual(await at.run('audit verify'), {
      code: 0,
      stdout: 'The audit chain is whole: 2 events.\n',
      stderr: '',
    });
  });

  test('export writes one JSON object for each event, oldest first', async () => {
    const { code, stdout } = await at.run('audit export --format jsonl');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    assert.equal(code, 0);
    assert.deepEqual(
      events.map(({ type, actor }) => [type, actor]),
      [
        ['user.created', 'cli'],
        ['user.disabled', 'cli'],
      ],
    );
    assert.equal(events[1]?.['previous_hash'], events[0]?.['hash']);
  });

  test('export writes CSV with a head', async () => {
    const { stdout } = await at.run('audit export --format csv');
    const [head = '', first = ''] = stdout.split('\n');
    assert.equal(
      head,
      'id,at,type,severity,actor,subject,tenant,ip,user_agent,session,request_id,details,previous_hash,hash',
    );
    assert.match(first, /^evt_\w+,\d{4}-.*,user\.created,notice,cli,usr_/);
  });

  test('export writes nothing from before', async () => {
    assert.equal((await at.run('audit export --since 2999-01-01')).stdout, '');
    assert.equal(
      (await at.run('audit export --since 2020-01-01T00:00:00Z')).stdout.split('\n').length,
      3,
    );
  });

  test('verify names the first event that was changed', async () => {
    const file = path.join(at.folder, 'data/sallyport.db');
    const database = new DatabaseSync(file);
    const changed = database
      .prepare(
        "UPDATE audit_events SET actor = 'mallory' WHERE type = 'user.disabled' RETURNING id",
      )
      .get();
    database.close();
    const { code, stdout, stderr } = await at.run('audit verify');
    assert.deepEqual({ code, stderr }, { code: 3, stderr: '' });
    assert.ok(
      stdout.startsWith(`The audit chain is broken at ${String(changed?.['id'])}: `),
      stdout,
    );
  });

  test('migrate brings the database to this version', async () => {
    assert.deepEqual(await at.run('migrate'), {
      code: 0,
      stdout: 'The database has the schema of this version.\n',
      stderr: '',
    });
  });

  test('a storage that does not answer is said to be away', async () => {
    const { code, stdout, stderr } = await at.run('audit verify', {
      environment: { SALLYPORT_STORAGE__DATABASE: 'postgres://nobody:hunter2@127.0.0.1:1/x' },
    });
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(
      stderr,
      /^sallyport audit verify: the storage does not answer \(.*\); check storage/,
    );
    assert.doesNotMatch(stderr, /hunter2/);
  });
});

describe('formats', () => {
  const event: AuditEvent = {
    id: 'evt_1' as AuditEventId,
    at: NOON,
    type: 'session.sign-in-failed',
    severity: 'warning',
    actor: '=cmd|x',
    subject: 'usr_1' as UserId,
    tenant: 'default' as TenantId,
    ip: '2001:db8::1',
    userAgent: 'evil "agent"\r\nx=1',
    session: 'abc' as SessionKey,
    requestId: null,
    details: { why: 'a=b|c\\d' },
    previousHash: '00',
    hash: '11',
  };

  test('CSV runs no formula and keeps one event in one record', () => {
    assert.equal(
      auditFormats.csv.line(event),
      `evt_1,2026-03-02T12:00:00.000Z,session.sign-in-failed,warning,'=cmd|x,usr_1,default,2001:db8::1,"evil ""agent""\r\nx=1",abc,,"{""why"":""a=b|c\\\\d""}",00,11`,
    );
  });

  test('CEF escapes what would begin another field or line', () => {
    assert.equal(
      auditFormats.cef.line(event),
      'CEF:0|Sallyport|Sallyport|0|session.sign-in-failed|session.sign-in-failed|7|' +
        'rt=1772452800000 externalId=evt_1 suser=\\=cmd|x duid=usr_1 c6a2=2001:db8::1 ' +
        'c6a2Label=Source IPv6 Address requestClientApplication=evil "agent"\\r\\nx\\=1 ' +
        'cs1Label=tenant cs1=default cs2Label=session cs2=abc ' +
        'cs4Label=details cs4={"why":"a\\=b|c\\\\\\\\d"} cs5Label=hash cs5=11',
    );
  });
});
