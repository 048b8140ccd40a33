import { equal, toHex } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { SigningKey } from "../../lib/crypto/sign.ts";
import { buildTransaction, toBytes } from "../../lib/data/transaction.ts";
import { Link } from "../../lib/link/link.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { spaceProof } from "../../lib/space/grant.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { decodeMessage, encodeMessage, type Message } from "../../lib/wire/message.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import { encodeHeader, type Header } from "../../lib/wire/transaction.ts";
import type { End, Network, NetworkHost } from "./network.ts";
import type { Prng } from "./prng.ts";
import type { SimPeer } from "./sim_peer.ts";

interface Attack {
  readonly end: End;
  readonly link: Link;
  readonly target: SimPeer;
}

/**
 * A member with its own program: it holds the keys of a real peer and the space's secret, and sends the others what
 * no honest peer would write. None of it may be applied anywhere.
 */
export class Adversary implements NetworkHost {
  readonly index: number;
  readonly listensAt = null;
  readonly life = 0;
  /** Ids of what it forged, in hexadecimal. */
  readonly forged = new Set<string>();
  readonly #member: SimPeer;
  readonly #prng: Prng;
  readonly #network: Network;
  readonly #dialled: SimPeer[] = [];
  readonly #attacks = new Map<End, Attack>();
  #stopped = false;

  constructor(index: number, member: SimPeer, prng: Prng, network: Network) {
    this.index = index;
    this.#member = member;
    this.#prng = prng;
    this.#network = network;
  }

