import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, toHex } from "../../lib/base/bytes.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import type { Random } from "../../lib/base/random.ts";
import { DhKeyPair } from "../../lib/crypto/dh.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { NOISE_N, NOISE_XX, NoiseHandshake, type NoisePattern } from "../../lib/crypto/noise.ts";
import { patternOf } from "./noise_patterns.ts";
import { CACOPHONY } from "./vectors/noise_cacophony.ts";
import { SNOW, SNOW_PROLOGUE } from "./vectors/noise_snow.ts";

interface Side {
  readonly ephemeral: string;
  readonly secret: string;
}

interface Session {
  readonly pattern: NoisePattern;
  readonly prologue: string;
  readonly initiator: Side;
  readonly responder: Side;
  readonly preSharedKeys: readonly string[];
  readonly payloads: readonly string[];
}

function fixed(bytes: Uint8Array): Random {
  return { bytes: () => bytes };
}

function start(session: Session, initiator: boolean): NoiseHandshake {
  const [local, remote] = initiator ? [session.initiator, session.responder] : [session.responder, session.initiator];
  const { pattern } = session;
  const knowsRemote = initiator ? pattern.responderKnown.length > 0 : pattern.initiatorKnown.length > 0;
  return new NoiseHandshake({
    pattern,
    initiator,
    prologue: fromHex(session.prologue),
    random: fixed(fromHex(local.ephemeral)),
    ...(local.secret === "" ? {} : { localStatic: DhKeyPair.fromSecret(fromHex(local.secret)) }),
    ...(knowsRemote ? { remoteStatic: DhKeyPair.fromSecret(fromHex(remote.secret)).publicKey } : {}),
    preSharedKeys: session.preSharedKeys.map(fromHex),
  });
}

/** Runs a whole session, each message read by the other side, and gives its ciphertexts and both handshake hashes. */
function run(session: Session): { ciphertexts: Uint8Array[]; hashes: string[] } {
  const initiator = start(session, true);
  const responder = start(session, false);
  const payloads = session.payloads.map(fromHex);
  const ciphertexts: Uint8Array[] = [];
  let next = 0;
  for (; !initiator.isFinished; next++) {
    const [writer, reader] = initiator.isToWrite ? [initiator, responder] : [responder, initiator];
    const payload = payloads[next] as Uint8Array;
    const message = writer.writeMessage(payload);
    assertEquals(toHex(reader.readMessage(message)), toHex(payload));
    ciphertexts.push(message);
  }
  assert(responder.isFinished);
  const isOneWay = session.pattern.messages.length === 1;
  const left = initiator.split();
  const right = responder.split();
  for (; next < payloads.length; next++) {
    const payload = payloads[next] as Uint8Array;
    const byInitiator = isOneWay || next % 2 === 0;
    const ciphertext = (byInitiator ? left.send : right.send).seal(payload);
    const opened = (byInitiator ? right.receive : left.receive).open(ciphertext);
    assert(opened !== null);
    assertEquals(toHex(opened), toHex(payload));
    ciphertexts.push(ciphertext);
  }
  return { ciphertexts, hashes: [toHex(initiator.handshakeHash), toHex(responder.handshakeHash)] };
}

function cacophony(pattern: NoisePattern): Session {
  const uses = pattern.messages.flat();
  const responderHasStatic = pattern.responderKnown.length > 0 ||
    pattern.messages.some((tokens, i) => i % 2 === 1 && tokens.includes("s"));
  const initiatorHasStatic = pattern.initiatorKnown.length > 0 ||
    pattern.messages.some((tokens, i) => i % 2 === 0 && tokens.includes("s"));
  return {
    pattern,
    prologue: CACOPHONY.prologue,
    initiator: {
      ephemeral: CACOPHONY.initiatorEphemeral,
      secret: initiatorHasStatic ? CACOPHONY.initiatorStatic : "",
    },
    responder: {
      ephemeral: CACOPHONY.responderEphemeral,
      secret: responderHasStatic ? CACOPHONY.responderStatic : "",
    },
    preSharedKeys: uses.includes("psk") ? [CACOPHONY.preSharedKey] : [],
    payloads: CACOPHONY.payloads,
  };
}

