import { toHex } from "../../../lib/base/bytes.ts";
import { verifySigned } from "../../../lib/crypto/identity.ts";
import { checkPartial } from "../../../lib/data/partial.ts";
import { type CheckedTransaction, checkTransaction } from "../../../lib/data/transaction.ts";
import { SpaceState } from "../../../lib/peer/space_state.ts";
import { Model } from "../../store/model.ts";
import type { SimPeer } from "../sim_peer.ts";

/** Every transaction that any peer holds, each checked once by the true check of signatures. */
export class History {
  readonly #checked = new Map<string, CheckedTransaction>();

  /**
   * Reads a transaction of a peer, and checks it.
   *
   * @throws {ProtocolError} where it is not what was signed.
   */
  read(peer: SimPeer, row: number): CheckedTransaction {
    const { store } = peer;
    const id = toHex(store.transactionByRow(row).id);
    const space = new SpaceState(store).space as Uint8Array;
    const known = this.#checked.get(id);
    if (known !== undefined && !store.partials.isWhole(row)) {
      checkPartial(store.partials.load(row, null), space, verifySigned);
      return known;
    }
    const bytes = store.load(row);
    // Where its header is known, that its values are those that were signed still has to be seen.
    const transaction = checkTransaction(bytes, space, known === undefined ? verifySigned : () => true);
    if (known === undefined) this.#checked.set(id, transaction);
    return known ?? transaction;
  }

  /** The state that the rules alone make of what a peer holds, given what it takes for undone. */
  modelOf(peer: SimPeer): Model {
    const { store } = peer;
    const held: CheckedTransaction[] = [];
    for (let row = 1; row <= store.transactionsTotal; row++) {
      held.push(this.#checked.get(toHex(store.transactionByRow(row).id)) ?? this.read(peer, row));
    }
    const undone = [...store.undoing.rows()].map((row) => toHex(store.transactionByRow(row).id));
    return new Model(held, new Set(undone));
  }
}
