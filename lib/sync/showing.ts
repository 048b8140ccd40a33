import { DIGEST_LEAF_OPERATIONS, MAX_MESSAGE_TRANSACTIONS } from "../base/limits.ts";
import type { Message } from "../wire/message.ts";
import { type PartialBytes, partialSizeBytes } from "../wire/partial.ts";
import type { LeafBits } from "../wire/reconciliation.ts";
import type { WriterId } from "../wire/transaction.ts";
import { trimmed } from "./compare_nodes.ts";
import type { Place, VersionSet } from "../data/version_set.ts";

/** Versions that are looked up at a time: about 2 ms. */
const STEP_VERSIONS = 64;
/** Transactions of which operations are gathered before they are sent, so that most of one transaction go together. */
const MAX_GATHERED = 64;
/** Bytes of one message of them, or so: small enough for the other to take one in while the next is made. */
const MESSAGE_BYTES = 64 * 1024;

/** Where what is shown goes. */
export interface ShowingLink {
  /** Queues a bulk message; false where it found no room, which ends the reconciliation. */
  send(message: Message): boolean;
  /** Whether the link's queue has room for more. */
  hasRoom(): boolean;
}

/** What a side of a reconciliation has to show: looked up, gathered by transaction, and sent step by step, in order. */
export class Showing {
  readonly #set: VersionSet;
  readonly #link: ShowingLink;
  readonly #work: (Generator<void> | (() => void))[] = [];
  readonly #gathered = new Map<number, Set<number>>();
  #list: PartialBytes[] = [];
  #listBytes = 0;
  /** Operations that were sent. */
  shown = 0;
  /** Operations that could not be proven here. */
  unproven = 0;

  constructor(set: VersionSet, link: ShowingLink) {
    this.#set = set;
    this.#link = link;
  }

