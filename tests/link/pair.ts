import { concat, utf8Encode } from "../../lib/base/bytes.ts";
import type { Now } from "../../lib/base/clock.ts";
import { MAX_PULL_BYTES } from "../../lib/base/limits.ts";
import type { Random } from "../../lib/base/random.ts";
import type { CipherState } from "../../lib/crypto/cipher_state.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { Handshake } from "../../lib/link/handshake.ts";
import { Link } from "../../lib/link/link.ts";
import type { LinkEvent, LinkOptions } from "../../lib/link/link_types.ts";
import { encodeHello, HELLO_BYTES } from "../../lib/wire/hello.ts";

/** Randomness that is the same for the same seed. */
export function seeded(seed: string): Random {
  let count = 0;
  return {
    bytes(size) {
      const blocks: Uint8Array[] = [];
      for (let have = 0; have < size; have += 32) blocks.push(sha256(utf8Encode(`${seed} ${count++}`)));
      return concat(blocks).slice(0, size);
    },
  };
}

/** A moment, in ms of both clocks. */
export function at(ms: number): Now {
  return { monotonicMs: ms, wallMs: ms };
}

/** The identity of the side that dials, and of the one that listens. */
export const DIALLER = Identity.generate(seeded("dialler"));
export const LISTENER = Identity.generate(seeded("listener"));

/** One side of a link, always the same one for the same options. */
export function side(direction: "out" | "in", options: Partial<LinkOptions> = {}): Link {
  return new Link({
    direction,
    identity: direction === "out" ? DIALLER : LISTENER,
    random: seeded(`link ${direction}`),
    now: at(0),
    address: "there:5484",
    ...options,
  });
}

/** All that a link has to send. */
export function drain(link: Link, nowMs = 0): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let part = link.pull(MAX_PULL_BYTES, at(nowMs)); part !== null; part = link.pull(MAX_PULL_BYTES, at(nowMs))) {
    parts.push(part);
  }
  return concat(parts);
}

/** The events of some bytes. */
export function give(link: Link, bytes: Uint8Array, nowMs = 0): LinkEvent[] {
  return [...link.receive(bytes, at(nowMs))];
}

/** Carries bytes to and fro until nobody has any left, and gives what each side told of. */
export function settle(dialler: Link, listener: Link, nowMs = 0): { dialler: LinkEvent[]; listener: LinkEvent[] } {
  const events = { dialler: [] as LinkEvent[], listener: [] as LinkEvent[] };
  while (dialler.wantsToSend || listener.wantsToSend) {
    events.listener.push(...give(listener, drain(dialler, nowMs), nowMs));
    events.dialler.push(...give(dialler, drain(listener, nowMs), nowMs));
  }
  return events;
}

/** Two sides of one open link. */
export function openPair(options: Partial<LinkOptions> = {}): { dialler: Link; listener: Link } {
  const dialler = side("out", options);
  const listener = side("in", options);
  settle(dialler, listener);
  return { dialler, listener };
}

/** An open link, and a dialler at its other end that can send whatever it likes, under the right keys. */
export function openHostile(): { listener: Link; seal: (plaintext: Uint8Array) => Uint8Array; cipher: CipherState } {
  const listener = side("in");
  const handshake = new Handshake("out", DIALLER, seeded("hostile"));
  give(listener, concat([encodeHello(), prefixed(handshake.begin())]));
  const answer = drain(listener).subarray(HELLO_BYTES);
  give(listener, prefixed(handshake.take(answer.subarray(2)) as Uint8Array));
  const cipher = handshake.session?.send as CipherState;
  return { listener, cipher, seal: (plaintext) => prefixed(cipher.seal(plaintext)) };
}

/** A u16 length, then the bytes. */
export function prefixed(bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}
