/** Reports of evidence. */

import type { EvidenceId } from '../../core/ids.ts';
import type { EvidenceStore } from '../types/administration.ts';
import { isStorable } from './storable.ts';
import type { Db } from './tables.ts';

/** The reports in a database. */
export function sqlEvidence(db: Db): EvidenceStore {
  return {
    async add({ id, at, by, isPassed, report }) {
      await db
        .insertInto('evidence_reports')
        .values({ id, at, by, is_passed: isPassed ? 1 : 0, report })
        .execute();
    },

    async find(id) {
      if (!isStorable(id)) return null;
      const row = await db
        .selectFrom('evidence_reports')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined) return null;
      const { at, by, report } = row;
      return { id, at, by, isPassed: row.is_passed !== 0, report };
    },

    async list(limit) {
      const rows = await db
        .selectFrom('evidence_reports')
        .select(['id', 'at', 'by', 'is_passed'])
        .orderBy('at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(({ id, at, by, is_passed: passed }) => ({
        id: id as EvidenceId,
        at,
        by,
        isPassed: passed !== 0,
      }));
    },
  };
}