  /** Shows versions that are in the set. @param unknown is told of ids that are not held at all. */
  showIds(ids: readonly Uint8Array[], unknown: (id: Uint8Array) => void = () => {}): void {
    this.#work.push(this.#eachId(ids, (places, id) => {
      if (places.length === 0) unknown(id);
      for (const place of places) this.#show(place);
    }));
  }

  /** Of versions that the other has: shows what replaced them, or tells that they are lacked. */
  judgeIds(ids: readonly Uint8Array[], lacked: (id: Uint8Array) => void): void {
    this.#work.push(this.#eachId(ids, (places, id) => {
      if (places.length === 0) lacked(id);
      for (const place of places) if (this.#isLacked(place)) lacked(id);
    }));
  }

  /** Shows versions of a leaf. */
  showLeaf(writer: WriterId, leaf: LeafBits): void {
    this.#work.push(this.#eachNumber(writer, leaf, (places) => {
      for (const place of places) this.#show(place);
    }));
  }

  /**
   * Compares the live versions of a leaf with the other's: shows those that it lacks, and what replaced its own.
   *
   * @param lacked is told, at the end, those of the other's that are lacked here.
   */
  compareLeaf(writer: WriterId, leaf: LeafBits, lacked: (leaf: LeafBits) => void): void {
    this.#work.push(this.#compare(writer, leaf, lacked));
  }

  /** Shows what replaced a version. */
  showReplacers(place: Place): void {
    for (const replacer of this.#set.replacersOf(place)) this.#gather(replacer);
  }

  /** Does something once all before it was sent. */
  then(act: () => void): void {
    this.#work.push(act);
  }

  /** Whether there is something to do, and room for it. */
  get canStep(): boolean {
    return (this.#work.length > 0 || this.#gathered.size > 0 || this.#list.length > 0) && this.#link.hasRoom();
  }

  /** Goes on for about 2 ms, or one transaction. @returns false where the link takes no more. */
  step(): boolean {
    const [next] = this.#work;
    const mustFlush = next === undefined || typeof next === "function" || this.#gathered.size >= MAX_GATHERED;
    if (mustFlush && this.#gathered.size > 0) {
      this.#prove();
      return this.#listBytes < MESSAGE_BYTES && this.#list.length < MAX_MESSAGE_TRANSACTIONS ||
        this.#send();
    }
    if (mustFlush && this.#list.length > 0) return this.#send();
    if (next === undefined) return true;
    if (typeof next === "function") {
      this.#work.shift();
      next();
    } else if (next.next().done) this.#work.splice(this.#work.indexOf(next), 1);
    return true;
  }

  *#eachId(ids: readonly Uint8Array[], take: (places: readonly Place[], id: Uint8Array) => void): Generator<void> {
    for (const [i, id] of ids.entries()) {
      take(this.#set.byShortId(id), id);
      if (i % STEP_VERSIONS === STEP_VERSIONS - 1) yield;
    }
  }

  *#compare(writer: WriterId, { leaf, bits }: LeafBits, lacked: (leaf: LeafBits) => void): Generator<void> {
    const own = this.#set.bits(writer, leaf);
    const theirs = new Uint8Array(own.length);
    theirs.set(bits);
    // Where bits can't tell, both sides show what they have.
    const forked = this.#set.forkedBits(writer, leaf);
    const onlyOwn = own.map((byte, i) => byte & (~(theirs[i] as number) | (forked[i] as number)));
    const onlyTheirs = theirs.map((byte, i) => byte & (~(own[i] as number) | (forked[i] as number)));
    const lacking = new Uint8Array(own.length);
    yield* this.#eachNumber(writer, { leaf, bits: onlyOwn }, (places) => {
      for (const place of places) this.#show(place);
    });
    yield* this.#eachNumber(writer, { leaf, bits: onlyTheirs }, (places, number) => {
      const bit = number - leaf * DIGEST_LEAF_OPERATIONS;
      const isLacked = places.length === 0 || places.filter((place) => this.#isLacked(place)).length > 0;
      if (isLacked) lacking[bit >> 3]! |= 1 << (bit & 7);
    });
    lacked({ leaf, bits: trimmed(lacking) });
  }

  *#eachNumber(
    writer: WriterId,
    { leaf, bits }: LeafBits,
    take: (places: readonly Place[], operationNumber: number) => void,
  ): Generator<void> {
    let looked = 0;
    for (let bit = 0; bit < 8 * bits.length; bit++) {
      if ((((bits[bit >> 3] as number) >> (bit & 7)) & 1) === 0) continue;
      const number = leaf * DIGEST_LEAF_OPERATIONS + bit;
      take(this.#set.byNumber(writer, number), number);
      if (++looked % STEP_VERSIONS === 0) yield;
    }
  }

  #show(place: Place): void {
    const state = this.#set.stateOf(place);
    if (state === "live" || state === "replaced") this.#gather(place);
    // It was live when it was compared: the other gets to know both, and can tell.
    if (state === "replaced") this.showReplacers(place);
  }

  /** Whether a version that the other has is lacked here; what replaced it is shown. */
  #isLacked(place: Place): boolean {
    const state = this.#set.stateOf(place);
    if (state === "replaced") this.showReplacers(place);
    return state === "absent";
  }

  #gather({ transactionRow, index }: Place): void {
    const indices = this.#gathered.get(transactionRow);
    if (indices === undefined) this.#gathered.set(transactionRow, new Set([index]));
    else indices.add(index);
  }

  #prove(): void {
    const [entry] = this.#gathered;
    if (entry === undefined) return;
    const [row, indices] = entry;
    this.#gathered.delete(row);
    const partial = this.#set.prove(row, indices);
    this.unproven += indices.size - (partial?.operations.length ?? 0);
    if (partial === null || partial.operations.length === 0) return;
    this.shown += partial.operations.length;
    this.#list.push(partial);
    this.#listBytes += partialSizeBytes(partial);
  }

  #send(): boolean {
    const list = this.#list;
    this.#list = [];
    this.#listBytes = 0;
    return this.#link.send({ type: "partials", list });
  }
}
