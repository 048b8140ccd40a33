import { ProtocolError } from "../base/errors.ts";
import { MAX_RECORD_PLAINTEXT_BYTES } from "../base/limits.ts";
import { TAG_BYTES } from "../crypto/aead.ts";
import type { CipherState } from "../crypto/cipher_state.ts";
import { LANES, LINK_KINDS, MAX_FRAME_HEADER_BYTES } from "./frame.ts";
import type { Lane } from "./lane.ts";

/**
 * A record travels as u16 length ‖ ciphertext; its plaintext is u8 lane ‖ bytes of that lane's stream of frames
 * (lib/wire/PROTOCOL.md, "Records").
 */
export const RECORD_HEADER_BYTES = 2;

/** The shortest ciphertext: a lane, one byte, a tag. */
export const MIN_CIPHERTEXT_BYTES = 1 + 1 + TAG_BYTES;

const LANE_BYTES = 1;
const MAX_CONTENT_BYTES = MAX_RECORD_PLAINTEXT_BYTES - LANE_BYTES;
const OVERHEAD_BYTES = RECORD_HEADER_BYTES + LANE_BYTES + TAG_BYTES;
/** A rekey's record, and the least room worth a record of its own. */
const MIN_ROOM_BYTES = OVERHEAD_BYTES + MAX_FRAME_HEADER_BYTES;

/** The least that `RecordWriter.pull` can be asked for, in bytes; the handshake's messages fit in as well. */
export const MIN_PULL_BYTES = 1024;

/** When a sender takes a new key. */
export interface RekeyLimits {
  readonly records: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** What came is not what the other side encrypted, whoever is to blame for that. */
export class TamperedError extends ProtocolError {
  constructor(detail: string) {
    super("malformed", detail);
  }
}

/** Cuts lanes into encrypted records, the most urgent lane first, and rekeys when it is time. */
export class RecordWriter {
  readonly #cipher: CipherState;
  readonly #lanes: readonly Lane[];
  readonly #limits: RekeyLimits;
  #records = 0;
  #bytes = 0;
  #sinceMs: number;

  /** @param lanes in the order of `LANES`. @param nowMs monotonic. */
  constructor(cipher: CipherState, lanes: readonly Lane[], limits: RekeyLimits, nowMs: number) {
    this.#cipher = cipher;
    this.#lanes = lanes;
    this.#limits = limits;
    this.#sinceMs = nowMs;
  }

  /** The next records, `maxBytes` in all at most, in a new array; null when nothing waits. */
  pull(maxBytes: number, nowMs: number): Uint8Array | null {
    const out = new Uint8Array(Math.min(maxBytes, this.#neededBytes()));
    let size = 0;
    while (out.length - size >= MIN_ROOM_BYTES) {
      const lane = this.#lanes.findIndex((lane) => !lane.isEmpty);
      if (lane < 0) break;
      if (this.#isRekeyDue(nowMs)) {
        size += this.#rekey(out.subarray(size), nowMs);
        continue;
      }
      const record = out.subarray(size, size + OVERHEAD_BYTES + MAX_CONTENT_BYTES);
      const content = record.subarray(RECORD_HEADER_BYTES + LANE_BYTES, record.length - TAG_BYTES);
      size += this.#seal(record, lane, (this.#lanes[lane] as Lane).fill(content));
    }
    return size === 0 ? null : out.subarray(0, size);
  }

  /** At least what all that is queued takes, encrypted, with a rekey. */
  #neededBytes(): number {
    let needed = MIN_ROOM_BYTES;
    for (const lane of this.#lanes) {
      // Where a header does not fit, a record stays up to a header short.
      const records = Math.ceil(lane.costBytes / (MAX_CONTENT_BYTES - MAX_FRAME_HEADER_BYTES));
      needed += lane.costBytes + records * MIN_ROOM_BYTES;
    }
    return needed;
  }

  #seal(record: Uint8Array, lane: number, contentBytes: number): number {
    const ciphertextBytes = LANE_BYTES + contentBytes + TAG_BYTES;
    record[0] = ciphertextBytes >> 8;
    record[1] = ciphertextBytes & 0xff;
    record[RECORD_HEADER_BYTES] = lane;
    this.#cipher.sealInPlace(record.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + ciphertextBytes));
    this.#records++;
    this.#bytes += ciphertextBytes;
    return RECORD_HEADER_BYTES + ciphertextBytes;
  }

  #isRekeyDue(nowMs: number): boolean {
    // A rekey is a frame of the control lane, and so has to wait for the end of one that was begun there.
    return !(this.#lanes[LANES.control] as Lane).isInsideFrame && this.#records > 0 &&
      (this.#records >= this.#limits.records || this.#bytes >= this.#limits.bytes ||
        nowMs - this.#sinceMs >= this.#limits.ageMs);
  }

  #rekey(room: Uint8Array, nowMs: number): number {
    room.set([LINK_KINDS.rekey, 0], RECORD_HEADER_BYTES + LANE_BYTES);
    const size = this.#seal(room, LANES.control, 2);
    this.#cipher.rekey();
    this.#records = 0;
    this.#bytes = 0;
    this.#sinceMs = nowMs;
    return size;
  }
}

/**
 * The lane and content of a record.
 *
 * @throws {TamperedError} when it does not decrypt.
 * @throws {ProtocolError} `malformed` when it is in no known lane.
 */
export function openRecord(cipher: CipherState, ciphertext: Uint8Array): { lane: number; content: Uint8Array } {
  const plaintext = cipher.open(ciphertext);
  if (plaintext === null) throw new TamperedError("a record does not decrypt");
  const lane = plaintext[0] as number;
  if (lane > LANES.bulk) throw new ProtocolError("malformed", `a record of lane ${lane}`);
  return { lane, content: plaintext.subarray(LANE_BYTES) };
}
