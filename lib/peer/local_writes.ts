import { compare, toHex, utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import {
  MAX_KEY_BYTES,
  MAX_NAMES,
  MAX_OPERATIONS,
  MAX_PARENTS,
  MAX_TURN_BYTES,
  MAX_VALUE_BYTES,
} from "../base/limits.ts";
import { sha256 } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import type { HybridClock } from "../data/clock.ts";
import { buildTransaction, type CheckedTransaction, type TransactionPlan } from "../data/transaction.ts";
import { versionFromText, versionText, versionTexts } from "../data/version_text.ts";
import type { MembershipOperation } from "../space/acts.ts";
import type { Standing } from "../space/membership.ts";
import type { UndoneVersion } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Operation } from "../wire/operation.ts";
import { compareVersionIds, type VersionId } from "../wire/transaction.ts";
import type { Write } from "./machine.ts";
import { checkAbbreviation, wholeVersion } from "./past_views.ts";

/** What local writing works upon. */
export interface LocalWriterParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly clock: HybridClock;
  /** The space's id; there is one whenever something is written. */
  readonly space: () => Uint8Array;
  /** What this peer may do now. @throws {KithError} `left_space`, `removed_from_space`, … where it is no member. */
  readonly standing: () => Standing;
  /** Applies a transaction of this peer's own. */
  readonly apply: (transaction: CheckedTransaction) => void;
}

/** Upper bounds of what an operation takes on the wire besides key and value, and of one name in it. */
const OPERATION_BYTES = 192;
const NAME_BYTES = 34;

/** A write that says itself what it writes. */
type PlainWrite = Exclude<Write, { kind: "keep" }>;

interface Entry {
  readonly operation: Operation;
  readonly value: Uint8Array | null;
}

/**
 * Turns local writes into signed transactions: those of one turn form one, as long as they are about different keys
 * and fit, so that a batch costs one signature and one commit.
 */
export class LocalWriter {
  readonly #parts: LocalWriterParts;
  #entries: Entry[] = [];
  #keys = new Set<string>();
  #sizeBytes = 0;
  /** Where the versions of a request go once the batch that holds them has an id. */
  #pending: { versions: (string | null)[]; slot: number; index: number }[] = [];

  constructor(parts: LocalWriterParts) {
    this.#parts = parts;
  }

