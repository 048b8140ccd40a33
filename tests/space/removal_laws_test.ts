import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { versionKey } from "../../lib/space/acts.ts";
import { Membership } from "../../lib/space/membership.ts";
import type { RemovalPort } from "../../lib/space/removal.ts";
import type { Frontier } from "../../lib/wire/frontier.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { Prng } from "../sim/prng.ts";
import { NaiveJudge, type Told } from "./naive_judge.ts";
import { RemovalHistory } from "./removal_history.ts";

const HISTORIES = 500;
const STEPS = 45;

/** A peer that applies transactions in some order, as `Applier` does. */
class Replica {
  readonly undone = new Set<string>();
  readonly membership: Membership;
  readonly #rows: Told[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #contexts: number[][] = [[]];
  readonly #contextOf = new Map<number, number>();
  readonly #space: Uint8Array;

  constructor(space: Uint8Array) {
    this.#space = space;
    const port: RemovalPort = {
      isInside: (frontier, row) => this.#isInside(frontier, row),
      isUndone: (row) => this.undone.has((this.#rows[row - 1] as Told).id),
      dataOf: (peer) =>
        this.#rows.flatMap(({ header, id }, i) =>
          header.class === "data" && toHex(header.peer) === toHex(peer)
            ? [{
              row: i + 1,
              standing: versionKey(header.standing as VersionId),
              context: this.#contextOf.get(this.#rowOf.get(id) as number) as number,
              operations: 1,
            }]
            : []
        ),
    };
    this.membership = new Membership((context) => this.#contexts[context] as number[], () => true, port);
  }

  /** Why it is refused, or null where it was applied. */
  apply(told: Told): string | null {
    const context = this.#contextFor(told);
    const transaction = {
      id: told.bytes,
      header: told.header,
      operations: told.operations.map((operation) => ({ operation })),
    };
    const refusal = this.membership.judge(transaction as never, context, this.#space);
    if (refusal !== null) return refusal;
    if (told.header.class === "data") this.settle();
    if (told.header.class === "data" && this.membership.undoerOf(told.header, context, null) !== null) {
      this.undone.add(told.id);
    }
    const row = this.#rows.push(told);
    this.#rowOf.set(told.id, row);
    this.#contextOf.set(row, context);
    if (told.header.class === "membership") {
      this.membership.add({ id: told.bytes, header: told.header }, told.operations, row, context);
    }
    return null;
  }

  /** As at the end of a turn, which takes a step through the data where there is something to judge. */
  settle(): void {
    const { removal } = this.membership;
    const acts = removal.takeActs();
    if (acts === null) return;
    this.#undo(acts);
    this.goOn(2);
  }

  /** Takes the next step through the data. */
  goOn(operations: number): void {
    this.#undo(this.membership.removal.takeData(operations));
  }

  #undo(changes: ReadonlyMap<number, boolean>): void {
    for (const [row, isUndone] of changes) {
      const { id } = this.#rows[row - 1] as Told;
      assert(this.undone.has(id) !== isUndone, "a change is one");
      if (isUndone) this.undone.add(id);
      else this.undone.delete(id);
    }
  }

  #contextFor({ header }: Told): number {
    const rows = new Set<number>();
    for (const parent of [...(header.previous === null ? [] : [header.previous]), ...header.parents]) {
      const row = this.#rowOf.get(toHex(parent)) as number;
      for (const before of this.#contexts[this.#contextOf.get(row) as number] as number[]) rows.add(before);
      const isAct = (this.#rows[row - 1] as Told).header.class === "membership";
      if (isAct && this.membership.isJudgedBy(row)) rows.add(row);
    }
    const sorted = [...rows].sort((a, b) => a - b);
    const known = this.#contexts.findIndex((context) => context.join() === sorted.join());
    return known >= 0 ? known : this.#contexts.push(sorted) - 1;
  }

  #isInside(frontier: Frontier, row: number): boolean {
    const { header, id } = this.#rows[row - 1] as Told;
    const heads = frontier.filter(({ writer }) => toHex(writer.peer) === toHex(header.peer)).flatMap(({ heads }) =>
      heads
    );
    return heads.some(({ sequence }) => header.sequence <= sequence) && this.#rowOf.has(id);
  }
}

/** The history in another order in which parents come before children. */
function shuffled(history: readonly Told[], prng: Prng): Told[] {
  const waiting = [...history];
  const done = new Set<string>();
  const order: Told[] = [];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ header }) =>
      [...(header.previous === null ? [] : [header.previous]), ...header.parents].every((id) => done.has(toHex(id)))
    );
    const next = prng.pick(ready);
    waiting.splice(waiting.indexOf(next), 1);
    done.add(next.id);
    order.push(next);
  }
  return order;
}

function membersOf({ membership }: Replica): string[] {
  const members = membership.members().map(({ peer, role, prefix }) => `${toHex(peer)} ${role} ${prefix}`);
  return members.sort();
}

Deno.test(`in whatever order ${HISTORIES} histories arrive, who prevails is what a naive judge says of the whole`, () => {
  const seen = { undone: 0, removed: 0, refused: 0, back: 0, halfway: 0 };
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const prng = new Prng(seed);
    const { accepted, refused, lockedOut } = new RemovalHistory(prng, STEPS);
    const naive = new NaiveJudge(accepted);
    const undone = [...naive.undone()].sort();
    const space = (accepted[0] as Told).bytes;
    for (let order = 0; order < 2; order++) {
      const replica = new Replica(space);
      const what = `history ${seed}, order ${order}`;
      for (const told of shuffled(accepted, prng)) {
        assertEquals(replica.apply(told), null, `${what}: ${told.id} is accepted`);
        const before = replica.undone.size;
        if (prng.chance(0.3)) replica.settle();
        if (replica.membership.removal.isOpen) seen.halfway++;
        if (prng.chance(0.3)) replica.goOn(prng.between(1, 20));
        if (replica.undone.size < before) seen.back++;
      }
      replica.settle();
      while (replica.membership.removal.isOpen) replica.goOn(3);
      for (const told of refused) assert(replica.apply(told) !== null, `${what}: ${told.id} is refused`);
      assertEquals([...replica.undone].sort(), undone, `${what}: what is undone`);
      const members = naive.members();
      for (const member of membersOf(replica)) assert(members.includes(member), `${what}: ${member}`);
      assertEquals(
        new Set(membersOf(replica).map((text) => text.split(" ")[0])),
        new Set(members.map((text) => text.split(" ")[0])),
        `${what}: members`,
      );
    }
    assertEquals(lockedOut, null, `history ${seed}: a member's write is accepted`);
    seen.undone += undone.length;
    seen.refused += refused.length;
    seen.removed += accepted.filter(({ operations }) =>
      operations.some((operation) =>
        operation.kind === "revoke" && operation.frontier !== null
      )
    ).length;
  }
  for (const [what, count] of Object.entries(seen)) assert(count > 0, `${count} ${what}`);
});
