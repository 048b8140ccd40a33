import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_ASKED_LEAVES, MAX_PAST_LEAVES, MAX_WANTED } from "../base/limits.ts";
import { leafHash } from "../data/digest.ts";
import { versionText } from "../data/version_text.ts";
import type { CheckpointView } from "../space/checkpoints.ts";
import { PastTrees } from "../store/past_trees.ts";
import type { PastState } from "../store/past_state.ts";
import type { Store } from "../store/store.ts";
import type { LeafPlace, PastLeaf, PastLeavesMessage } from "../wire/past_messages.ts";
import { type VersionId, writerKey } from "../wire/transaction.ts";
import type { Links } from "./links.ts";

/** Time for an answer before another member is asked. */
const ANSWER_MS = 10_000;

/** What the repair works upon. */
export interface PastRepairParts {
  readonly store: Store;
  readonly links: Links;
  readonly emit: (event: PeerEvent) => void;
  /** Keys whose versions ended. */
  readonly changed: (keys: Iterable<string>) => void;
  /** It is over: what is held is looked at again. */
  readonly settled: (now: Now) => void;
}

interface Repair {
  readonly checkpoint: CheckpointView;
  readonly state: PastState;
  /** This peer's leaves over the same past, by place. */
  readonly own: ReadonlyMap<string, Place>;
  readonly connection: number;
  /** The other's leaves, by place. */
  readonly theirs: Map<string, Place>;
  /** Leaves that differ and have yet to be asked for, and those that are. */
  readonly toAsk: Place[];
  readonly asked: Map<string, Place>;
  /** Rows of versions of this peer that are not among the checkpoint's, by the rows of their transactions. */
  readonly toEnd: Map<number, Set<number>>;
  /** Versions of the checkpoint that this peer lacks and has yet to ask for, and those that it asked for. */
  readonly missing: VersionId[];
  wanted: VersionId[];
  stage: "leaves" | "versions";
  untilMs: number;
}

/** A leaf of the digest tree, and its hash. */
interface Place extends LeafPlace {
  readonly hash: Uint8Array;
}

/**
 * Brings the state inside a final checkpoint to what its digest says (lib/wire/PROTOCOL.md, "Checkpoints"), where what
 * would show that a version is dead is nowhere any more. Nothing rests on a peer's word: the leaves give the digest that
 * all members confirmed, the versions give the leaf, and each version comes with its proof.
 */
export class PastRepair {
  readonly #parts: PastRepairParts;
  #repair: Repair | null = null;
  /** Links whose other ends could not help with this checkpoint. */
  #helpless = new Set<number>();

  constructor(parts: PastRepairParts) {
    this.#parts = parts;
  }

