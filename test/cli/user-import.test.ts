/** `sallyport user import`: what is typed, what is printed, and what is there afterwards. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { installation, type Installation, type Transcript } from '../support/command.ts';

const secrets = ['GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'] as const;

let at: Installation;
beforeEach(() => {
  at = installation();
});
afterEach(() => at.remove());

function put(name: string, content: string | Buffer): string {
  const file = path.join(at.folder, name);
  writeFileSync(file, content);
  return file;
}

async function importing(people: string | Buffer, more = ''): Promise<Transcript> {
  const file = put('people.csv', people);
  return await at.run(`user import --file ${file}${more === '' ? '' : ` ${more}`}`);
}

async function listed(): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await at.run('user list --json');
  return JSON.parse(stdout) as readonly Record<string, unknown>[];
}

async function eventsOf(type: string): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await at.run(`audit export --type ${type}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The faults, without the folder. */
function faultsIn({ stderr }: Transcript): readonly string[] {
  return stderr.replaceAll(`${at.folder}/`, '').trimEnd().split('\n');
}

describe('people from a table', () => {
  test('are made with what it says of them, and without a password', async () => {
    await at.run('tenant add acme');
    const transcript = await importing(
      'username,email,name,groups,tenant,enabled\r\n' +
        'anna,anna@example.com,"Ánna, the first",ADMINS;SEC-OPS,,true\r\n' +
        'ben,,,,acme,no\r\n',
    );

    assert.equal(transcript.code, 0, transcript.stderr);
    assert.equal(transcript.stdout, 'Imported: 2 accounts, 0 authenticator apps.\n');
    assert.match(transcript.stderr, /Nobody was invited/);
    const [anna, ben] = await listed();
    assert.deepEqual(
      [anna?.['username'], anna?.['name'], anna?.['email'], anna?.['groups']],
      ['anna', 'Ánna, the first', 'anna@example.com', ['ADMINS', 'SEC-OPS']],
    );
    assert.deepEqual(
      [ben?.['username'], ben?.['name'], ben?.['tenant'], ben?.['disabled']],
      ['ben', 'ben', 'acme', true],
      JSON.stringify(ben),
    );
  });

  // prettier-ignore
  const spellings = [
    ['with a byte order mark',  '\uFEFFusername,groups\nanna,ADMINS\n'],
    ['with semicolons',         'username;groups\nanna;ADMINS\n'],
    ['with tabs',               'username\tgroups\nanna\tADMINS\n'],
    ['in another order',        'groups,username\nADMINS,anna\n'],
    ['with capitals and blanks','Username , GROUPS\n anna , ADMINS \n'],
  ] as const;
  for (const [how, text] of spellings) {
    test(`are read from one ${how}`, async () => {
      assert.equal((await importing(text)).code, 0);
      assert.deepEqual((await listed())[0]?.['groups'], ['ADMINS']);
    });
  }

  test('are each in the audit trail', async () => {
    await importing('username,groups\nanna,ADMINS\nben,\n');

    const events = await eventsOf('user.imported');
    assert.deepEqual(
      events.map(({ actor, details }) => [actor, details]),
      [
        ['cli', { username: 'anna', groups: ['ADMINS'] }],
        ['cli', { username: 'ben', groups: [] }],
      ],
    );
  });

  test('are all checked before anything is written; every fault has its line and what to do', async () => {
    await at.run('user add robot --service --networks zone-e');
    await at.run('tenant add acme');
    await at.run('user add dan --tenant acme --password-stdin', { stdin: 'a long pass word 1\n' });
    const transcript = await importing(
      [
        'username,email,name,groups,tenant,enabled',
        'anna,,,,,',
        'ANNA,,,,,',
        'be n,,,,,',
        'carl,two@at@signs,,,,',
        'robot,,,,,',
        'dan,,,,,',
        'eve,,,,nowhere,',
        'finn,,,,,perhaps',
        'gus,,',
        'cli,,,,,',
        'hana,,,not/a/group,,',
      ].join('\n'),
    );

    assert.equal(transcript.code, 1);
    assert.equal(transcript.stdout, '');
    assert.deepEqual(faultsIn(transcript), [
      'people.csv:3: ANNA is on line 2 already.',
      'people.csv:4: A username has 1 to 64 letters, digits and the marks . _ - @ +, and begins with a letter or digit.',
      'people.csv:5: An e-mail address has exactly one @, no blanks, and at most 254 ASCII characters.',
      'people.csv:6: robot is a service account; take another username.',
      'people.csv:7: dan belongs to the tenant acme already.',
      'people.csv:8: There is no tenant nowhere: sallyport tenant add nowhere',
      'people.csv:9: "enabled" is true or false, not "perhaps".',
      'people.csv:10: There are 3 fields and 6 columns. Fields with commas in them stand in quotes.',
      'people.csv:11: The username cli stands for something else in the audit log. Choose another.',
      'people.csv:12: The group "not/a/group" is not usable: 1 to 64 letters, digits and the marks . _ - @ +, beginning with a letter or digit.',
      'Nothing was changed.',
    ]);
    assert.equal((await listed()).length, 2);
  });

  // prettier-ignore
  const tables = [
    ['is empty',                    '',                              'people.csv:1: The file is empty.'],
    ['has a column of its own',     'username,shoe size\nanna,38\n', 'people.csv:1: There is no column "shoe size".'],
    ['has a column twice',          'username,email,email\n',        'people.csv:1: The column email is there twice.'],
    ['names nobody',                'email\na@example.com\n',        'people.csv:1: There is no column username.'],
    ['has an open quote',           'username\nanna\n"ben\n',        'people.csv:3: A quote is never closed.'],
    ['is in UTF-16',                Buffer.from('\uFEFFusername\nanna\n', 'utf16le'), 'people.csv:1: From here on the file is not UTF-8.'],
    ['is cut in a letter',          Buffer.from('username,name\nanna,é').subarray(0, -1), 'people.csv:1: From here on the file is not UTF-8.'],
  ] as const;
  for (const [what, text, expected] of tables) {
    test(`are none where the table ${what}`, async () => {
      const transcript = await importing(text);
      assert.equal(transcript.code, 1);
      const [fault = ''] = faultsIn(transcript);
      assert.ok(fault.startsWith(expected), transcript.stderr);
    });
  }

  test('are none where there is no file', async () => {
    const { code, stderr } = await at.run('user import --file /nowhere/people.csv');
    assert.deepEqual([code, stderr], [1, 'The file /nowhere/people.csv cannot be read.\n']);
  });

  test('that are there already are left as they are, and the others made', async () => {
    await importing('username,groups\nanna,ADMINS\n');

    const transcript = await importing('username,groups\nanna,OTHERS\nben,OTHERS\n');

    assert.equal(transcript.code, 0);
    assert.match(
      transcript.stdout,
      /^Imported: 1 account, .*\n1 account was there already and is left as it is\.\n$/,
    );
    assert.deepEqual((await listed())[0]?.['groups'], ['ADMINS']);
  });

  test('are not made by a dry run', async () => {
    const transcript = await importing('username\nanna\n', '--dry-run');

    assert.deepEqual(
      [transcript.code, transcript.stdout],
      [0, 'Nothing is wrong. To be made: 1 account, 0 authenticator apps.\n'],
    );
    assert.deepEqual((await at.run('user list')).stdout.split('\n').length, 2);
    assert.deepEqual(await eventsOf('user.imported'), []);
  });
});