  /**
   * Takes in all of the writes, or none.
   *
   * @returns one version per write, filled in by `flush`; null where nothing had to be written.
   * @throws {KithError} where one of them can't be done.
   */
  write(writes: readonly Write[], wallMs: number): (string | null)[] {
    const standing = this.#parts.standing();
    for (const write of writes) checkWrite(write, standing);
    // A condition is about what came before, this turn's writes included.
    if (writes.some((write) => this.#keys.has(write.key))) this.flush(wallMs);
    for (const write of writes) this.#checkCondition(write);
    const plain = writes.map((write) => write.kind === "keep" ? this.#kept(write) : write);
    const versions: (string | null)[] = new Array(writes.length).fill(null);
    // Most keys of an import are new: to look for all of them at once is far less than to look for each.
    const inUse = this.#parts.store.keysInUse([...new Set(writes.map(({ key }) => key))]);
    for (const [slot, write] of plain.entries()) {
      // With more versions than one operation can name, the next one names the rest.
      while (this.#add(write, inUse.has(write.key), versions, slot, wallMs) === "names_left") this.flush(wallMs);
      inUse.add(write.key);
    }
    return versions;
  }

  /**
   * Writes again, in this peer's own name, what a removal undid under one key, naming it: so it is beside what others
   * wrote since then, and in place of what it had replaced.
   *
   * @param undone all of the key, the last one to be written again first; of more than one operation can name, the rest
   * stays undone.
   * @returns the version written, known once `flush` has returned.
   */
  readopt(undone: readonly UndoneVersion[], wallMs: number): (string | null)[] {
    const [{ key, put }] = undone as [UndoneVersion];
    const write: PlainWrite = put === null ? { kind: "del", key } : { kind: "put", key, ...put };
    checkWrite(write, this.#parts.standing());
    if (this.#isFull(key)) this.flush(wallMs);
    const versions: (string | null)[] = [null];
    const names = undone.slice(0, MAX_NAMES).map(({ versionId }) => versionId).sort(compareVersionIds);
    this.#push(write, names, versions, 0);
    return versions;
  }

  /** Signs and applies what was taken in since the last flush. */
  flush(wallMs: number): void {
    if (this.#entries.length === 0) return;
    const textOf = versionTexts(this.#commit(this.#entries, wallMs).id);
    for (const { versions, slot, index } of this.#pending) versions[slot] = textOf(index);
    this.reset();
  }

  /** Forgets what was taken in and not flushed. */
  reset(): void {
    this.#entries = [];
    this.#pending = [];
    this.#keys = new Set();
    this.#sizeBytes = 0;
  }

  /**
   * Writes membership operations in a transaction of their own; they need the place that they will have, which is
   * what `make` is given.
   *
   * @param upon held transactions of others that are among its parents though something follows them; at most
   * `MAX_NAMED_HEADS`.
   */
  writeMembership(
    make: (place: Pick<TransactionPlan, "previous" | "parents">) => MembershipOperation[],
    wallMs: number,
    upon: readonly Uint8Array[] = [],
  ): CheckedTransaction {
    this.flush(wallMs);
    const plan = this.#plan(wallMs, upon);
    return this.#sign(plan, make(plan).map((operation) => ({ operation, value: null })));
  }

  /** The transaction that founds a space: its id is the space's. */
  buildGenesis(nonce: Uint8Array, wallMs: number): CheckedTransaction {
    const { identity, store, clock } = this.#parts;
    const genesis: Operation = { kind: "genesis", nonce, sealingKey: identity.sealingPublicKey };
    return buildTransaction(identity, null, {
      peer: identity.peerId,
      instance: store.instance,
      sequence: 1,
      previous: null,
      parents: [],
      standing: null,
      clock: clock.next(wallMs),
      firstOperation: 0,
    }, [{ operation: genesis, value: null }]);
  }

  /**
   * Takes in one write.
   *
   * @param inUse whether the store may hold anything under the key.
   * @returns "names_left" where some of the versions that it ends found no room in it.
   */
  #add(
    write: PlainWrite,
    inUse: boolean,
    versions: (string | null)[],
    slot: number,
    wallMs: number,
  ): "names_left" | "done" {
    if (this.#isFull(write.key)) this.flush(wallMs);
    const { store } = this.#parts;
    const live = inUse ? store.live(write.key) : [];
    if (write.kind === "del" && live.length === 0) return "done";
    if (write.kind === "put" && write.unlessEqual === true && live.length === 1) {
      const only = live[0] as (typeof live)[number];
      if (only.media === write.media && compare(only.value ?? new Uint8Array(), write.value) === 0) return "done";
    }
    const names: VersionId[] = live.map(({ versionId }) => versionId);
    // A put names the dels that it saw as well, so that none of them counts as concurrent with it.
    for (const del of inUse ? store.openDels(write.key) : []) names.push(del.versionId);
    const result = names.length > MAX_NAMES ? "names_left" : "done";
    names.splice(MAX_NAMES);
    names.sort(compareVersionIds);
    this.#push(write, names, versions, slot);
    return result;
  }

  #isFull(key: string): boolean {
    return this.#keys.has(key) || this.#entries.length >= MAX_OPERATIONS || this.#sizeBytes >= MAX_TURN_BYTES;
  }

  #push(write: PlainWrite, names: readonly VersionId[], versions: (string | null)[], slot: number): void {
    this.#sizeBytes += OPERATION_BYTES + 3 * write.key.length + NAME_BYTES * names.length;
    this.#pending.push({ versions, slot, index: this.#entries.length });
    this.#keys.add(write.key);
    if (write.kind === "del") {
      this.#entries.push({ operation: { kind: "del", key: write.key, names }, value: null });
      return;
    }
    const { key, media, value } = write;
    const operation: Operation = { kind: "put", key, names, media, length: value.length, hash: sha256(value) };
    this.#entries.push({ operation, value });
    this.#sizeBytes += value.length;
  }

  /** The put that keeps a live version. */
  #kept({ key, version }: Extract<Write, { kind: "keep" }>): PlainWrite {
    const isWhole = versionFromText(version) !== null;
    if (!isWhole) checkAbbreviation(version);
    const fitting = this.#parts.store.live(key).filter(({ versionId }) => {
      const text = versionText(versionId);
      return isWhole ? text === version : text.startsWith(version);
    });
    if (fitting.length > 1) throw new KithError("version_ambiguous", { key, version });
    const [kept] = fitting;
    if (kept === undefined) throw new KithError("version_not_live", { key, version });
    return { kind: "put", key, media: kept.media, value: kept.value };
  }

  #checkConflict(key: string): void {
    const { store } = this.#parts;
    const live = store.live(key).length;
    if (live < 2 && (live === 0 || store.openDels(key).length === 0)) throw new KithError("no_conflict", { key });
  }

  #checkCondition(write: Write): void {
    if (write.kind === "keep") return this.#checkConflict(write.key);
    if (write.kind === "put" && write.ifConflict === true) this.#checkConflict(write.key);
    if (write.ifVersion !== undefined) wholeVersion(write.ifVersion);
    if (write.ifVersion === undefined && (write.kind === "del" || write.ifAbsent !== true)) return;
    const winner = this.#parts.store.winner(write.key);
    if (write.kind === "put" && write.ifAbsent === true && winner !== null) {
      throw new KithError("already_set", { key: write.key });
    }
    const current = winner === null ? "none" : versionText(winner.versionId);
    if (write.ifVersion !== undefined && write.ifVersion !== current) {
      throw new KithError("version_changed", { key: write.key, current, expected: write.ifVersion });
    }
  }

  #commit(entries: readonly Entry[], wallMs: number): CheckedTransaction {
    return this.#sign(this.#plan(wallMs), entries);
  }

  #sign(plan: TransactionPlan, entries: readonly Entry[]): CheckedTransaction {
    const transaction = buildTransaction(this.#parts.identity, this.#parts.space(), plan, entries);
    this.#parts.apply(transaction);
    return transaction;
  }

  /** The place of the next transaction: behind the writer's own last one, and behind all heads that it has seen. */
  #plan(wallMs: number, upon: readonly Uint8Array[] = []): TransactionPlan {
    const { identity, store, clock, standing } = this.#parts;
    const writer = { peer: identity.peerId, instance: store.instance };
    const allowed = standing();
    const last = store.writers.stateOf(writer);
    const lastId = last === null ? "" : toHex(last.id);
    const ends = upon.length === 0 ? store.tips() : distinct([...store.tips(), ...upon]);
    const heads = ends.filter((id) => toHex(id) !== lastId);
    const plan: TransactionPlan = {
      ...writer,
      sequence: (last?.sequence ?? 0) + 1,
      previous: last?.id ?? null,
      parents: heads.slice(0, MAX_PARENTS),
      standing: allowed.version,
      clock: clock.next(wallMs),
      firstOperation: last?.nextOperation ?? 0,
    };
    if (heads.length <= MAX_PARENTS) return plan;
    // More heads than one transaction can name: an empty one merges the first of them.
    this.#sign(plan, []);
    return this.#plan(wallMs, upon);
  }
}

