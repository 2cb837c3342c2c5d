/** What is answered from memory is what the database would say. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, describe, test } from 'node:test';
import { RememberedReads } from '../../../src/stores/sql/remembered-reads.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const select = 'select word from words where id = ?';

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a remembered read', () => {
  let folder: TemporaryFolder;
  let writer: DatabaseSync;
  let other: DatabaseSync;
  let reads: RememberedReads;

  before(() => {
    folder = temporaryFolder();
    const file = path.join(folder.path, 'words.db');
    writer = new DatabaseSync(file);
    writer.exec(
      'pragma journal_mode = wal; create table words (id integer primary key, word text)',
    );
    writer.exec(`insert into words values (1, 'one'), (2, 'two')`);
    other = new DatabaseSync(file);
    reads = new RememberedReads(new DatabaseSync(file, { readOnly: true }));
  });
  after(() => {
    writer.close();
    other.close();
    folder.remove();
  });
  beforeEach(() => {
    writer.exec(`update words set word = 'one' where id = 1`);
    reads.doubt();
  });

  const read = (id: number) => reads.read(select, [id], (row) => (row as { word: string }).word);

  test('is the same answer as long as nothing was committed', async () => {
    const first = read(1);
    await nextTurn();
    assert.equal(read(1), first);
    assert.deepEqual(read(2), ['two']);
    assert.deepEqual(read(3), []);
  });

  test('is made anew in the next turn after another process has committed', async () => {
    assert.deepEqual(read(1), ['one']);
    other.exec(`update words set word = 'uno' where id = 1`);
    await nextTurn();
    assert.deepEqual(read(1), ['uno']);
  });

  test('is made anew at once after a commit of our own', () => {
    assert.deepEqual(read(1), ['one']);
    writer.exec(`update words set word = 'eins' where id = 1`);
    reads.doubt();
    assert.deepEqual(read(1), ['eins']);
  });

  test('knows nothing of what is not committed', async () => {
    writer.exec('begin immediate');
    writer.exec(`update words set word = 'half' where id = 1`);
    await nextTurn();
    assert.deepEqual(read(1), ['one']);
    writer.exec('commit');
    await nextTurn();
    assert.deepEqual(read(1), ['half']);
  });

  test('notices a row that came to be after it was found missing', async () => {
    assert.deepEqual(read(9), []);
    other.exec(`insert into words values (9, 'nine')`);
    await nextTurn();
    assert.deepEqual(read(9), ['nine']);
  });
});
