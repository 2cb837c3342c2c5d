/** `/admin/evidence`: the reports there are, and another one. */

import type { SessionFacts } from '../../../core/facts.ts';
import { Problem } from '../../../core/problem.ts';
import { listEvidence } from '../../../flows/evidence/read-evidence.ts';
import { type Answer, type Exchange, showPage } from '../../exchange.ts';
import { administratorOf, mayDo } from '../administrator.ts';
import { afterwards, noticeIn } from '../done.ts';
import { momentsOf } from '../moment.ts';
import type { AdminEvidencePage } from './evidence-views.ts';
import { outcomeBadge } from './report-view.ts';

const path = '/admin/evidence';

/** How long a page waits for a run before it says that one is under way. */
const patienceMilliseconds = 8000;

/** Shows the reports. */
export async function showEvidence(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts } = exchange;
  const { words } = parts.renderer;
  const { say } = words;
  const records = await listEvidence(parts.flows, administratorOf(exchange));
  const { running, failure } = parts.evidence.state();
  const moment = momentsOf(exchange);
  const page: AdminEvidencePage = {
    page: 'admin-evidence',
    running:
      running === null
        ? null
        : say('evidence.running', { by: running.by, since: moment(running.since).relative }),
    failure: failure === null ? null : say(`evidence.failed.${failure.why}`),
    collect:
      running !== null || !mayDo(exchange, 'manage')
        ? null
        : {
            path,
            action: 'collect',
            label: say('evidence.collect'),
            question: say('evidence.collect.question'),
            confirm: say('evidence.collect.confirm'),
            isDangerous: false,
          },
    reports: records.map(({ id, at, by, isPassed }) => ({
      path: `${path}/${id}`,
      moment: moment(at),
      by,
      outcome: outcomeBadge(isPassed ? 'passed' : 'failed', words),
    })),
    empty: {
      title: say('evidence.empty'),
      text: say('evidence.empty.text'),
      action: null,
    },
    notice: running === null ? noticeIn(exchange) : null,
  };
  return showPage(page);
}

/** Collects evidence; goes on to the report when it is there soon. */
export async function submitEvidence(exchange: Exchange<SessionFacts>): Promise<Answer> {
  const { parts, form } = exchange;
  if (form.get('action') !== 'collect') {
    throw new Problem('invalid-request', { detail: 'The form does not say what to do.' });
  }
  const { done } = await parts.evidence.start(administratorOf(exchange));
  const report = await soon(done);
  return report === null
    ? afterwards(exchange, path, 'evidence-running')
    : afterwards(exchange, `${path}/${report.id}`, 'evidence-collected');
}

/** What comes of it within a page's patience; null: nothing yet, or no report. */
async function soon<Value>(done: Promise<Value | null>): Promise<Value | null> {
  const patience = AbortSignal.timeout(patienceMilliseconds);
  const over = new Promise<null>((resolve) => {
    patience.addEventListener('abort', () => resolve(null), { once: true });
  });
  return Promise.race([done, over]);
}