describe('invitations', () => {
  test('are written to a file for its owner alone, one link for each person who may come', async () => {
    const links = path.join(at.folder, 'links.csv');
    const transcript = await importing(
      'username,email,enabled\nanna,anna@example.com,yes\nben,,yes\ncarl,,no\n',
      `--links-file ${links}`,
    );

    assert.equal(transcript.code, 0, transcript.stderr);
    assert.match(transcript.stdout, /2 one-time links are in .*links\.csv; hand them over\./);
    assert.equal(statSync(links).mode & 0o777, 0o600);
    const [head, ...lines] = readFileSync(links, 'utf8').trimEnd().split('\n');
    assert.equal(head, 'username,email,link,expires');
    assert.equal(lines.length, 2);
    assert.match(
      lines[0] ?? '',
      /^anna,anna@example\.com,https:\/\/console\.example\.com\/_mfa\/link\/[\w-]{43},\d{4}-.*Z$/,
    );
    assert.match(lines[1] ?? '', /^ben,,https:/);
    // What opens an account stands nowhere else.
    const secret = /link\/([\w-]{43})/.exec(lines[0] ?? '')?.[1] ?? '';
    assert.ok(!transcript.stdout.includes(secret));
    assert.ok(!(await at.run('audit export')).stdout.includes(secret));
  });

  test('are not written where others could read them', async () => {
    const links = put('links.csv', '');
    chmodSync(links, 0o644);
    const { code, stderr } = await importing('username\nanna\n', `--links-file ${links}`);

    assert.equal(code, 1);
    assert.match(stderr, /links are as good as passwords: chmod 600/);
    assert.match((await at.run('user list')).stdout, /There are no users/);
  });

  test('by mail need mail, and an address of everybody', async () => {
    assert.match((await importing('username\nanna\n', '--invite mail')).stderr, /no mail/);

    const environment = {
      SALLYPORT_MAIL__SMTP: 'smtp://127.0.0.1:2525',
      SALLYPORT_MAIL__FROM: 'security@example.com',
    };
    const file = put('people.csv', 'username,email\nanna,anna@example.com\nben,\n');
    const missing = await at.run(`user import --file ${file} --invite mail`, { environment });
    assert.match(missing.stderr, /people\.csv:3: There is no e-mail address to invite/);
    put('people.csv', 'username,email\nanna,anna@example.com\n');
    const sent = await at.run(`user import --file ${file} --invite mail`, { environment });
    assert.match(sent.stdout, /1 invitations are on their way by mail\./);
  });

  test('are mailed or written, not both', async () => {
    const { code } = await at.run('user import --file x --invite mail --links-file y');
    assert.equal(code, 2);
    assert.equal((await at.run('user import --file x --invite pigeon')).code, 2);
    assert.equal((await at.run('user import')).code, 2);
    assert.equal(existsSync('y'), false);
  });
});

