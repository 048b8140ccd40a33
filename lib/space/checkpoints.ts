import { toHex } from "../base/bytes.ts";
import type { Frontier } from "../wire/frontier.ts";
import type { Checkpoint, Confirm, Revoke } from "../wire/operation.ts";
import { compareVersionIds, type Header } from "../wire/transaction.ts";
import { type Act, versionKey } from "./acts.ts";

/** What checkpoints are judged by. */
export interface CheckpointPorts {
  /** Whether the membership transaction in a row is in a past. */
  inContext(context: number, row: number): boolean;
  /** Whether the transaction in a row is one of a frontier's heads, or before one on its writer's own chain. */
  isInside(frontier: Frontier, row: number): boolean;
  /** The peers that are members in a past. */
  membersAt(context: number): readonly Uint8Array[];
  /** How many membership transactions are in a past. */
  sizeOf(context: number): number;
}

/** A checkpoint, and how far it has come. */
export interface CheckpointView {
  readonly act: Act<Checkpoint>;
  /** Whether it is final: what is dead inside its frontier may go. */
  readonly isFinal: boolean;
  /** Hexadecimal ids of the members in its past that have yet to confirm it, and are not named as absent. */
  readonly missing: readonly string[];
}

interface Held {
  readonly act: Act<Checkpoint>;
  /** Hexadecimal ids of the members in its past. */
  readonly members: ReadonlySet<string>;
  readonly confirmed: Set<string>;
  /** Rows of all its confirms, void ones too. */
  readonly confirms: number[];
  isFinal: boolean;
}

/**
 * Checkpoints and their confirms (lib/wire/PROTOCOL.md, "Checkpoints"). A confirm is judged by its own past, so that
 * every peer comes to the same judgement in whatever order things arrive; and a confirm once counted always counts.
 */
export class Checkpoints {
  readonly #ports: CheckpointPorts;
  /** By `versionKey`, in the order in which they were applied. */
  readonly #held = new Map<string, Held>();
  readonly #revokes: Act<Revoke>[] = [];
  #finals: readonly Act<Checkpoint>[] | null = null;
  #confirms = 0;

  constructor(ports: CheckpointPorts) {
    this.#ports = ports;
  }

  /** Forgets everything. */
  clear(): void {
    this.#held.clear();
    this.#revokes.length = 0;
    this.#finals = null;
    this.#confirms = 0;
  }

  /** How many confirms there are, void ones too. */
  get confirms(): number {
    return this.#confirms;
  }

  /** Takes in a membership act; only what has to do with checkpoints matters. */
  add(act: Act): void {
    switch (act.operation.kind) {
      case "revoke":
        this.#revokes.push(act as Act<Revoke>);
        return;
      case "checkpoint":
        this.#addCheckpoint(act as Act<Checkpoint>);
        return;
      case "confirm":
        this.#addConfirm(act as Act<Confirm>);
        return;
    }
  }

  /** The final checkpoints, in an order that all peers share: those in the past of another come before it. */
  get finals(): readonly Act<Checkpoint>[] {
    return this.#finals ??= [...this.#held.values()].filter(({ isFinal }) => isFinal).map(({ act }) => act).sort((
      a,
      b,
    ) => this.#ports.sizeOf(a.context) - this.#ports.sizeOf(b.context) || compareVersionIds(a.version, b.version));
  }

  /** The final checkpoints, in the order in which they were applied. */
  get finalsApplied(): readonly CheckpointView[] {
    return [...this.#held.values()].filter(({ isFinal }) => isFinal).map(viewOf);
  }

  /** The final checkpoint that was applied last; null where there is none. */
  get latestFinal(): CheckpointView | null {
    return this.finalsApplied.at(-1) ?? null;
  }

  /** How many checkpoints have a membership transaction in their past, final or not. */
  countBehind(row: number): number {
    return [...this.#held.values()].filter(({ act }) => this.#ports.inContext(act.context, row)).length;
  }

  /** The checkpoint that was applied last, where it is not final; null where it is, or there is none. */
  get pending(): CheckpointView | null {
    const held = [...this.#held.values()].at(-1);
    return held === undefined || held.isFinal ? null : viewOf(held);
  }

  /** Whether a confirm written now, upon all that was applied, would count. */
  canBeConfirmed({ act }: CheckpointView): boolean {
    return !this.#revokes.some((revoke) => !this.#ports.inContext(act.context, revoke.row)) &&
      [...this.#held.values()].every((other) => other.act === act || this.#ports.inContext(act.context, other.act.row));
  }

  /**
   * Why a transaction's own past does not allow its confirms: each writer gives one to a checkpoint that it knows, so that
   * nobody makes them without end. Null where it does.
   */
  confirmRefusal(confirms: readonly Confirm[], header: Header, context: number): string | null {
    const { peer, instance, sequence, previous } = header;
    const chain = previous === null
      ? []
      : [{ writer: { peer, instance }, heads: [{ sequence: sequence - 1, id: previous }] }];
    const seen = new Set<Held>();
    for (const { checkpoint } of confirms) {
      const held = this.#held.get(versionKey(checkpoint));
      if (held === undefined || !this.#ports.inContext(context, held.act.row)) {
        return "it confirms what is no checkpoint in its past";
      }
      if (seen.has(held) || held.confirms.some((row) => this.#ports.isInside(chain, row))) {
        return "it confirms a checkpoint that its writer has confirmed";
      }
      seen.add(held);
    }
    return null;
  }

  #addCheckpoint(act: Act<Checkpoint>): void {
    const members = new Set(this.#ports.membersAt(act.context).map(toHex));
    const held = { act, members, confirmed: new Set([toHex(act.peer)]), confirms: [], isFinal: false };
    this.#held.set(versionKey(act.version), held);
    this.#finals = null;
    settle(held);
  }

  #addConfirm(act: Act<Confirm>): void {
    this.#confirms++;
    const held = this.#held.get(versionKey(act.operation.checkpoint));
    if (held === undefined) return;
    held.confirms.push(act.row);
    const { inContext } = this.#ports;
    if (!inContext(act.context, held.act.row)) return;
    const isNews = (row: number) => inContext(act.context, row) && !inContext(held.act.context, row);
    if (this.#revokes.some(({ row }) => isNews(row))) return;
    for (const other of this.#held.values()) if (other !== held && isNews(other.act.row)) return;
    held.confirmed.add(toHex(act.peer));
    this.#finals = null;
    settle(held);
  }
}

/** Only members in its past count, whoever else confirms. */
function settle(held: Held): void {
  const confirmed = [...held.members].filter((member) => held.confirmed.has(member)).length;
  if (missingOf(held).length === 0 && 2 * confirmed >= held.members.size) held.isFinal = true;
}

function missingOf({ act, members, confirmed }: Held): string[] {
  const absent = new Set(act.operation.absent.map(toHex));
  return [...members].filter((member) => !absent.has(member) && !confirmed.has(member));
}

function viewOf(held: Held): CheckpointView {
  return { act: held.act, isFinal: held.isFinal, missing: missingOf(held) };
}
