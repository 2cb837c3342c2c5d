/**
 * Writes into the audit trail by which configuration the gateway goes: at its start and when it is
 * told to read it anew. Rules and policy are in there, so that a change of it changes who gets in.
 */

import { createHash } from 'node:crypto';

import type { Config } from '../../config/config.ts';
import { defaultTenant } from '../../core/ids.ts';
import type { FlowContext } from '../flow-context.ts';

/** What happened to the configuration. */
export type ConfigurationNews =
  | { readonly how: 'start' }
  | {
      readonly how: 'reload';
      readonly before: Config;
      /** Keys that differ now and take effect at the next start only. */
      readonly needsRestart: readonly string[];
    };

/**
 * Writes the event, however many wait to be sent on: a reload is the way out of that. Never
 * rejects: the configuration is in force already.
 */
export async function noteConfiguration(
  { clock, config, log, stores }: Pick<FlowContext, 'clock' | 'config' | 'log' | 'stores'>,
  news: ConfigurationNews,
): Promise<void> {
  const current = config.current();
  try {
    await stores.audit.appendAll([
      {
        at: clock.now(),
        type: 'settings.changed',
        severity: news.how === 'start' ? 'info' : 'notice',
        actor: 'system',
        subject: null,
        tenant: defaultTenant,
        ip: null,
        userAgent: null,
        session: null,
        requestId: null,
        details: {
          what: 'configuration',
          how: news.how,
          file: current.file ?? '',
          fingerprint: fingerprintOf(current),
          ...(news.how === 'reload' && {
            changed: changedSections(news.before, current),
            needsRestart: news.needsRestart,
          }),
        },
      },
    ]);
  } catch (error) {
    log.error({ err: error }, 'the configuration in force could not be written into the trail');
  }
}

/** The same for configurations that say the same; secrets do not count. */
export function fingerprintOf(config: Config): string {
  // What depends on the machine and not on what was written does not count either.
  return createHash('sha256')
    .update(textOf({ ...config, file: null }))
    .digest('hex');
}

function changedSections(before: Config, after: Config): readonly string[] {
  const sections = Object.keys(after) as (keyof Config)[];
  return sections.filter((section) => textOf(before[section]) !== textOf(after[section]));
}

/** Secrets write themselves as `[secret]`; functions are left out, and say in words what they do. */
function textOf(value: unknown): string {
  return JSON.stringify(value ?? null, (_name, member: unknown) => {
    if (member instanceof Map) return [...(member as ReadonlyMap<string, unknown>)];
    return member instanceof Set ? [...(member as ReadonlySet<unknown>)] : member;
  });
}
