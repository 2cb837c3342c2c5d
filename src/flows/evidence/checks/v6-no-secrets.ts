/** V6: no secret of the run stands where people look: in the trail, in exports, in the log, in clear. */

import type { AuditEvent } from '../../../core/audit-event.ts';
import { hashedDocument, auditFormats } from '../../../core/audit-formats.ts';
import type { Verification } from '../report.ts';
import type { Find } from '../run/kept-secrets.ts';
import type { Run } from '../run/run.ts';
import { captureTexts } from '../run/stored-texts.ts';
import { verify, type Seen, type Verifying } from '../run/verifying.ts';
import { everyEvent } from './events.ts';

const title = 'No MFA secret or recovery code stands in logs, audit or exports.';

/** Looks for every secret of the verifications before this one. */
export async function verifyNoSecrets(run: Run): Promise<Verification> {
  return verify('V6', title, run, async (v) => {
    // What is looked for in every place beside the secrets: a search that does not find what is
    // there finds nothing out.
    const marker = run.everybody[0]?.user.id ?? '';
    if (marker === '') {
      v.skip(
        { what: title },
        'Nothing else could be tried, so that there are no secrets to look for.',
      );
      return;
    }
    const events = await everyEvent(run);
    await checkTrail(v, run, events, marker);
    await checkExports(v, run, events, marker);
    await checkLog(v, run);
    await checkDatabase(v, run, marker);
  });
}

async function checkTrail(
  v: Verifying,
  run: Run,
  events: readonly AuditEvent[],
  marker: string,
): Promise<void> {
  await v.check(
    {
      what: 'The audit trail holds no secret of this run.',
      how: `Every event of the run is read back and looked through for ${secretsInWords(run)}, in each spelling that a program might use.`,
      expected: 'None found; the people of the run are, so that the search works.',
    },
    () =>
      judge(
        run,
        events.map((event) => ({
          place: `the event ${event.type}`,
          text: JSON.stringify(hashedDocument(event)),
        })),
        { marker, counted: 'events' },
      ),
  );
}

async function checkExports(
  v: Verifying,
  run: Run,
  events: readonly AuditEvent[],
  marker: string,
): Promise<void> {
  for (const [name, format] of Object.entries(auditFormats)) {
    await v.check(
      {
        what: `An export as ${name.toUpperCase()} holds none.`,
        how: 'The events of the run are written in this format, as the command and the page do, and looked through in the same way.',
        expected: 'None found; the people of the run are.',
      },
      () => {
        const lines = events.map((event) => format.line(event));
        const texts = lines.map((text) => ({ place: `the export as ${name}`, text }));
        return judge(run, texts, { marker, counted: 'lines' });
      },
    );
  }
}

async function checkLog(v: Verifying, run: Run): Promise<void> {
  const { lines } = run;
  const what = 'The log of this process holds none.';
  const finds = findsIn('the log', lines.kinds());
  const isHeard = lines.hasOwn(run.id);
  if (!isHeard && finds.length === 0) {
    const why = `The log is at a level at which nothing of a run is written (${run.config.logLevel}): there was nothing to look through.`;
    v.skip({ what }, why);
    return;
  }
  await v.check(
    {
      what,
      how: 'Every line that the process wrote while the run lasted, as it was written, was looked through; codes of few digits in the lines of the run itself only.',
      expected: 'None found; the line with which the run began is.',
    },
    () => ({
      passed: finds.length === 0,
      seen: `${findsInWords(finds)} ${String(lines.ownCount)} lines of the run, ${String(lines.othersCount)} others.`,
    }),
  );
}

async function checkDatabase(v: Verifying, run: Run, marker: string): Promise<void> {
  await captureTexts(run);
  await v.check(
    {
      what: 'The database holds none in clear.',
      how: 'Every column of text of every table was read several times while the run lasted, also while a secret waited for its first code and codes waited to be shown: all rows about its people and their tenant, and of tables about nobody all rows. It was looked through in the same way.',
      expected: 'None found; the people of the run are.',
    },
    () => {
      const texts = [...run.texts].flatMap(([place, some]) =>
        [...some].map((text) => ({ place, text })),
      );
      const judged = judge(run, texts, { marker, counted: 'texts' });
      return { ...judged, seen: `${judged.seen} Columns: ${String(run.texts.size)}.` };
    },
  );
}

function judge(
  run: Run,
  texts: readonly { readonly place: string; readonly text: string }[],
  { marker, counted }: { readonly marker: string; readonly counted: string },
): Seen {
  const finds = texts.flatMap(({ place, text }) => findsIn(place, run.secrets.kindsIn(text)));
  const isMarkerThere = texts.some(({ text }) => text.includes(marker));
  return {
    passed: finds.length === 0 && isMarkerThere,
    seen: `${findsInWords(finds)} ${String(texts.length)} ${counted} looked through; the people of the run ${isMarkerThere ? 'were' : 'were not'} found in them.`,
  };
}

function findsIn(place: string, kinds: readonly Find['kind'][]): readonly Find[] {
  return kinds.map((kind) => ({ kind, place }));
}

function findsInWords(finds: readonly Find[]): string {
  if (finds.length === 0) return 'None found.';
  const words = [...new Set(finds.map(({ kind, place }) => `${kind} in ${place}`))];
  return `Found: ${words.join(', ')}.`;
}

function secretsInWords({ secrets }: Run): string {
  const counts = [...secrets.counts()].map(([kind, count]) => `${kind} (${String(count)})`);
  return counts.length === 0 ? 'nothing' : counts.join(', ');
}