for (const [name, count, transcript, handshakeHash] of CACOPHONY.transcripts) {
  Deno.test(`noise: cacophony vector ${name}`, () => {
    const { ciphertexts, hashes } = run(cacophony(patternOf(name)));
    assertEquals(ciphertexts.length, count);
    assertEquals(toHex(sha256(concat(ciphertexts))), transcript);
    assertEquals(hashes, [handshakeHash, handshakeHash]);
  });
}

for (const vector of SNOW) {
  Deno.test(`noise: snow vector ${vector.pattern}`, () => {
    const { ciphertexts } = run({
      pattern: patternOf(vector.pattern),
      prologue: SNOW_PROLOGUE,
      initiator: { ephemeral: vector.initiator[0], secret: vector.initiator[1] },
      responder: { ephemeral: vector.responder[0], secret: vector.responder[1] },
      preSharedKeys: vector.preSharedKeys,
      payloads: vector.payloads,
    });
    assertEquals(toHex(sha256(concat(ciphertexts))), vector.transcript);
  });
}

Deno.test("noise: the product's XX gives the published bytes, one message at a time", () => {
  const { ciphertexts } = run(cacophony(NOISE_XX));
  assertEquals(ciphertexts.map(toHex), [...CACOPHONY.xx]);
});

Deno.test("noise: the product's patterns are the specification's", () => {
  assertEquals(NOISE_XX, patternOf("XX"));
  assertEquals(NOISE_N, patternOf("N"));
});

Deno.test("noise: one flipped bit in any handshake message of XX ends the handshake", () => {
  const session = cacophony(NOISE_XX);
  const messages = run(session).ciphertexts.slice(0, 3);
  for (let index = 0; index < 3; index++) {
    const message = messages[index] as Uint8Array;
    for (let at = 0; at < message.length; at++) {
      const flipped = message.slice();
      flipped[at] = (flipped[at] as number) ^ 1;
      const initiator = start(session, true);
      const responder = start(session, false);
      const payload = fromHex(session.payloads[0] as string);
      // The first message is in clear: the flip shows in the next one, to the initiator.
      assertThrows(() => {
        for (let i = 0; i < 3; i++) {
          const [writer, reader] = i % 2 === 0 ? [initiator, responder] : [responder, initiator];
          const written = writer.writeMessage(payload);
          reader.readMessage(i === index ? flipped : written);
        }
      }, ProtocolError);
    }
  }
});

Deno.test("noise: different prologues never agree", () => {
  const session = cacophony(NOISE_XX);
  const initiator = start(session, true);
  const responder = start({ ...session, prologue: session.prologue + "00" }, false);
  const payload = new Uint8Array(0);
  responder.readMessage(initiator.writeMessage(payload));
  const second = responder.writeMessage(payload);
  assertThrows(() => initiator.readMessage(second), ProtocolError, "does not decrypt");
});

Deno.test("noise: a message that is cut short anywhere is refused", () => {
  const session = cacophony(NOISE_XX);
  const messages = run(session).ciphertexts;
  for (let size = 0; size < 32; size++) {
    const responder = start(session, false);
    assertThrows(() => responder.readMessage((messages[0] as Uint8Array).subarray(0, size)), ProtocolError);
  }
  for (let size = 0; size < (messages[1] as Uint8Array).length; size++) {
    const initiator = start(session, true);
    initiator.writeMessage(fromHex(session.payloads[0] as string));
    assertThrows(() => initiator.readMessage((messages[1] as Uint8Array).subarray(0, size)), ProtocolError);
  }
});

Deno.test("noise: an ephemeral key of small order ends the handshake", () => {
  const session = cacophony(NOISE_XX);
  const responder = start(session, false);
  responder.readMessage(new Uint8Array(32));
  assertThrows(() => responder.writeMessage(new Uint8Array(0)), ProtocolError, "small order");
});