describe('authenticator apps from a list', () => {
  const people = 'username,email\nanna,anna@example.com\nben,ben@example.com\n';

  test('belong to whom they name: by username, by e-mail address, or as it is written before', async () => {
    const list = put(
      'otpauth.txt',
      `# from the old product\n\notpauth://totp/Old:anna?secret=${secrets[0]}&issuer=Old\n` +
        `ben\totpauth://totp/someone?secret=${secrets[1]}\n`,
    );
    const transcript = await importing(people, `--totp ${list}`);

    assert.equal(transcript.code, 0, transcript.stderr);
    assert.match(transcript.stdout, /^Imported: 2 accounts, 2 authenticator apps\.\n/);
    assert.match((await at.run('user list')).stdout, /anna .*totp[\s\S]*ben .*totp/);
    const everything = (await at.run('audit export')).stdout;
    for (const secret of secrets) assert.ok(!everything.includes(secret));
    assert.ok(!readFileSync(path.join(at.folder, 'data/sallyport.db')).includes(secrets[0]));
  });

  test('are matched by e-mail address too', async () => {
    const list = put('otpauth.txt', `otpauth://totp/ANNA@example.com?secret=${secrets[0]}\n`);
    assert.match((await importing(people, `--totp ${list}`)).stdout, /1 authenticator app\./);
  });

  test('that cannot be taken are named by their line, and no secret is repeated (G9)', async () => {
    const list = put(
      'otpauth.txt',
      [
        `otpauth://totp/anna?secret=${secrets[0]}`,
        `otpauth://totp/ben?secret=${secrets[0].toLowerCase()}`,
        `otpauth://totp/anna?secret=${secrets[1]}`,
        `otpauth://hotp/ben?secret=${secrets[1]}&counter=3`,
        `zoe\totpauth://totp/x?secret=${secrets[1]}`,
        'otpauth://totp/ben?secret=GEZDGNBVGY3TQOJQ',
        'otpauth://totp/ben?secret=GEZDGNBV',
        'ben,JBSWY3DPEHPK3PXP',
      ].join('\n'),
    );
    const transcript = await importing(people, `--totp ${list}`);

    assert.equal(transcript.code, 1);
    assert.deepEqual(faultsIn(transcript), [
      'otpauth.txt:2: This is the secret of line 1. Each person has their own.',
      'otpauth.txt:3: There is an app of this account on line 1 already.',
      'otpauth.txt:4: Codes that go by a counter (hotp) are not supported.',
      'otpauth.txt:6: The secret has 80 bits, and at least 128 are safe (RFC 4226). Leave it out, and this person enrolls anew; or take it all the same with --allow-weak-secrets.',
      'otpauth.txt:7: The secret has 40 bits, and at least 128 are safe (RFC 4226). Leave it out: this person enrolls anew.',
      'otpauth.txt:8: This is no otpauth:// URI.',
      'otpauth.txt:5: Nobody in the table is named "zoe".',
      'Nothing was changed.',
    ]);
    for (const secret of [...secrets, 'GEZDGNBV', 'JBSWY3DP']) {
      assert.ok(!transcript.stderr.toUpperCase().includes(secret));
    }
  });

  test('with short secrets are taken when that is asked for, loudly', async () => {
    const list = put('otpauth.txt', 'otpauth://totp/anna?secret=GEZDGNBVGY3TQOJQ\n');
    const transcript = await importing(people, `--totp ${list} --allow-weak-secrets`);

    assert.equal(transcript.code, 0, transcript.stderr);
    assert.match(transcript.stderr, /less than 128 bits: have these people enroll anew/);
    const [event] = await eventsOf('user.imported');
    assert.deepEqual(event?.['details'], {
      username: 'anna',
      groups: [],
      authenticator: 'totp',
      secretBits: 80,
    });
  });

  test('of people who are there already are left alone', async () => {
    await importing(people);
    const list = put('otpauth.txt', `otpauth://totp/anna?secret=${secrets[0]}\n`);
    const transcript = await importing(people, `--totp ${list}`);

    assert.equal(transcript.code, 0);
    assert.doesNotMatch((await at.run('user list')).stdout, /totp/);
  });
});
