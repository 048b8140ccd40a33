import { compare, equal, toHex } from "../base/bytes.ts";
import { MAX_SEALED_SECRETS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { seal } from "../crypto/sealed_box.ts";
import { DOMAINS } from "../wire/domains.ts";
import type { Genesis, Redeem, Revoke, SealedSecret } from "../wire/operation.ts";
import type { Act } from "./acts.ts";

/** Size of an epoch secret, in bytes. */
export const EPOCH_SECRET_BYTES = 32;

/** The lowest bits of an epoch's number, by which concurrent ones differ. */
const TIE_BITS = 20;

/** A revoke that begins an epoch. */
export interface Renewal {
  readonly act: Act<Revoke>;
  /** The epoch's number, the same for everybody: above those of all epochs in its past. */
  readonly number: number;
}

/** The epochs that revokes begin, and to which key of each member their secrets are sealed (DESIGN 8). */
export class Renewals {
  readonly #inContext: (context: number, row: number) => boolean;
  readonly #renewals: (Renewal & { readonly depth: number })[] = [];
  readonly #sealingKeys = new Map<string, Uint8Array>();

  /** @param inContext whether the membership transaction in a row is in a past. */
  constructor(inContext: (context: number, row: number) => boolean) {
    this.#inContext = inContext;
  }

  /** Forgets everything. */
  clear(): void {
    this.#renewals.length = 0;
    this.#sealingKeys.clear();
  }

  /** Takes in a membership act, whose past was taken in before. */
  add(act: Act): void {
    const { operation } = act;
    if (operation.kind === "genesis" || operation.kind === "redeem") this.#addKey(act as Act<Genesis | Redeem>);
    if (operation.kind !== "revoke" || operation.sealed.length === 0) return;
    let depth = 1;
    for (const before of this.#renewals) {
      if (this.#inContext(act.context, before.act.row)) depth = Math.max(depth, before.depth + 1);
    }
    this.#renewals.push({ act: act as Act<Revoke>, number: numberOf(depth, act), depth });
  }

  /** Every revoke that begins an epoch, also one that is undone, in the order in which they were applied. */
  all(): readonly Renewal[] {
    return this.#renewals;
  }

  /** Seals a secret to each of these peers, all but the few whose key is none. @param peers at most MAX_SEALED_SECRETS count. */
  seal(secret: Uint8Array, peers: readonly Uint8Array[], random: Random): SealedSecret[] {
    return peers.slice(0, MAX_SEALED_SECRETS).flatMap((recipient): SealedSecret[] => {
      const box = this.sealTo(recipient, DOMAINS.epoch, secret, random);
      return box === null ? [] : [{ recipient, box }];
    }).sort((a, b) => compare(a.recipient, b.recipient));
  }

  /** Whether a peer has told a key to which something can be sealed for it. */
  knowsKey(peer: Uint8Array): boolean {
    return this.#sealingKeys.has(toHex(peer));
  }

  /** Seals something to one peer under a domain; null where its key is not known, or none. */
  sealTo(peer: Uint8Array, domain: string, message: Uint8Array, random: Random): Uint8Array | null {
    const key = this.#sealingKeys.get(toHex(peer));
    return key === undefined ? null : seal(key, domain, message, random);
  }

  #addKey({ peer, operation }: Act<Genesis | Redeem>): void {
    this.#sealingKeys.set(toHex(peer), operation.sealingKey);
  }
}

/** The box for a peer; null where there is none. */
export function boxFor({ act }: Renewal, peer: Uint8Array): Uint8Array | null {
  return act.operation.sealed.find(({ recipient }) => equal(recipient, peer))?.box ?? null;
}

/** Concurrent removals begin epochs of one depth; the id of its transaction tells one from the other. */
function numberOf(depth: number, { version }: Act): number {
  const [a, b, c] = version.transaction as unknown as [number, number, number];
  return depth * 2 ** TIE_BITS + (a << 12 | b << 4 | c >> 4);
}
