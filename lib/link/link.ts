import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { type CloseReason, ProtocolError } from "../base/errors.ts";
import {
  HANDSHAKE_TIMEOUT_MS,
  MAX_FRAME_BYTES,
  MAX_HANDSHAKE_MS,
  MAX_SEND_QUEUE_BYTES,
  MAX_STRANGER_FRAME_BYTES,
  MAX_WAITING_PONGS,
  REKEY_AFTER_BYTES,
  REKEY_AFTER_MS,
  REKEY_AFTER_RECORDS,
  SILENT_AFTER_MS,
} from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import type { CipherState } from "../crypto/cipher_state.ts";
import { decodeHello, encodeHello, HELLO_BYTES, WIRE_VERSION } from "../wire/hello.ts";
import { decodeClose, encodeClose } from "./close_frame.ts";
import { FIRST_OTHER_KIND, type Frame, FrameReader, LANES, LINK_KINDS, type Priority } from "./frame.ts";
import { Handshake, type Session } from "./handshake.ts";
import { Heartbeat, nonceOf } from "./heartbeat.ts";
import { InputBuffer } from "./input_buffer.ts";
import type { Carried, LinkEvent, LinkOptions, LinkState } from "./link_types.ts";
import {
  MIN_CIPHERTEXT_BYTES,
  MIN_PULL_BYTES,
  openRecord,
  RecordWriter,
  type RekeyLimits,
  TamperedError,
} from "./record.ts";
import { SendQueue } from "./send_queue.ts";

const REKEY_LIMITS: RekeyLimits = { records: REKEY_AFTER_RECORDS, bytes: REKEY_AFTER_BYTES, ageMs: REKEY_AFTER_MS };

/** Urgent frames and bulk have half of the queue each, so that bulk cannot be the reason for a link to be closed. */
const MAX_SHARE_BYTES = MAX_SEND_QUEUE_BYTES / 2;

/**
 * An authenticated, encrypted channel over a stream of bytes that somebody else carries: bytes in, events out, and
 * bytes to be pulled for the socket. Whatever the other side does, a link does not throw: it ends in `closed`.
 */
export class Link {
  /** Where the other side is, as the host names it. */
  readonly address: string;
  readonly #direction: "out" | "in";
  readonly #rekeyLimits: RekeyLimits;
  /** Null once it is over: with its keys it would be most of what an idle link costs. */
  #handshake: Handshake | null;
  readonly #startedMs: number;
  /** When the other side must have come one step further, until it is authorized. */
  #stepUntilMs = 0;
  readonly #input = new InputBuffer();
  readonly #queue = new SendQueue();
  readonly #readers = [new FrameReader(), new FrameReader(), new FrameReader()] as const;
  #state: LinkState = "hello";
  #handshakeOut: Uint8Array[] = [encodeHello()];
  #session: Session | null = null;
  #writer: RecordWriter | null = null;
  /** Size of the handshake message or ciphertext that comes next; 0 while its length is awaited. */
  #nextBytes = 0;
  #authorizedFrameBytes: number | null = null;
  #waitingEvents: LinkEvent[] = [];
  #waitingPongs = 0;
  readonly #heartbeat = new Heartbeat();
  #sentBytes = 0;
  #receivedBytes = 0;
  #lastReceivedMs: number;