  /** Begins, where none is under way: asks a member for the leaves. @param leaves this peer's own. */
  start(checkpoint: CheckpointView, state: PastState, leaves: PastTrees, now: Now): void {
    if (this.#repair !== null) return;
    const members = [...this.#parts.links.members()];
    const source = members.find(({ number }) => !this.#helpless.has(number));
    if (source === undefined) {
      this.#helpless.clear();
      return;
    }
    const own = new Map<string, Place>();
    for (const [number, leaf, hash] of leaves.leaves()) {
      const place = { writer: this.#parts.store.writers.byNumber(number), leaf, hash };
      own.set(placeKey(place), place);
    }
    this.#repair = {
      checkpoint,
      state,
      own,
      connection: source.number,
      theirs: new Map(),
      toAsk: [],
      asked: new Map(),
      toEnd: new Map(),
      missing: [],
      wanted: [],
      stage: "leaves",
      untilMs: now.monotonicMs + ANSWER_MS,
    };
    this.#parts.links.send(source.number, { type: "ask_past", checkpoint: checkpoint.act.version }, "control");
  }

  /** Leaves came in. @throws {ProtocolError} where they are not those of the checkpoint. */
  leaves(connection: number, message: PastLeavesMessage, now: Now): void {
    const repair = this.#of(connection, message.checkpoint);
    if (repair === null || repair.stage !== "leaves") return;
    repair.untilMs = now.monotonicMs + ANSWER_MS;
    for (const place of message.leaves) repair.theirs.set(placeKey(place), place);
    if (repair.theirs.size > MAX_PAST_LEAVES) throw new ProtocolError("too_large", `${MAX_PAST_LEAVES} leaves`);
    if (message.more) return;
    if (repair.theirs.size === 0) return this.#giveUp("it has not settled by that checkpoint", now);
    const trees = new PastTrees();
    for (const { writer, leaf, hash } of repair.theirs.values()) {
      const number = this.#parts.store.writers.numberOf(writer);
      if (number === null) throw new ProtocolError("bad_state", "a leaf of an unknown writer");
      trees.set(number, leaf, hash);
    }
    trees.end();
    if (!equal(repair.state.digestOf(trees), repair.checkpoint.act.operation.digest)) {
      throw new ProtocolError("bad_state", "leaves that do not give the checkpoint's digest");
    }
    repair.stage = "versions";
    for (const [key, place] of repair.theirs) {
      const own = repair.own.get(key);
      if (own === undefined || !equal(own.hash, place.hash)) repair.toAsk.push(place);
    }
    for (const [key, place] of repair.own) {
      if (!repair.theirs.has(key)) this.#compare(repair, place, []);
    }
    this.#goOn(repair, now);
  }

  /** The versions of a leaf came in. @throws {ProtocolError} where they do not give its hash. */
  leaf(connection: number, message: PastLeaf, now: Now): void {
    const repair = this.#of(connection, message.checkpoint);
    const place = repair?.asked.get(placeKey(message));
    if (repair === null || place === undefined) return;
    repair.asked.delete(placeKey(message));
    repair.untilMs = now.monotonicMs + ANSWER_MS;
    if (message.versions.length === 0 || !equal(leafHash(message.versions), place.hash)) {
      throw new ProtocolError("bad_state", "versions that do not give their leaf");
    }
    this.#compare(repair, place, message.versions);
    this.#goOn(repair, now);
  }

  /** Versions came in from a link, and were taken into the store. */
  versionsReceived(connection: number, now: Now): void {
    const repair = this.#repair;
    if (repair === null || repair.connection !== connection || repair.stage !== "versions") return;
    repair.untilMs = now.monotonicMs + ANSWER_MS;
    this.#goOn(repair, now);
  }

  /** A link is gone. */
  closed(connection: number, now: Now): void {
    this.#helpless.delete(connection);
    if (this.#repair?.connection === connection) this.#giveUp("the link is gone", now);
  }

  /** What is under way is given up: the turn was taken back. */
  turnFailed(): void {
    this.#repair = null;
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.#repair?.untilMs ?? Infinity;
  }

  /** Gives up who does not answer. */
  tick(now: Now): void {
    if (this.#repair !== null && now.monotonicMs >= this.#repair.untilMs) this.#giveUp("it did not answer", now);
  }

  /** What both have of a leaf is left out; what only the checkpoint has is missing, what only this peer has is dead. */
  #compare(repair: Repair, place: Place, versions: readonly VersionId[]): void {
    const number = this.#parts.store.writers.numberOf(place.writer);
    if (number === null) return;
    const theirs = new Map(versions.map((version) => [versionText(version), version]));
    for (const { row, transactionRow, id } of repair.state.leaf(number, place.leaf)) {
      if (theirs.delete(versionText(id))) continue;
      repair.toEnd.set(transactionRow, (repair.toEnd.get(transactionRow) ?? new Set()).add(row));
    }
    repair.missing.push(...theirs.values());
  }

  #goOn(repair: Repair, now: Now): void {
    const { store, links } = this.#parts;
    const checkpoint = repair.checkpoint.act.version;
    while (repair.toAsk.length > 0 && repair.asked.size < MAX_ASKED_LEAVES) {
      const place = repair.toAsk.pop() as Place;
      repair.asked.set(placeKey(place), place);
      const { writer, leaf } = place;
      links.send(repair.connection, { type: "ask_leaf", checkpoint, writer, leaf }, "control");
    }
    if (repair.toAsk.length > 0 || repair.asked.size > 0) return;
    repair.wanted = repair.wanted.filter((version) => store.versionState(version) === "gone");
    if (repair.wanted.length > 0) return;
    if (repair.missing.length > 0) {
      repair.wanted = repair.missing.splice(0, MAX_WANTED);
      links.send(repair.connection, { type: "ask_versions", versions: repair.wanted }, "control");
      return;
    }
    this.#settle(repair, now);
  }

  #settle(repair: Repair, now: Now): void {
    const { store, emit, changed, settled } = this.#parts;
    this.#repair = null;
    let ended = 0;
    for (const rows of repair.toEnd.values()) ended += rows.size;
    changed(store.pasts.endVersions(repair.toEnd));
    emit({ name: "past_settled", level: "info", fields: { ended } });
    settled(now);
  }

  #giveUp(reason: string, now: Now): void {
    const repair = this.#repair as Repair;
    this.#repair = null;
    this.#helpless.add(repair.connection);
    this.#parts.emit({ name: "past_unanswered", level: "info", reason });
    this.#parts.settled(now);
  }

  #of(connection: number, checkpoint: VersionId): Repair | null {
    const repair = this.#repair;
    if (repair?.connection !== connection) return null;
    return versionText(repair.checkpoint.act.version) === versionText(checkpoint) ? repair : null;
  }
}

function placeKey({ writer, leaf }: LeafPlace): string {
  return `${writerKey(writer)}/${leaf}`;
}
