import { toBase32 } from "../base/base32.ts";
import { equal, toHex } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_MEMBERSHIP_ACTS, MAX_REFUSED_IDS } from "../base/limits.ts";
import { sha256 } from "../crypto/hash.ts";
import type { HybridClock } from "../data/clock.ts";
import { type CheckedTransaction, checkTransaction, detached, openHeader, type Verify } from "../data/transaction.ts";
import { type CheckedPartial, checkPartial } from "../data/partial.ts";
import type { Membership } from "../space/membership.ts";
import { inheritedContext } from "../store/inherited_context.ts";
import { parentsOf } from "../store/heads.ts";
import type { Store } from "../store/store.ts";
import type { Applied } from "../sync/announcements.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import type { PartialBytes } from "../wire/partial.ts";
import { UnsupportedError } from "../wire/unsupported.ts";
import { compareWriterIds, type Header } from "../wire/transaction.ts";
import { Undoer } from "./undoer.ts";
import { WaitingRoom } from "./waiting_room.ts";

/** What the applier works upon. */
export interface ApplierParts {
  readonly store: Store;
  readonly membership: Membership;
  readonly clock: HybridClock;
  readonly verify: Verify;
  readonly undoingStep?: number | undefined;
  readonly emit: (event: PeerEvent) => void;
  /** A transaction came by a link, and was applied. */
  readonly received: (header: Header) => void;
}

/** What became of a transaction that came by a link. */
export interface Received {
  readonly id: Uint8Array;
  readonly header: Header;
  /** Whether its parents are lacked. */
  readonly waits: boolean;
  /** `nothing`: it was held, or waits; `dropped`: it waits, but is not kept. */
  readonly brought: "news" | "nothing" | "dropped";
}

/** What a transaction has whether it is whole or not. */
type Signed = Pick<CheckedTransaction, "id" | "header">;

/** The way from a transaction's bytes to applied operations: checks, causal order, judgement, store. */
export class Applier {
  /** Undoes what removals undo. */
  readonly undoer: Undoer;
  readonly #parts: ApplierParts;
  readonly #waiting = new WaitingRoom();
  readonly #refused = new Set<string>();
  readonly #unsupported = new Set<string>();
  #applied: Applied[] = [];
  #changed = new Set<string>();

  constructor(parts: ApplierParts) {
    this.#parts = parts;
    this.undoer = new Undoer({ ...parts, changed: (keys) => this.changed(keys) });
  }