  constructor(options: LinkOptions) {
    this.address = options.address;
    this.#direction = options.direction;
    this.#rekeyLimits = options.rekey ?? REKEY_LIMITS;
    this.#handshake = new Handshake(options.direction, options.identity, options.random);
    this.#startedMs = options.now.monotonicMs;
    this.#lastReceivedMs = this.#startedMs;
    this.progressed(options.now);
    if (this.#direction === "out") this.#queueHandshake(this.#handshake.begin());
  }

  /** How far the link has come. */
  get state(): LinkState {
    return this.#state;
  }

  /** The other side's peer id, once it is authenticated. 32 bytes. */
  get remotePeerId(): Uint8Array | null {
    return this.#session?.peer ?? null;
  }

  /** A name of this one link that both sides know, once it is open. 32 bytes. */
  get handshakeHash(): Uint8Array | null {
    return this.#session?.handshakeHash ?? null;
  }

  /** The last measured round trip; null before the first. */
  get roundTripMs(): number | null {
    return this.#heartbeat.roundTripMs;
  }

  /** Bytes pulled so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Bytes received so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** When bytes last came in, by the monotonic clock. */
  get lastReceivedMs(): number {
    return this.#lastReceivedMs;
  }

  /** What waits to be sent, each frame with what it costs besides its body. */
  get queuedBytes(): number {
    return this.#queue.urgentBytes + this.bulkQueuedBytes;
  }

  /** What waits to be sent as live data. */
  get liveQueuedBytes(): number {
    return this.#queue.bytesOf("live");
  }

  /** What waits to be sent as bulk. */
  get bulkQueuedBytes(): number {
    return this.#queue.bytesOf("bulk");
  }

  /** Whether `pull` has something to give. */
  get wantsToSend(): boolean {
    if (this.#handshakeOut.length > 0) return true;
    return this.#writer !== null && this.#state !== "closed" && !this.#queue.isEmpty;
  }

  /** When `tick` is due, by the monotonic clock; Infinity for never. */
  get deadline(): number {
    if (this.#waitingEvents.length > 0) return 0;
    if (this.#isOver) return Infinity;
    if (this.#authorizedFrameBytes === null) return this.#stepUntilMs;
    return Math.min(this.#heartbeat.dueMs(this.#lastReceivedMs), this.#lastReceivedMs + SILENT_AFTER_MS);
  }

  /**
   * Takes bytes from the socket; they may be overwritten afterwards. The events come one by one as they are iterated
   * over, which has to be done at once: `authorize` and `close` count from the very next frame.
   */
  *receive(bytes: Uint8Array, now: Now): Generator<LinkEvent, void, undefined> {
    this.#receivedBytes += bytes.length;
    this.#lastReceivedMs = now.monotonicMs;
    yield* this.#takeWaitingEvents();
    if (this.#isOver) return;
    this.#input.feed(bytes);
    try {
      yield* this.#process(now);
    } catch (error) {
      // The one place where what the other side sent wrong is caught.
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error.code, error.detail, this.#session !== null && !(error instanceof TamperedError));
      yield* this.#takeWaitingEvents();
    }
  }

  /**
   * Queues a frame for an open link. The body must stay as it is until it is sent.
   *
   * @param kind Range: 16 to 2^53 − 1.
   * @param body Range: 0 to MAX_FRAME_BYTES.
   * @returns whether it was queued. False for bulk: the queue is full, ask again later. False for the others: the link
   * is over, or is closed as `overloaded` since the other side does not take what is sent.
   */
  send(kind: number, body: Uint8Array, priority: Priority): boolean {
    assert(kind >= FIRST_OTHER_KIND, "lower frame kinds are the link's own");
    assert(body.length <= MAX_FRAME_BYTES, "a frame within the limit");
    if (this.#isOver) return false;
    assert(this.#state === "open", "frames are sent on open links");
    const isBulk = priority === "bulk";
    const queuedBytes = isBulk ? this.bulkQueuedBytes : this.#queue.urgentBytes;
    if (queuedBytes + body.length > MAX_SHARE_BYTES) {
      if (!isBulk) this.#fail("overloaded", `${queuedBytes} bytes wait to be sent`);
      return false;
    }
    this.#queue.push(priority, { kind, body });
    return true;
  }

  /**
   * The next bytes for the socket, encrypted now, in a new array; null when there is nothing to send.
   *
   * @param maxBytes Range: from MIN_PULL_BYTES on.
   */
  pull(maxBytes: number, now: Now): Uint8Array | null {
    assert(maxBytes >= MIN_PULL_BYTES, `at least ${MIN_PULL_BYTES} bytes are pulled`);
    let bytes: Uint8Array | null = null;
    if (this.#handshakeOut.length > 0) {
      bytes = concat(this.#handshakeOut);
      this.#handshakeOut = [];
    } else if (this.#writer !== null && this.#state !== "closed") {
      bytes = this.#writer.pull(maxBytes, now.monotonicMs);
      if (this.#queue.releaseClose()) bytes ??= this.#writer.pull(maxBytes, now.monotonicMs);
      if (this.#queue.bytesOf("control") === 0) this.#waitingPongs = 0;
      if (this.#state === "closing" && this.queuedBytes === 0) this.#state = "closed";
    }
    if (bytes !== null) this.#sentBytes += bytes.length;
    return bytes;
  }

  /**
   * Ends the link. Where it is open, the other side is told by a close frame, before all that is queued, which is
   * dropped; no event follows.
   *
   * @param detail one short phrase; what is longer than MAX_CLOSE_DETAIL_BYTES is cut.
   * @param last frames that go before it.
   * @param carried what is kept of bulk, and goes before it too. Default: none of it.
   */
  close(
    reason: CloseReason,
    detail = "",
    last: readonly Frame[] = [],
    carried: Carried | null = null,
  ): void {
    if (this.#isOver) return;
    if (this.#writer === null) {
      this.#state = "closed";
      return;
    }
    this.#queue.endWith({ kind: LINK_KINDS.close, body: encodeClose(reason, detail) }, last, carried);
    this.#state = "closing";
  }

  /** The socket ended. Without a close before it the link was cut off, and what it carried last may be missing. */
  disconnected(_now: Now): LinkEvent[] {
    if (!this.#isOver) this.#fail("truncated", "");
    this.#state = "closed";
    return this.#takeWaitingEvents();
  }

  /** Does what is due: asks for a sign of life, closes when there was none for too long. */
  tick(now: Now): LinkEvent[] {
    if (!this.#isOver) {
      if (this.#authorizedFrameBytes === null) {
        if (now.monotonicMs >= this.#stepUntilMs) this.#fail("handshake_timeout", "");
      } else if (now.monotonicMs - this.#lastReceivedMs >= SILENT_AFTER_MS) {
        this.#fail("silent", "");
      } else if (now.monotonicMs >= this.#heartbeat.dueMs(this.#lastReceivedMs)) {
        this.ping(now);
      }
    }
    return this.#takeWaitingEvents();
  }

  /** Measures the round trip now: a `pong` event follows. Nothing where the link is not open, or a ping is under way. */
  ping(now: Now): void {
    if (this.#state !== "open" || !this.#heartbeat.isIdle) return;
    this.#queue.push("control", { kind: LINK_KINDS.ping, body: this.#heartbeat.begin(now.monotonicMs) });
  }

  /** The other side came one step further: it has time anew for the next one. */
  progressed(now: Now): void {
    this.#stepUntilMs = Math.min(now.monotonicMs + HANDSHAKE_TIMEOUT_MS, this.#startedMs + MAX_HANDSHAKE_MS);
  }

  /** The other side belongs here: frames of that size are allowed, and the timeout of the handshake is over. */
  authorize(maxFrameBytes: number = MAX_FRAME_BYTES): void {
    this.#authorizedFrameBytes = maxFrameBytes;
  }

  get #isOver(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  *#process(now: Now): Generator<LinkEvent, void, undefined> {
    while (!this.#isOver) {
      if (this.#state === "hello") {
        const hello = this.#input.take(HELLO_BYTES);
        if (hello === null) return;
        this.#takeHello(hello);
        continue;
      }
      if (this.#nextBytes === 0) {
        const length = this.#input.take(2);
        if (length === null) return;
        this.#nextBytes = this.#checkedLength(((length[0] as number) << 8) | (length[1] as number));
      }
      const message = this.#input.take(this.#nextBytes);
      if (message === null) return;
      this.#nextBytes = 0;
      if (this.#session === null) yield* this.#takeHandshake(message, now);
      else yield* this.#takeRecord(this.#session.receive, message, now);
    }
  }

  #takeHello(hello: Uint8Array): void {
    const version = decodeHello(hello);
    if (version === null) throw new ProtocolError("not_kith", "");
    if (version !== WIRE_VERSION) {
      const code = version > WIRE_VERSION ? "version_too_new" : "version_too_old";
      throw new ProtocolError(code, `wire version ${version}, not ${WIRE_VERSION}`);
    }
    this.#state = "handshake";
  }

  #checkedLength(length: number): number {
    if (this.#session !== null) {
      if (length < MIN_CIPHERTEXT_BYTES) throw new TamperedError(`a record of ${length} bytes`);
    } else if (length !== this.#handshake?.expectedBytes) {
      throw new ProtocolError("bad_handshake", `a message of ${length} bytes, not ${this.#handshake?.expectedBytes}`);
    }
    return length;
  }

  *#takeHandshake(message: Uint8Array, now: Now): Generator<LinkEvent, void, undefined> {
    const handshake = this.#handshake;
    assert(handshake !== null, "without a session the handshake goes on");
    const answer = handshake.take(message);
    this.progressed(now);
    if (answer !== null) this.#queueHandshake(answer);
    const session = handshake.session;
    if (session === null) return;
    this.#session = session;
    this.#handshake = null;
    this.#writer = new RecordWriter(session.send, this.#queue.lanes, this.#rekeyLimits, now.monotonicMs);
    this.#state = "open";
    if (handshake.isWithSelf) throw new ProtocolError("self", "");
    yield { type: "open", peer: session.peer, handshakeHash: session.handshakeHash };
  }

  *#takeRecord(cipher: CipherState, ciphertext: Uint8Array, now: Now): Generator<LinkEvent, void, undefined> {
    const { lane, content } = openRecord(cipher, ciphertext);
    const reader = this.#readers[lane as 0 | 1 | 2];
    reader.feed(content);
    while (!this.#isOver) {
      const frame = reader.next(this.#authorizedFrameBytes ?? MAX_STRANGER_FRAME_BYTES);
      if (frame === null) return;
      if (frame.kind >= FIRST_OTHER_KIND) {
        yield { type: "frame", kind: frame.kind, body: frame.body };
        continue;
      }
      if (lane !== LANES.control) throw new ProtocolError("bad_state", `frame kind ${frame.kind} in lane ${lane}`);
      if (frame.kind !== LINK_KINDS.rekey) {
        yield* this.#takeLinkFrame(frame, now);
        continue;
      }
      new Reader(frame.body).end();
      if (!reader.isDrained) throw new ProtocolError("malformed", "a rekey is not the last frame of its record");
      cipher.rekey();
    }
  }

  *#takeLinkFrame(frame: Frame, now: Now): Generator<LinkEvent, void, undefined> {
    switch (frame.kind) {
      case LINK_KINDS.ping: {
        const nonce = nonceOf(frame.body);
        if (++this.#waitingPongs > MAX_WAITING_PONGS) {
          throw new ProtocolError("overloaded", `${MAX_WAITING_PONGS} pings wait for their answers`);
        }
        yield { type: "ping" };
        this.#queue.push("control", { kind: LINK_KINDS.pong, body: new Writer(4).u32(nonce).finish() });
        return;
      }
      case LINK_KINDS.pong: {
        yield { type: "pong", roundTripMs: this.#heartbeat.answered(frame.body, now.monotonicMs) };
        return;
      }
      case LINK_KINDS.close: {
        const { reason, detail } = decodeClose(frame.body);
        this.#state = "closed";
        yield { type: "closed", reason, detail, byRemote: true };
        return;
      }
      default:
        throw new ProtocolError("bad_state", `frame kind ${frame.kind}`);
    }
  }

  #queueHandshake(message: Uint8Array): void {
    this.#handshakeOut.push(new Writer(message.length + 2).u16(message.length).raw(message).finish());
  }

  #fail(reason: CloseReason, detail: string, isItsDoing = false): void {
    this.close(reason, detail);
    const event = { type: "closed", reason, detail, byRemote: false } as const;
    this.#waitingEvents.push(isItsDoing ? { ...event, isItsDoing } : event);
  }

  #takeWaitingEvents(): LinkEvent[] {
    const events = this.#waitingEvents;
    if (events.length > 0) this.#waitingEvents = [];
    return events;
  }
}
