/** What docs/operations.md says to type for keys, backups and moving people, typed. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { installation, type Installation } from '../support/command.ts';
import { commandsUnder, type, type TypedCommand } from '../support/page-commands.ts';

let at: Installation;
const startedIn = process.cwd();
before(() => {
  at = installation();
  // The page names files of the folder that the operator is in.
  process.chdir(at.folder);
});
after(() => {
  process.chdir(startedIn);
  at.remove();
});

async function typed(command: TypedCommand): Promise<string> {
  const { code, stdout, stderr } = await type(command);
  assert.equal(code, 0, `${command.line}\n${stderr}`);
  return stdout;
}

describe('the page about moving people', () => {
  test('tries the import, and then does it', async () => {
    writeFileSync(
      'people.csv',
      'username,email,name,groups,tenant,enabled\nolga,olga@example.com,"Olga Example",OPERATORS;SEC-OPS,,true\n',
    );
    writeFileSync(
      'otpauth.txt',
      'otpauth://totp/Old:olga?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Old\n',
    );
    const [[trial, real] = []] = commandsUnder('Moving people from another product');
    assert.ok(trial !== undefined && real !== undefined);

    assert.match(
      await typed(trial),
      /Nothing is wrong\. To be made: 1 account, 1 authenticator app/,
    );
    assert.equal(existsSync('links.csv'), false);
    assert.match(await typed(real), /Imported: 1 account, 1 authenticator app/);
    assert.equal(existsSync('links.csv'), true);
  });
});

describe('the page about backups', () => {
  test('makes one, and restores it', async () => {
    const [[backup] = [], [restore] = []] = commandsUnder('Backup and restore');
    assert.ok(backup !== undefined && restore !== undefined);

    assert.match(await typed(backup), /1 account and the audit trail up to event/);
    assert.match(await typed(restore), /monday\.db was restored to/);
  });

  test('sees to a database that was restored by other means', async () => {
    const exported = await at.run('audit export');
    writeFileSync('audit.jsonl', exported.stdout);
    const [, , [afterRestore] = []] = commandsUnder('Backup and restore');
    assert.ok(afterRestore !== undefined);

    assert.match(await typed(afterRestore), /Nothing that matters changed/);
  });
});

describe('the page about keys', () => {
  test('rotates them, and removes the old ones when nothing needs them', async () => {
    const [[rotate] = [], [drop] = []] = commandsUnder('Keys');
    assert.ok(rotate !== undefined && drop !== undefined);

    const said = await typed(rotate);
    assert.match(said, /The keys were rotated\./);
    assert.match(await typed(drop), /is kept, for cookies in browsers until/);
    const names = readdirSync(path.join(at.folder, 'data'));
    assert.equal(names.filter((name) => /^encryption\.key\.\w{12}\.old$/.test(name)).length, 1);
  });
});

describe('the page about upgrading', () => {
  test('brings the database up to date beforehand', async () => {
    const [[migrate] = []] = commandsUnder('Upgrading');
    assert.ok(migrate !== undefined);
    assert.match(await typed(migrate), /The database has the schema of this version\./);
  });
});