  /** Transactions that wait for their parents, and those that need a newer kith. */
  get counts(): { waiting: number; unsupported: number } {
    return { waiting: this.#waiting.size, unsupported: this.#unsupported.size };
  }

  /** The parents that waiting transactions lack. */
  missingParents(): Uint8Array[] {
    return this.#waiting.missingParents();
  }

  /**
   * Takes in a transaction from a link: applied at once, or kept until its parents have come.
   *
   * @returns its id and header, or null where only a newer kith can read it, or the space has no room for it.
   * @throws {ProtocolError} where it is not valid, not allowed, or builds upon one that was refused.
   */
  receive(
    bytes: TransactionBytes,
    space: Uint8Array,
    connection: number,
    wallMs: number,
  ): Received | null {
    let transaction: CheckedTransaction;
    try {
      const opened = openHeader(bytes.header);
      const { id, header } = opened;
      const idText = toHex(id);
      // Most are new, and to look for them among random ids is dear.
      const held = this.#parts.store.writers.isBeyond(header) ? null : this.#parts.store.transaction(id);
      if (held !== null || this.#waiting.has(idText)) {
        const lacksParts = held !== null && !this.#parts.store.partials.isWhole(held.row);
        if (lacksParts) this.#supplement(partialOf(bytes), space);
        return { id, header, waits: this.#waiting.has(idText), brought: lacksParts ? "news" : "nothing" };
      }
      const missing = this.#missingOf(header);
      if (missing.length > 0 && !this.#waiting.hasRoom(connection) && !this.#areRefused(missing)) {
        // Before its signature is checked, so that a flood of such costs little.
        return this.#dropped(id, header, connection);
      }
      transaction = checkTransaction(bytes, space, this.#parts.verify, opened);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      this.#noteUnsupported(toHex(sha256(bytes.header)), error);
      return null;
    }
    const { id, header } = transaction;
    const missing = this.#missingOf(header);
    if (this.#areRefused(missing)) throw this.#refuse(transaction, "it builds upon a refused transaction");
    if (missing.length === 0) {
      if (!this.#hasRoom(transaction)) return null;
      this.apply(transaction, space, connection, wallMs);
      return { id, header, waits: false, brought: "news" };
    }
    if (!this.#waiting.add(detached(transaction), missing, connection)) return this.#dropped(id, header, connection);
    return { id, header, waits: true, brought: "nothing" };
  }

  #missingOf(header: Header): Uint8Array[] {
    return parentsOf(header).filter((parent) => !this.#parts.store.hasTransaction(parent));
  }

  #areRefused(missing: readonly Uint8Array[]): boolean {
    return missing.some((parent) => this.#refused.has(toHex(parent)));
  }

  #dropped(id: Uint8Array, header: Header, connection: number): Received {
    this.#parts.emit({ name: "waiting_room_full", level: "warning", reason: "overloaded", fields: { connection } });
    return { id, header, waits: true, brought: "dropped" };
  }

  /**
   * Takes in a transaction some of whose operations are absent: applied where its parents are, not kept where they are
   * not; of one that is held, what is absent here is taken in.
   *
   * @returns as `receive` does; what waits is not kept, and comes again when it is pulled. `supplemented` where the
   * transaction was held: whether anything of it was absent.
   * @throws {ProtocolError} as `receive` does.
   */
  receivePartial(
    bytes: PartialBytes,
    space: Uint8Array,
    connection: number,
    wallMs: number,
  ): Received & { supplemented?: boolean } | null {
    const { store, verify } = this.#parts;
    const id = sha256(bytes.header);
    const held = store.transaction(id);
    if (held !== null) {
      const isLacked = store.partials.lacks(held.row, bytes.operations.map(({ index }) => index));
      const supplemented = isLacked && this.#supplementHeld(held.row, bytes, space);
      return { id, header: held.header, waits: false, supplemented, brought: supplemented ? "news" : "nothing" };
    }
    let partial: CheckedPartial;
    try {
      partial = checkPartial(bytes, space, verify);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      this.#noteUnsupported(toHex(id), error);
      return null;
    }
    const missing = this.#missingOf(partial.header);
    if (this.#areRefused(missing)) throw this.#refuse(partial, "it builds upon a refused transaction");
    if (missing.length > 0) return { id, header: partial.header, waits: true, brought: "dropped" };
    if (!this.#hasRoom(partial)) return null;
    this.apply(partial, space, connection, wallMs);
    return { id, header: partial.header, waits: false, brought: "news" };
  }

  /** The same for what may have come without hashes: then what is held of the transaction has to prove it. */
  #supplementHeld(row: number, bytes: PartialBytes, space: Uint8Array): boolean {
    const isProven = bytes.hashes.length > 0 ||
      bytes.operations.length === this.#parts.store.transactionByRow(row).header.operationCount;
    const proven = isProven ? bytes : this.#parts.store.partials.joined(row, bytes);
    if (proven !== null) {
      this.#supplement(proven, space);
      return true;
    }
    const fields = { transaction: toHex(sha256(bytes.header)) };
    this.#parts.emit({ name: "operations_unproven", level: "warning", reason: "others of it are lost too", fields });
    return false;
  }

  /** Takes in what is absent of a held transaction. */
  #supplement(bytes: PartialBytes, space: Uint8Array): void {
    const { store, verify } = this.#parts;
    for (const key of store.partials.supplement(checkPartial(bytes, space, verify))) this.#changed.add(key);
  }

  /**
   * Applies a transaction whose parents are applied, then those that waited for it. Of the latter, one that is not
   * allowed is refused and nothing more: who brought its parent, perhaps this peer itself, did nothing wrong.
   *
   * @param connection the link that it came by; null for one of this peer's own.
   * @throws {ProtocolError} where its own past does not allow it.
   */
  apply(
    transaction: CheckedTransaction | CheckedPartial,
    space: Uint8Array,
    connection: number | null,
    wallMs: number,
  ): void {
    this.#applyOne(transaction, space, connection, wallMs);
    const ready = this.#waiting.applied(transaction.id);
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
      if (!this.#hasRoom(next.transaction)) continue;
      try {
        this.#applyOne(next.transaction, space, next.connection, wallMs);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        continue;
      }
      ready.push(...this.#waiting.applied(next.transaction.id));
    }
  }

  /**
   * Puts right what is damaged of a held transaction.
   *
   * @param bytes the transaction as another member has it.
   * @returns whether it is right now.
   * @throws {ProtocolError} where it is not valid.
   * @throws {UnsupportedError} where a newer kith wrote it.
   */
  mend(bytes: TransactionBytes, space: Uint8Array): boolean {
    const transaction = checkTransaction(bytes, space, this.#parts.verify);
    const keys = this.#parts.store.upkeep.mend(transaction, this.#contextOf(transaction.header));
    for (const key of keys ?? []) this.#changed.add(key);
    return keys !== null;
  }

  /** Undoes what removals undo by now (`Undoer`). */
  settle(): void {
    this.undoer.settle();
  }

  /** Keys changed by something else than a transaction. */
  changed(keys: Iterable<string>): void {
    for (const key of keys) this.#changed.add(key);
  }

  /** What was applied, and which keys changed, since the last call. */
  take(): { applied: readonly Applied[]; changed: ReadonlySet<string> } {
    const taken = { applied: this.#applied, changed: this.#changed };
    if (taken.applied.length > 0) this.#applied = [];
    if (taken.changed.size > 0) this.#changed = new Set();
    return taken;
  }

  /**
   * The turn's transactions are not held after all. What waits is forgotten with them, and pulled again: it may wait no
   * more for one that was applied in that turn, and must not be applied without it.
   */
  turnFailed(): void {
    this.take();
    this.undoer.turnFailed();
    this.#waiting.clear();
  }

  /** A link is gone: what it sent too early is forgotten. */
  dropConnection(connection: number): void {
    this.#waiting.drop(connection);
  }

  #applyOne(
    transaction: CheckedTransaction | CheckedPartial,
    space: Uint8Array,
    connection: number | null,
    wallMs: number,
  ): void {
    const { store, membership, clock, emit } = this.#parts;
    const { header, id } = transaction;
    this.#checkNumbers(transaction);
    const context = this.#contextOf(header);
    const refusal = membership.judge(transaction, context, space);
    if (refusal !== null) throw this.#refuse(transaction, refusal);
    store.begin();
    this.#noteFork(header);
    // A mark of what comes now rests upon an outcome that the store has.
    if (header.class === "data") this.settle();
    const undone = header.class === "data" && membership.undoerOf(header, context, null) !== null;
    const keys = "hashes" in transaction
      ? store.partials.append(transaction, context, { undone })
      : store.append(transaction, context, { undone });
    for (const key of keys) this.#changed.add(key);
    const row = (store.transaction(id) as { row: number }).row;
    if (header.class === "membership") {
      membership.add(transaction, transaction.operations.map(({ operation }) => operation), row, context);
    }
    if (!clock.observe(header.clock, wallMs)) {
      emit({ name: "clock_ahead", level: "warning", fields: { peer: toHex(header.peer), stampMs: header.clock.ms } });
    }
    this.#applied.push({ row, header, id, from: connection });
    if (connection !== null) this.#parts.received(header);
  }

  /** A writer that goes on from elsewhere than from its last transaction uses a number for the second time. */
  #noteFork(header: Header): void {
    const { store, emit } = this.#parts;
    const heads = store.writers.headsOf(header);
    const { previous } = header;
    if (heads.length === 0 || (previous !== null && heads.some(({ id }) => equal(id, previous)))) return;
    const fields = { peer: toBase32(header.peer), sequence: header.sequence };
    emit({ name: "fork_found", level: "warning", reason: "a number of its history was used twice", fields });
  }

  /**
   * Without room it is neither applied nor refused: others may have had room for it, and are not to blame. Half of it is
   * for what comes about by admins: nobody else keeps others from coming in, or itself from being removed.
   */
  #hasRoom(transaction: CheckedTransaction | CheckedPartial): boolean {
    const { store, membership, emit } = this.#parts;
    const { id, header, operations } = transaction;
    const share = membership.isByAdmins(transaction) ? 1 : 1 / 2;
    const acts = header.class === "data"
      ? 0
      : operations.filter(({ operation }) => operation.kind !== "confirm").length;
    const hasRoom = acts === 0 || membership.countedActs + acts <= MAX_MEMBERSHIP_ACTS * share;
    if (hasRoom && store.hasRoomFor(header, share)) return true;
    const fields = { transaction: toHex(id), peer: toHex(header.peer) };
    emit({ name: "space_full", level: "warning", reason: "too many writers, forks or membership acts", fields });
    return false;
  }

  /** The writer's own chain: sequence and operation numbers follow from the transaction before. */
  #checkNumbers(transaction: Signed): void {
    const { header } = transaction;
    const before = header.previous === null ? null : this.#parts.store.transaction(header.previous);
    const fits = before === null
      ? header.sequence === 1 && header.firstOperation === 0
      : compareWriterIds(before.header, header) === 0 &&
        before.header.sequence + 1 === header.sequence &&
        before.header.firstOperation + before.header.operationCount === header.firstOperation;
    if (!fits) throw this.#refuse(transaction, "its numbers do not follow from its writer's transaction before");
  }

  /** The membership transactions in the past of a transaction: the union over its parents. */
  #contextOf(header: Header): number {
    const { store, membership } = this.#parts;
    return inheritedContext(store, header, (row) => membership.isJudgedBy(row));
  }

  #refuse(transaction: Signed, detail: string): ProtocolError {
    if (this.#refused.size >= MAX_REFUSED_IDS) this.#refused.clear();
    this.#refused.add(toHex(transaction.id));
    this.#waiting.refused(transaction.id);
    this.#parts.emit({
      name: "transaction_refused",
      level: "warning",
      reason: detail,
      fields: { transaction: toHex(transaction.id), peer: toHex(transaction.header.peer) },
    });
    return new ProtocolError("bad_transaction", detail);
  }

  #noteUnsupported(id: string, error: UnsupportedError): void {
    if (this.#unsupported.has(id) || this.#unsupported.size >= MAX_REFUSED_IDS) return;
    this.#unsupported.add(id);
    this.#parts.emit({
      name: "newer_kith_needed",
      level: "warning",
      reason: error.message,
      fields: { transaction: id },
    });
  }
}

/** A whole transaction as one of which nothing is absent. */
function partialOf({ header, signature, operations }: TransactionBytes): PartialBytes {
  return {
    header,
    signature,
    operations: operations.map((operation, index) => ({ index, ...operation })),
    hashes: [],
  };
}
