import { compare, equal } from "../base/bytes.ts";
import { MAX_SKETCH_COUNTS, MAX_SKETCH_SYMBOLS } from "../base/limits.ts";
import { indexOfShortId, shortId, shortIdOf } from "../data/short_ids.ts";
import {
  type CodedSymbol,
  type Lacking,
  LACKING_PREFIX_BYTES,
  type LackingOf,
  type LeafBits,
  type Live,
  type Nodes,
  type ReconciliationMessage,
  type Sketch,
  type SketchMore,
} from "../wire/reconciliation.ts";
import { CodedSymbols } from "./coded_symbols.ts";
import { differingNodes, leavesOf, maxDiffering, nodesUnder, trimmed, wholeNodes } from "./compare_nodes.ts";
import { decodeDifference } from "./decode_difference.ts";
import { SetSketch } from "./set_sketch.ts";
import { Showing, type ShowingLink } from "./showing.ts";
import { areRangesCheaper, estimateDifference, isWorthCounts, symbolsFor } from "./sketch_size.ts";
import type { VersionSet } from "../data/version_set.ts";

/** Symbols that are sent at first: enough for one or two differences, which are the most frequent. */
const FIRST_SYMBOLS = 5;
/** Counts that are sent with them. */
const FIRST_COUNTS = 40;
/** Sketches that are decoded before ranges are compared instead. */
const MAX_ATTEMPTS = 5;
/** Messages that one side sends in the course of an honest reconciliation, at the most. */
const MAX_MESSAGES = 24;

/** How a reconciliation ended: as `Settled` says, or why this side gave up. */
export interface Outcome {
  readonly settled: "done" | "busy" | "failed";
  readonly reason: string;
}

/** What is to be done once there are so many symbols; with null where the set is too large for them. */
interface Goal {
  readonly size: number;
  readonly act: (sketch: SetSketch | null) => void;
}

/**
 * One reconciliation with one peer (lib/wire/PROTOCOL.md, "Reconciliation"): both sides find out which versions one has
 * live and the other has not, and show each other what explains it. Nothing here changes the set: what was shown comes
 * in as partial transactions, and is merged as such. Works in steps of some milliseconds.
 */
export class Reconciliation {
  readonly key: Uint8Array;
  /** Whether this side began. */
  readonly isFirst: boolean;
  readonly #set: VersionSet;
  readonly #link: ShowingLink;
  readonly #showing: Showing;
  #sketch: SetSketch | null = null;
  #goal: Goal | null = null;
  readonly #inbox: ReconciliationMessage[] = [];
  readonly #theirs: CodedSymbol[] = [];
  #sent = 0;
  #attempts = 0;
  #messages = 0;
  #unknown = 0;
  #outcome: Outcome | null = null;

  constructor(key: Uint8Array, isFirst: boolean, set: VersionSet, link: ShowingLink) {
    this.key = key;
    this.isFirst = isFirst;
    this.#set = set;
    this.#link = link;
    this.#showing = new Showing(set, link);
    if (isFirst) this.#with(FIRST_SYMBOLS + FIRST_COUNTS, (sketch) => this.#sendSymbols(sketch, FIRST_SYMBOLS));
  }

  /** How it ended; null while it runs. */
  get outcome(): Outcome | null {
    return this.#outcome;
  }

  /** Operations that were shown to the other. */
  get shown(): number {
    return this.#showing.shown;
  }

  /** Whether there is something to do now. */
  get canStep(): boolean {
    return this.#outcome === null && (this.#goal !== null || this.#inbox.length > 0 || this.#showing.canStep);
  }

  /** A message with this key came in. @returns whether that many are in order. */
  received(message: ReconciliationMessage): boolean {
    this.#inbox.push(message);
    return ++this.#messages <= MAX_MESSAGES;
  }

  /** Operations came in, and are merged: where one is replaced here, the other may not know by what. */
  merged(transaction: Uint8Array, indices: readonly number[]): void {
    this.#showing.judgeIds(indices.map((index) => shortIdOf({ transaction, index })), () => {});
  }

