/** A roster has on it whoever joined and has not left. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type Member, Roster } from '../../../src/gateway/roster.ts';

describe('a roster', () => {
  test('has on it whoever joined and has not left, in whatever order they come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 })), (turns) => {
        const people: Member[] = Array.from({ length: 10 }, () => ({ place: -1 }));
        const roster = new Roster<Member>();
        const present = new Set<Member>();
        for (const turn of turns) {
          const member = people[turn] ?? { place: -1 };
          if (present.delete(member)) {
            roster.leave(member);
          } else {
            present.add(member);
            roster.join(member);
          }
          assert.equal(roster.size, present.size);
          assert.deepEqual(new Set(roster.members()), present);
        }
      }),
    );
  });

  test('takes no notice of who leaves twice', () => {
    const roster = new Roster<Member>();
    const [one, two] = [{ place: -1 }, { place: -1 }];
    roster.join(one);
    roster.join(two);
    roster.leave(one);
    roster.leave(one);
    assert.deepEqual(roster.members(), [two]);
  });
});
