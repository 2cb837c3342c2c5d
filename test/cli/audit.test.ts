/** `sallyport audit …` and `migrate`: the trail is whole (G12) and can be taken elsewhere. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';
import { installation, type Installation } from '../support/command.ts';
import { fixedClock } from '../support/fixed-clock.ts';

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

  test('export writes only what was asked for', async () => {
    assert.deepEqual(await typesOf(at, '--type user.disabled'), ['user.disabled']);
    assert.deepEqual(await typesOf(at, '--type user.created,user.disabled'), [
      'user.created',
      'user.disabled',
    ]);
    assert.deepEqual(await typesOf(at, '--until 2020-01-01'), []);
    assert.deepEqual(await typesOf(at, '--since 1h --until 2999-01-01 --type user.created'), [
      'user.created',
    ]);
  });

  test('export says what a type could be', async () => {
    assert.deepEqual(await at.run('audit export --type user.exploded'), {
      code: 2,
      stdout: '',
      stderr:
        'sallyport audit export: there is no event "user.exploded"; type: ' +
        'sallyport audit export --config FILE --format jsonl|csv|cef --since 24h\n',
    });
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

  test('sign signs nothing where the events themselves do not fit', async () => {
    const { code, stderr } = await at.run('audit sign --reason INC-7');
    assert.equal(code, 3);
    assert.match(stderr, /^Nothing was signed: the chain is broken at evt_/);
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

describe('the end of the trail', () => {
  let at: Installation;
  before(async () => {
    at = installation();
    await at.run('user add anna --groups ADMINS --password-stdin', {
      stdin: 'correct horse 7 battery',
    });
    await at.run('user disable anna');
  });
  after(() => at.remove());

  test('cannot be cut off by whoever has the database and not the key', async () => {
    const database = new DatabaseSync(path.join(at.folder, 'data/sallyport.db'));
    database.exec(`
      DELETE FROM audit_events WHERE seq = 2;
      UPDATE audit_head SET last_seq = 1, last_hash = (SELECT hash FROM audit_events);
    `);
    database.close();
    const { code, stdout } = await at.run('audit verify');
    assert.equal(code, 3);
    assert.match(stdout, /was not signed with a key of this installation/);

    await at.run('user enable anna');
    assert.equal((await at.run('audit verify')).code, 3);
  });

  test('is signed by an operator who says why', async () => {
    assert.equal((await at.run('audit sign')).code, 2);
    assert.deepEqual(await at.run('audit sign --reason INC-7'), {
      code: 0,
      stdout: 'The ends of the audit chain are signed; the audit trail says why.\n',
      stderr: '',
    });
    assert.equal((await at.run('audit verify')).code, 0);
    const { stdout } = await at.run('audit export --type audit.signed');
    assert.match(stdout, /"severity":"high","actor":"cli".*"reason":"INC-7"/);
  });
});

describe('audit sinks', () => {
  let at: Installation;
  const sinks = 'webhook: { url: "http://localhost:1/events", secret: sixteen-letters! }';
  before(() => {
    at = installation(`server: { publicUrl: https://console.example.com }
audit: { waiting: 100, ${sinks} }
`);
  });
  after(() => at.remove());

  /** As gateways leave it: one sink in trouble, one that is not configured any more. */
  function sent(): void {
    const database = new DatabaseSync(path.join(at.folder, 'data/sallyport.db'));
    const add = database.prepare(
      'INSERT INTO audit_sinks (name, last_seq, holder, lease_until, handed_over_at, failing_since, failure) VALUES (?, 0, ?, 0, ?, ?, ?)',
    );
    add.run('syslog', 'one', 1772452800000, null, null);
    add.run('webhook', 'one', null, 1772452860000, 'http://localhost:1 answered 503');
    database.close();
  }

  test('are none before a gateway ran', async () => {
    const { code, stdout, stderr } = await at.run('audit sinks');
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: 'Nothing was sent yet: no gateway ran.\n', stderr: '' },
    );
  });

  test('are listed with what waits and what is wrong', async () => {
    await at.run('user add anna --password-stdin', { stdin: 'correct horse 7 battery' });
    sent();
    assert.deepEqual(await at.run('audit sinks'), {
      code: 0,
      stdout: `NAME     WAITING  HANDED OVER LAST          STATE
syslog   1        2026-03-02T12:00:00.000Z  not configured: holds up nothing
webhook  1        -                         failing since 2026-03-02T12:01:00.000Z: http://localhost:1 answered 503
`,
      stderr: '',
    });
    const { stdout } = await at.run('audit sinks --json');
    assert.deepEqual(JSON.parse(stdout), [
      {
        name: 'syslog',
        configured: false,
        waiting: 1,
        handed_over_at: '2026-03-02T12:00:00.000Z',
        failing_since: null,
        failure: null,
      },
      {
        name: 'webhook',
        configured: true,
        waiting: 1,
        handed_over_at: null,
        failing_since: '2026-03-02T12:01:00.000Z',
        failure: 'http://localhost:1 answered 503',
      },
    ]);
  });

  test('are forgotten by name, and the trail says so', async () => {
    assert.deepEqual(await at.run('audit sinks --forget webhook'), {
      code: 0,
      stdout: 'What waited for webhook is not sent any more; the audit trail says so.\n',
      stderr: '',
    });
    assert.deepEqual(await at.run('audit sinks --forget webhook'), {
      code: 1,
      stdout: '',
      stderr: 'There is no sink "webhook".\n',
    });
    assert.deepEqual(await typesOf(at, '--format jsonl'), ['user.created', 'settings.changed']);
  });
});

describe('audit prune', () => {
  let at: Installation;
  before(async () => {
    at = installation();
    await at.run('user add anna --groups ADMINS --password-stdin', {
      stdin: 'correct horse 7 battery',
    });
    await at.run('user disable anna');
  });
  after(() => at.remove());

  test('removes nothing that must be kept, and says what can be typed', async () => {
    const usage = 'type: sallyport audit prune --config FILE --before 400d\n';
    for (const [typed, why] of [
      ['', 'which events? There is no --before'],
      [' --before 29d', 'events are kept for 30 days at least'],
      [' --before soon', '"soon" is no instant; it looks like 2026-03-01T12:00:00Z, or 24h'],
    ] as const) {
      const { code, stderr } = await at.run(`audit prune${typed}`);
      assert.equal(code, 2);
      assert.equal(stderr, `sallyport audit prune: ${why}; ${usage}`);
    }
  });

  test('removes the oldest, and what is left still fits', async () => {
    assert.deepEqual(await at.run('audit prune --before 40d'), {
      code: 0,
      stdout: 'No event is old enough, or those that are have yet to be sent to a sink.\n',
      stderr: '',
    });
    // Commands go by a clock that stands in March; what they write is of today.
    const clock = fixedClock(systemClock.now() + 50 * 24 * 3600 * 1000);
    assert.deepEqual(await at.run('audit prune --before 40d', { clock }), {
      code: 0,
      stdout: '1 event was removed; the trail says up to which.\n',
      stderr: '',
    });
    assert.deepEqual(await typesOf(at, '--format jsonl'), ['user.disabled', 'audit.pruned']);
    assert.equal((await at.run('audit verify')).stdout, 'The audit chain is whole: 2 events.\n');
  });
});

/** The types of what an export writes. */
async function typesOf(at: Installation, options: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await at.run(`audit export ${options}`);
  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { readonly type: string }).type);
}