  /** Goes on for some milliseconds. */
  step(): void {
    if (this.#goal !== null) return this.#towards(this.#goal);
    const message = this.#inbox.shift();
    if (message !== undefined) return this.#take(message);
    if (!this.#showing.step()) this.fail("the link takes no more");
  }

  /** Gives up. */
  fail(reason: string): void {
    if (this.#outcome !== null) return;
    this.#outcome = { settled: "failed", reason };
    this.#link.send({ type: "settled", key: this.key, outcome: "failed" });
  }

  #take(message: ReconciliationMessage): void {
    switch (message.type) {
      case "sketch":
        return this.#takeSymbols(message);
      case "sketch_more":
        return this.#takeMore(message);
      case "nodes":
        return this.#takeNodes(message);
      case "live":
        return this.#takeLive(message);
      case "lacking":
        return this.#show(() => this.#showing.showIds(shortIdsOf(message), () => this.#unknown++));
      case "settled":
        this.#outcome = { settled: message.outcome, reason: message.outcome === "failed" ? "the other gave up" : "" };
    }
  }

  /** Does something with the symbols of this side's set; with null where it is too large for a sketch. */
  #with(size: number, act: (sketch: SetSketch | null) => void): void {
    this.#sketch ??= new SetSketch(this.#set, this.key);
    this.#goal = { size, act };
  }

  #towards({ size, act }: Goal): void {
    const sketch = this.#sketch as SetSketch;
    if (!sketch.isTooLarge && !sketch.isReady(size)) return sketch.step();
    this.#goal = null;
    act(sketch.isTooLarge ? null : sketch);
  }

