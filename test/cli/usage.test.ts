/** What is typed wrongly: exit code 2 and one line that says what to type instead. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commands } from '../../src/cli/command-line.ts';
import { runCommand } from '../support/command.ts';

// prettier-ignore
const cases = [
  ['',
   'sallyport: which command? Type: sallyport serve|demo|config|explain|user|tenant|sessions|audit|evidence|keys|backup|restore|migrate'],
  ['srve',
   'sallyport: there is no command "srve"; type: sallyport serve --config FILE'],
  ['dance',
   'sallyport: there is no command "dance"; type: sallyport serve|demo|config|explain|user|tenant|sessions|audit|evidence|keys|backup|restore|migrate'],
  ['usr add',
   'sallyport: there is no command "usr"; type: sallyport user add|import|list|set-password|set-groups|set-networks|disable|enable|unlock|reset-mfa'],
  ['user',
   'sallyport user: which command? Type: sallyport user add|import|list|set-password|set-groups|set-networks|disable|enable|unlock|reset-mfa'],
  ['user create anna',
   'sallyport user: there is no command "create"; type: sallyport user add|import|list|set-password|set-groups|set-networks|disable|enable|unlock|reset-mfa'],
  ['user ad anna',
   'sallyport user: there is no command "ad"; type: sallyport user add NAME --config FILE --password-stdin'],
  ['serve',
   'sallyport serve: which configuration? There is neither --config nor SALLYPORT_CONFIG; type: sallyport serve --config FILE'],
  ['serve --conf x',
   'sallyport serve: there is no option --conf (did you mean --config?); type: sallyport serve --config FILE'],
  ['serve --config',
   "sallyport serve: option '--config <FILE>' argument missing; type: sallyport serve --config FILE"],
  ['serve --config x --port many',
   'sallyport serve: --port is a number from 0 to 65535; type: sallyport serve --config FILE --port 8080'],
  ['serve now --config x',
   "sallyport serve: too many arguments for 'serve'. Expected 0 arguments but got 1: now; type: sallyport serve --config FILE"],
  ['user add',
   "sallyport user add: missing required argument 'NAME'; type: sallyport user add NAME --config FILE --password-stdin"],
  ['user add robot --service --password-stdin',
   'sallyport user add: a service account has no password; type: sallyport user add NAME --config FILE --service --networks a,b'],
  ['user add anna --config config/demo.yaml',
   'sallyport user add: where is the password? Add --password-stdin and pipe it in; type: sallyport user add NAME --config FILE --password-stdin'],
  ['user reset-mfa anna --config config/demo.yaml --reason x',
   'sallyport user reset-mfa: a reset needs --reason and --ticket; both are kept in the audit trail; type: sallyport user reset-mfa NAME --config FILE --reason "lost phone" --ticket OPS-1234'],
  ['user import --config config/demo.yaml',
   'sallyport user import: which people? There is no --file; type: sallyport user import --config FILE --file people.csv --totp otpauth.txt --links-file links.csv'],
  ['keys rotate --config config/demo.yaml --prepare --drop-old',
   'sallyport keys rotate: --prepare, --resume and --drop-old go one at a time; type: sallyport keys rotate --config FILE'],
  ['keys start-over --config config/demo.yaml --reason x',
   'sallyport keys start-over: this needs --reason and --ticket, kept in the audit trail, and --links-file; type: sallyport keys start-over --config FILE --reason "disk lost" --ticket OPS-1 --links-file links.csv --discard'],
  ['backup --config config/demo.yaml',
   'sallyport backup: where to? There is no --out; type: sallyport backup --config FILE --out FILE'],
  ['restore --config config/demo.yaml --from a --after-restore',
   'sallyport restore: either --from or --after-restore; type: sallyport restore --config FILE --from FILE'],
  ['sessions end-all --config config/demo.yaml',
   'sallyport sessions end-all: this needs --reason; it is kept in the audit trail; type: sallyport sessions end-all --config FILE --reason "clock was a year ahead, INC-7"'],
  ['tenant set acme --config config/demo.yaml',
   'sallyport tenant set: nothing to set; there are --mfa-required and --grace-days; type: sallyport tenant set NAME --config FILE --mfa-required yes --grace-days 14'],
  ['tenant set acme --config config/demo.yaml --mfa-required perhaps',
   'sallyport tenant set: --mfa-required is yes or no; type: sallyport tenant set NAME --config FILE --mfa-required yes --grace-days 14'],
  ['tenant set acme --config config/demo.yaml --grace-days -1',
   'sallyport tenant set: --grace-days is a number of whole days; type: sallyport tenant set NAME --config FILE --mfa-required yes --grace-days 14'],
  ['audit export --config config/demo.yaml --format xml',
   'sallyport audit export: there is no format "xml"; type: sallyport audit export --config FILE --format jsonl|csv|cef --since 24h'],
  ['audit export --config config/demo.yaml --since yesterday',
   'sallyport audit export: "yesterday" is no instant; it looks like 2026-03-01T12:00:00Z, or 24h; type: sallyport audit export --config FILE --format jsonl|csv|cef --since 24h'],
  ['explain --config config/demo.yaml GET',
   "sallyport explain: missing required argument 'URL'; type: sallyport explain --config FILE METHOD URL --user U --ip A --proofs password,totp@5m"],
  ['explain --config config/demo.yaml GTE /',
   'sallyport explain: "GTE" is no request method; did you mean "GET"? Type: sallyport explain --config FILE METHOD URL --user U --ip A --proofs password,totp@5m'],
  ['explain --config config/demo.yaml GET console',
   'sallyport explain: "console" is no address; it looks like http://localhost:8080/some/page or /some/page; type: sallyport explain --config FILE METHOD URL --user U --ip A --proofs password,totp@5m'],
  ['explain --config config/demo.yaml GET / --ip here',
   'sallyport explain: --ip here is no address; type: sallyport explain --config FILE METHOD URL --user U --ip A --proofs password,totp@5m'],
  ['explain --config config/demo.yaml GET / --proofs totq',
   'sallyport explain: "totq" is no way to prove something; did you mean "totp"? Type: sallyport explain --config FILE METHOD URL --user U --ip A --proofs password,totp@5m'],
  ['explain --config config/demo.yaml GET / --proofs totp@soon',
   'sallyport explain: "totp@soon" has no age that can be read; it looks like totp@5m; type: sallyport explain --config FILE METHOD URL --user U --ip A --proofs password,totp@5m'],
] as const;

describe('a command that is typed wrongly', () => {
  for (const [line, answer] of cases) {
    test(`sallyport ${line}`, async () => {
      const transcript = await runCommand(line.split(' ').filter((word) => word !== ''));
      assert.deepEqual(transcript, { code: 2, stdout: '', stderr: `${answer}\n` });
    });
  }

  test('cannot write to the terminal what would steer it', async () => {
    const { code, stderr } = await runCommand(['\u001b[2Jx\ny']);
    assert.equal(code, 2);
    assert.equal(stderr.split('\n').length, 2);
    assert.match(stderr, /^sallyport: there is no command "\\u\{1b\}\[2Jx\\u\{a\}y"; type: /);
  });
});

describe('help', () => {
  test('lists every command', async () => {
    const { code, stdout } = await runCommand(['--help']);
    assert.equal(code, 0);
    for (const { name } of commands) assert.ok(stdout.includes(`  ${name.split(' ')[0]} `), name);
  });

  test('says of one command how it is typed', async () => {
    const { code, stdout } = await runCommand(['user', 'add', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: sallyport user add NAME --config FILE --password-stdin\n/);
    assert.match(stdout, /--password-stdin {2}Read the password from the first line/);
  });

  test('says which version this is', async () => {
    const { code, stdout } = await runCommand(['--version']);
    assert.deepEqual(
      { code, isVersion: /^\d+\.\d+\.\d+\n$/.test(stdout) },
      { code: 0, isVersion: true },
    );
  });
});
