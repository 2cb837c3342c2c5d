/**
 * Who is present, when thousands come and go in a second.
 *
 * An array in which each member knows its place. A `Set` would do, but its outgrown tables hold on
 * to whatever was in them until the next full garbage collection, and a `WeakMap` keeps its keys
 * from the quick ones; under load either costs more than the requests themselves.
 */

/** Something that can be on a roster; on one at a time. */
export interface Member {
  /** Its place, kept by the roster; negative while it is on none. */
  place: number;
}

/** A roster. Joining and leaving cost the same however many are on it. */
export class Roster<Present extends Member> {
  readonly #members: Present[] = [];

  get size(): number {
    return this.#members.length;
  }

  join(member: Present): void {
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** Takes a member off; nothing happens when it is not on. */
  leave(member: Present): void {
    if (member.place < 0) return;
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
  }

  /** Those present now, as a list of its own. */
  members(): Present[] {
    return [...this.#members];
  }
}