  /** Sends the symbols up to a number. */
  #sendSymbols(sketch: SetSketch | null, size: number): void {
    if (sketch === null) return this.#compareRanges();
    const first = this.#sent;
    const symbols = Array.from({ length: size - first }, (_, i) => sketch.symbols.at(first + i));
    const counts = Uint8Array.from(
      { length: first === 0 ? FIRST_COUNTS : 0 },
      (_, i) => sketch.symbols.count(size + i),
    );
    this.#sent = size;
    this.#say({ type: "sketch", key: this.key, total: sketch.total, first, symbols, counts });
  }

  #takeSymbols({ total, first, symbols, counts }: Sketch): void {
    if (this.isFirst || first !== this.#theirs.length) return this.fail("symbols out of order");
    this.#theirs.push(...symbols);
    const size = this.#theirs.length;
    this.#with(Math.max(size + counts.length, MAX_SKETCH_COUNTS), (sketch) => {
      if (sketch === null) return this.#compareRanges();
      const theirs = new CodedSymbols(this.key, size);
      for (const [i, symbol] of this.#theirs.entries()) theirs.set(i, symbol);
      const difference = theirs.minus(sketch.symbols);
      const differences = [
        ...Array.from({ length: size }, (_, i) => difference.count(i)),
        ...Array.from(counts, (count, i) => count - sketch.symbols.count(size + i)),
      ];
      const decoded = decodeDifference(difference);
      if (decoded === "wrong") return this.fail("symbols of no set");
      if (decoded === "short") {
        return this.#askForMore(sketch, estimateDifference(total - sketch.total, differences), differences.length);
      }
      this.#settle(decoded.second, decoded.first);
    });
  }

  /** The symbols were too few: asks for more, or for their number, or compares ranges. */
  #askForMore(sketch: SetSketch, difference: number, counted: number): void {
    const least = Math.ceil(1.25 * this.#theirs.length);
    const size = Math.max(symbolsFor(difference, counted), least);
    const isTooMany = size > MAX_SKETCH_SYMBOLS || ++this.#attempts === MAX_ATTEMPTS;
    if (isTooMany || areRangesCheaper(difference, leavesOf(this.#set))) return this.#compareRanges();
    const tellsCounts = this.#attempts === 1 && isWorthCounts(difference);
    const counts = Uint8Array.from(
      { length: tellsCounts ? MAX_SKETCH_COUNTS : 0 },
      (_, i) => sketch.symbols.count(i),
    );
    this.#say({ type: "sketch_more", key: this.key, size: tellsCounts ? 0 : size, total: sketch.total, counts });
  }

  #takeMore({ size, total, counts }: SketchMore): void {
    if (!this.isFirst || this.#sent === 0) return this.fail("more symbols of nothing");
    this.#with(Math.max(size, counts.length), (sketch) => {
      let wanted = size;
      if (sketch !== null && wanted === 0) {
        const differences = Array.from(counts, (count, i) => sketch.symbols.count(i) - count);
        const difference = estimateDifference(sketch.total - total, differences);
        if (areRangesCheaper(difference, leavesOf(this.#set))) return this.#compareRanges();
        wanted = symbolsFor(difference, counts.length);
      }
      if (wanted > MAX_SKETCH_SYMBOLS) return this.#compareRanges();
      if (wanted <= this.#sent) return this.fail("more symbols that were sent before");
      this.#with(wanted, (ready) => this.#sendSymbols(ready, wanted));
    });
  }

  /** The difference is known: shows what the other lacks, and asks for what this side lacks. */
  #settle(own: readonly Uint8Array[], theirs: readonly Uint8Array[]): void {
    const lacking: Uint8Array[] = [];
    this.#showing.showIds(own.toSorted(compare), () => this.#unknown++);
    this.#showing.judgeIds(theirs.toSorted(compare), (id) => lacking.push(id));
    this.#showing.then(() => {
      // What this side is said to have, and does not have, is of symbols that were made up.
      if (this.#unknown > 0) return this.fail("symbols of no set");
      this.#say({ type: "lacking", key: this.key, transactions: byTransaction(lacking) });
    });
  }

  #compareRanges(): void {
    this.#say({ type: "nodes", key: this.key, ...wholeNodes(this.#set) });
  }

  #takeNodes(message: Nodes): void {
    const { level } = message;
    const differing = differingNodes(this.#set, message, maxDiffering(level));
    if (level > 0) {
      const writers = nodesUnder(this.#set, level - 1, differing);
      return this.#say({ type: "nodes", key: this.key, level: level - 1, isWhole: false, writers });
    }
    const writers = differing.map(({ writer }) => ({ writer, leaves: [] as LeafBits[] }));
    for (const [i, { writer, nodes }] of differing.entries()) {
      for (const leaf of nodes) {
        const read = () => writers[i]?.leaves.push({ leaf, bits: trimmed(this.#set.bits(writer, leaf)) });
        this.#showing.then(read);
      }
    }
    this.#showing.then(() => this.#say({ type: "live", key: this.key, isLacking: false, writers }));
  }

  #takeLive({ isLacking, writers }: Live): void {
    if (isLacking) {
      return this.#show(() => {
        for (const { writer, leaves } of writers) for (const leaf of leaves) this.#showing.showLeaf(writer, leaf);
      });
    }
    const lacking = writers.map(({ writer }) => ({ writer, leaves: [] as LeafBits[] }));
    for (const [i, { writer, leaves }] of writers.entries()) {
      for (const leaf of leaves) {
        this.#showing.compareLeaf(writer, leaf, (lacked) => {
          if (lacked.bits.length > 0) lacking[i]?.leaves.push(lacked);
        });
      }
    }
    this.#showing.then(() => {
      const some = lacking.filter(({ leaves }) => leaves.length > 0);
      this.#say({ type: "live", key: this.key, isLacking: true, writers: some });
    });
  }

  /** Shows what the other asked for; with that, all is said. */
  #show(queue: () => void): void {
    queue();
    this.#showing.then(() => {
      if (this.#unknown > 0) return this.fail("it asked for versions that nobody has");
      this.#say({ type: "settled", key: this.key, outcome: "done" });
      this.#outcome ??= { settled: "done", reason: "" };
    });
  }

  #say(message: ReconciliationMessage): void {
    if (!this.#link.send(message)) this.fail("the link takes no more");
  }
}

/** Short ids in order as they are asked for. */
function byTransaction(ids: readonly Uint8Array[]): LackingOf[] {
  const out: { prefix: Uint8Array; indices: Set<number> }[] = [];
  for (const id of ids) {
    const prefix = id.subarray(0, LACKING_PREFIX_BYTES);
    let last = out.at(-1);
    if (last === undefined || !equal(last.prefix, prefix)) out.push(last = { prefix, indices: new Set() });
    last.indices.add(indexOfShortId(id));
  }
  return out.map(({ prefix, indices }) => ({ prefix, indices: [...indices].sort((a, b) => a - b) }));
}

function shortIdsOf({ transactions }: Lacking): Uint8Array[] {
  return transactions.flatMap(({ prefix, indices }) => indices.map((index) => shortId(prefix, index)));
}