  /** Dials a peer, to send it forgeries. */
  attack(target: SimPeer): void {
    if (target.listensAt === null || new SpaceState(this.#member.store).space === null) return;
    this.#dialled.push(target);
    this.#network.dial(this, target.listensAt);
  }

  /** Ends all connections. */
  stop(): void {
    this.#stopped = true;
    for (const end of this.#attacks.keys()) this.#network.lose(end);
  }

  /** Part of `NetworkHost`. */
  connected(end: End): void {
    const target = this.#dialled.shift() as SimPeer;
    const link = new Link({
      direction: "out",
      identity: this.#member.identity,
      random: this.#prng,
      now: this.#member.now,
      address: "",
    });
    this.#attacks.set(end, { end, link, target });
    if (this.#stopped) this.#network.lose(end);
    else this.#network.pump(end);
  }

  /** Part of `NetworkHost`. */
  dialFailed(): void {
    this.#dialled.shift();
  }

  /** Part of `NetworkHost`. */
  received(end: End, bytes: Uint8Array): void {
    const attack = this.#attacks.get(end);
    if (attack === undefined) return;
    for (const event of attack.link.receive(bytes, this.#member.now)) {
      if (event.type === "open") this.#prove(attack, event.handshakeHash);
      if (event.type === "frame" && decodeMessage(event.kind, event.body)?.type === "prove") this.#forge(attack);
      if (event.type === "closed") this.#network.close(end);
    }
    this.#network.taken(end, bytes.length);
    this.#network.pump(end);
  }

  /** Part of `NetworkHost`. */
  disconnected(end: End): void {
    this.#attacks.delete(end);
  }

  /** Part of `NetworkHost`. */
  pull(end: End, maxBytes: number): Uint8Array | null {
    return this.#attacks.get(end)?.link.pull(maxBytes, this.#member.now) ?? null;
  }

  #prove(attack: Attack, handshakeHash: Uint8Array): void {
    const secret = new SpaceState(this.#member.store).epochs.at(-1)?.secret as Uint8Array;
    const mac = spaceProof(secret, handshakeHash, "out", this.#member.identity.peerId);
    this.#send(attack, { type: "prove", mac });
  }

  #forge({ link, target, end }: Attack): void {
    const list = this.#forgeries(target);
    for (const { header } of list) {
      const id = sha256(header);
      if (!this.#member.store.hasTransaction(id)) this.forged.add(toHex(id));
    }
    if (this.#prng.chance(0.1)) link.send(25, this.#prng.bytes(100), "live");
    for (const forgery of list) this.#send({ link, target, end }, { type: "transactions", list: [forgery] });
  }

  #send({ link }: Attack, message: Message): void {
    const { kind, body } = encodeMessage(message);
    if (link.state === "open") link.send(kind, body, "control");
  }

  #forgeries(target: SimPeer): TransactionBytes[] {
    const { store } = this.#member;
    const space = new SpaceState(store).space as Uint8Array;
    // In, but without the space's data yet: there is nothing to forge from.
    if (store.transactionsTotal === 0) return [];
    const honest = store.transactionByRow(1 + this.#prng.below(store.transactionsTotal));
    const genuine = store.load(honest.row);
    switch (this.#prng.below(6)) {
      case 0:
        // The next transaction of somebody else, under that writer's name, with a signature of its last one.
        return [this.#inNameOf(honest.header, honest.id, genuine.signature)];
      case 1: {
        // The same, signed by this member.
        const forged = this.#inNameOf(honest.header, honest.id, genuine.signature);
        return [{ ...forged, signature: this.#member.identity.sign("kith transaction 1", forged.header) }];
      }
      case 2: {
        // Genuine, with another value.
        const operations = genuine.operations.map(({ leaf, value }) => ({ leaf, value: value && this.#prng.bytes(9) }));
        return target.store.hasTransaction(honest.id) ? [] : [{ ...genuine, operations }];
      }
      case 3:
        // Rightly signed, under a standing that is somebody else's, or none.
        if (equal(honest.header.peer, this.#member.identity.peerId)) return [];
        return [toBytes(this.#signed(space, { standing: { transaction: honest.id, index: 0 } }, target.store.tips()))];
      case 4: {
        // An unknown past, that will never come.
        return [toBytes(this.#signed(space, {}, [this.#prng.bytes(32)]))];
      }
      default: {
        // Not allowed, and so that it has to wait: the sin shows when an honest parent comes.
        const parents = store.tips().filter((id) => !target.store.hasTransaction(id));
        return parents.length === 0 ? [] : [
          toBytes(this.#signed(space, { standing: { transaction: honest.id, index: 1 } }, parents)),
        ];
      }
    }
  }

  #inNameOf(last: Header, previous: Uint8Array, signature: Uint8Array): TransactionBytes {
    const value = this.#prng.bytes(8);
    const made = buildTransaction(this.#member.identity, this.#prng.bytes(32), {
      ...last,
      sequence: last.sequence + 1,
      previous,
      parents: [],
      standing: last.standing ?? { transaction: previous, index: 0 },
      firstOperation: last.firstOperation + last.operationCount,
    }, [this.#put(value)]);
    return { ...toBytes(made), header: encodeHeader(made.header), signature };
  }

  #signed(space: Uint8Array, change: Partial<Header>, parents: readonly Uint8Array[]) {
    const { identity } = this.#member;
    const grant: Operation = {
      kind: "grant",
      subjectKind: "peer",
      subject: SigningKey.fromSeed(this.#prng.bytes(32)).publicKey,
      role: "admin",
      prefix: "",
      expiresMs: 0,
      standingExpiresMs: 0,
      uses: 1,
      derivation: 1,
      mac: new Uint8Array(32),
    };
    return buildTransaction(identity, space, {
      peer: identity.peerId,
      instance: this.#prng.bytes(16),
      sequence: 1,
      previous: null,
      parents,
      standing: { transaction: this.#prng.bytes(32), index: 0 },
      clock: { ms: 2 ** 40, count: 0 },
      firstOperation: 0,
      ...change,
    }, [this.#prng.chance(0.5) ? { operation: grant, value: null } : this.#put(this.#prng.bytes(8))]);
  }

  #put(value: Uint8Array): { operation: Operation; value: Uint8Array } {
    const operation: Operation = {
      kind: "put",
      key: `forged/${this.#prng.below(100)}`,
      names: [],
      media: "text/plain",
      length: value.length,
      hash: sha256(value),
    };
    return { operation, value };
  }
}
