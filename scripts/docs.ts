/**
 * Writes docs/reference/: reasons and problems, out of the closed lists that the program uses.
 * `npm run docs` writes, `npm run docs -- --check` fails when what is written is stale.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { reasons } from '../src/core/policy/reasons.ts';
import { type ProblemCode, problemTypes } from '../src/core/problem.ts';
import { loadWords } from '../src/web/words.ts';

const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'docs/reference');
const words = loadWords(path.join(root, 'views/words'), 'en');

const pages = {
  'reasons.md': `# Reasons

Every decision carries one. The same code stands in the log, the metrics, the audit trail and in what \`explain\` prints.

| code | means |
|---|---|
${Object.entries(reasons)
  .map(([code, sentence]) => `| \`${code}\` | ${sentence} |`)
  .join('\n')}
`,
  'problems.md': `# Problems

What a caller is told who cannot go on: a page for people, \`application/problem+json\` (RFC 9457) for programs. The code stands in
the member \`code\`, in the header \`Sallyport-Response\`, and each has a page at \`{portal}/problems/<code>\`.

| code | status | means | what to do |
|---|---|---|---|
${Object.entries(problemTypes)
  .map(([code, { status }]) => problemRow(code as ProblemCode, status))
  .join('\n')}
`,
};

const isCheck = process.argv.includes('--check');
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(pages)) {
  const file = path.join(folder, name);
  if (!isCheck) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`docs/reference/${name} is stale: npm run docs\n`);
    process.exitCode = 1;
  }
}

function problemRow(code: ProblemCode, status: number): string {
  const means = words.say(`problem.${code}.means`);
  const next = words.say(`problem.${code}.next`);
  return `| \`${code}\` | ${String(status)} | ${means} | ${next} |`;
}