function distinct(ids: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(ids.map((id) => [toHex(id), id])).values()].sort(compare);
}

function checkWrite(write: Write, standing: Standing): void {
  const { key } = write;
  if (standing.role === "reader") throw new KithError("not_allowed", { detail: "it may only read" });
  if (!key.startsWith(standing.prefix)) {
    throw new KithError("not_allowed", { detail: `it may only write keys that begin with '${standing.prefix}'` });
  }
  if (key === "") throw new KithError("key_invalid", { key, detail: "a key has at least one character" });
  if (!key.isWellFormed()) throw new KithError("key_invalid", { key, detail: "it is not valid Unicode" });
  // No character takes more than three bytes for each of its UTF-16 units.
  const sizeBytes = 3 * key.length <= MAX_KEY_BYTES ? 0 : utf8Encode(key).length;
  if (sizeBytes > MAX_KEY_BYTES) {
    throw new KithError("key_too_long", { key: `${key.slice(0, 40)}…`, sizeBytes, limitBytes: MAX_KEY_BYTES });
  }
  if (write.kind !== "put") return;
  if (write.value.length > MAX_VALUE_BYTES) {
    throw new KithError("value_too_large", { key, sizeBytes: write.value.length, limitBytes: MAX_VALUE_BYTES });
  }
  if (!/^[!-~]{1,127}$/.test(write.media)) throw new KithError("media_invalid", { media: write.media });
}
