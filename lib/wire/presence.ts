import { assert } from "../base/assert.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_MESSAGE_PRESENCES } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { readList, writeList } from "./list.ts";
import { ID_BYTES, SIGNATURE_BYTES } from "./transaction.ts";

/** Bytes of what a member holds, and of what a peer knows of all members, as they are told: the beginning of a hash. */
export const BRIEF_BYTES = 8;

/** How a member is, in the order of their numbers. */
const STATES = ["here", "lost", "left"] as const;

/** What a member says of itself: that it is here, or leaves. */
export interface Beat {
  /** Its id (32 bytes). */
  readonly peer: Uint8Array;
  /** When it was started, by its own clock, ms since 1970. Range: below 2^48. */
  readonly run: number;
  /** How often it has said something since. */
  readonly beat: number;
  readonly leaves: boolean;
  /** The beginning of the hash of what it holds, as in a `summary` (8 bytes). */
  readonly holds: Uint8Array;
  /** Ed25519 by the member over `beatMessage` in the domain `presence` (64 bytes). */
  readonly signature: Uint8Array;
}

/** What another member says of one at a beat: that it is lost. */
export interface Loss {
  /** Who says so (32 bytes). */
  readonly by: Uint8Array;
  /** Ed25519 by that one over `lossMessage` in the domain `presence` (64 bytes). */
  readonly signature: Uint8Array;
}

/** What is known of one member: what it said last, and who has lost it since. */
export interface Presence extends Beat {
  /** Null of one that leaves. */
  readonly loss: Loss | null;
}

/** Who of the members is here, who has left, and who is lost (lib/wire/PROTOCOL.md, "Presence"). */
export interface PresenceMessage {
  readonly type: "presence";
  /** ≤ `MAX_MESSAGE_PRESENCES`. Empty where the sender tells in brief what it knows. */
  readonly list: readonly Presence[];
  /** With an empty list: the beginning of a hash of what the sender knows (8 bytes). */
  readonly brief: Uint8Array | null;
}

/** In which state a member is by what is known of it. */
export function stateOf({ leaves, loss }: Presence): typeof STATES[number] {
  return leaves ? "left" : loss === null ? "here" : "lost";
}

/** The bytes behind the domain string that a beat's signature covers. */
export function beatMessage(space: Uint8Array, { run, beat, leaves, holds }: Omit<Beat, "signature">): Uint8Array {
  return new Writer().raw(space).u8(leaves ? 2 : 0).u48(run).varint(beat).raw(holds).finish();
}

/** The bytes behind the domain string that the signature of who lost a member at a beat covers. */
export function lossMessage(space: Uint8Array, { peer, run, beat }: Omit<Beat, "signature">): Uint8Array {
  return new Writer().raw(space).u8(1).raw(peer).u48(run).varint(beat).finish();
}

/** Which of two beats of one member is the later: positive for the first. */
export function compareBeats(a: Pick<Beat, "run" | "beat">, b: Pick<Beat, "run" | "beat">): number {
  return a.run - b.run || a.beat - b.beat;
}

/** Which of two things that are known of one member is the newer: positive for the first. */
export function comparePresences(a: Presence, b: Presence): number {
  return compareBeats(a, b) || STATES.indexOf(stateOf(a)) - STATES.indexOf(stateOf(b));
}

/** Writes the body of the message. */
export function writePresence(writer: Writer, { list, brief }: PresenceMessage): void {
  writeList(writer, list, MAX_MESSAGE_PRESENCES, (writer, presence) => {
    const { peer, run, beat, holds, signature, loss } = presence;
    assert(peer.length === ID_BYTES && holds.length === BRIEF_BYTES, "a peer id and a brief hash");
    writer.raw(peer).u48(run).varint(beat).raw(holds).raw(signature).u8(STATES.indexOf(stateOf(presence)));
    if (!presence.leaves && loss !== null) writer.raw(loss.by).raw(loss.signature);
  });
  if (list.length > 0) return;
  assert(brief?.length === BRIEF_BYTES, "a brief hash where nothing is listed");
  writer.raw(brief);
}

/** Reads what `writePresence` writes; signatures are not checked. @throws {ProtocolError} `malformed`. */
export function readPresence(reader: Reader): PresenceMessage {
  const list = readList(reader, MAX_MESSAGE_PRESENCES, (reader): Presence => {
    const [peer, run, beat] = [reader.raw(ID_BYTES), reader.u48(), reader.varint()];
    const [holds, signature] = [reader.raw(BRIEF_BYTES), reader.raw(SIGNATURE_BYTES)];
    const state = STATES[reader.u8()];
    if (state === undefined) throw new ProtocolError("malformed", "an unknown state of a member");
    const loss = state === "lost" ? { by: reader.raw(ID_BYTES), signature: reader.raw(SIGNATURE_BYTES) } : null;
    return { peer, run, beat, holds, signature, leaves: state === "left", loss };
  });
  return { type: "presence", list, brief: list.length === 0 ? reader.raw(BRIEF_BYTES) : null };
}
