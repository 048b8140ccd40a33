/**
 * Domain strings: what is signed or authenticated begins with one of them and a zero byte, so that no signature made
 * for one purpose can serve another. Named and versioned; append-only (lib/wire/PROTOCOL.md, "Domains").
 */
export const DOMAINS = {
  /** Ed25519 by the peer over its Noise static key. */
  identity: "kith identity 1",
  /** Ed25519 by the writer over space id and header. */
  transaction: "kith transaction 1",
  /** Ed25519 by the invite key over space id and joiner. */
  redeem: "kith redeem 1",
  /** HMAC-SHA256 by the ticket's MAC key over space id, grant and its place in the history. */
  grant: "kith grant 1",
  /** HMAC-SHA256 by the epoch secret over handshake hash, direction and peer id. */
  proof: "kith proof 1",
  /** HMAC-SHA256 by the invite public key over the handshake hash. */
  knock: "kith knock 1",
  /** Ed25519 by the peer over its record in the address book. */
  record: "kith record 1",
  /** The prologue of a sealed box (Noise N) with the secret of a new epoch. */
  epoch: "kith epoch 1",
  /** Ed25519 by the sender over a batch of messages on topics. */
  posts: "kith posts 1",
  /** The prologue of a sealed box (Noise N) with messages to one member. */
  post_box: "kith post box 1",
  /** Ed25519 by a member over a beat: that it is here. */
  presence: "kith presence 1",
  /** HMAC-SHA256 by the epoch secret, or by a ticket's LAN key, over what is announced on a network. */
  lan_instance: "kith lan instance 1",
  /** HMAC-SHA256 by the same key over who announces it. */
  lan_peer: "kith lan peer 1",
  /** HMAC-SHA256 by a ticket's LAN key over the day. */
  lan_ticket: "kith lan ticket 1",
  /** HMAC-SHA256 by the epoch secret over the day: where members meet in the DHT. */
  dht_space: "kith dht space 1",
  /** HMAC-SHA256 by a ticket's LAN key over the day: where its doors are found in the DHT. */
  dht_ticket: "kith dht ticket 1",
  /** HMAC-SHA256 by the access key of a public relay over handshake hash, direction and peer id. */
  relay_access: "kith relay access 1",
  /** HMAC-SHA256 by a ticket's LAN key over the day: where its doors are met at a public relay. */
  relay_ticket: "kith relay ticket 1",
} as const;
