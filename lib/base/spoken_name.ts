import { fromBase32 } from "./base32.ts";

const ANIMALS = (
  "badger beaver bison bobcat crane dingo falcon ferret finch gecko heron hornet ibis jackal kestrel lemur " +
  "lynx magpie marten moose newt ocelot osprey otter owl puffin raven salmon stoat tapir walrus wombat"
).split(" ");
const PLACES = (
  "attic bay beach brook canyon cellar cove creek delta dune field fjord forest garden glade grove " +
  "harbor heath hill island lagoon lake marsh meadow moor oasis orchard pond reef ridge shore valley"
).split(" ");
const ID_CHARACTERS = 4;

/** What a peer is called until someone names it, such as `otter-7f2k`. @param id its base32 id. */
export function spokenPeerName(id: string): string {
  return spoken(ANIMALS, id);
}

/** What a space is called on every member's screen, such as `meadow-x4qd`. @param id its base32 id. */
export function spokenSpaceName(id: string): string {
  return spoken(PLACES, id);
}

/** A word chosen by the last byte of an id, then the id's first characters, so that the two are independent. */
function spoken(words: readonly string[], id: string): string {
  const chosen = (fromBase32(id).at(-1) ?? 0) % words.length;
  return `${words[chosen]}-${id.slice(0, ID_CHARACTERS)}`;
}
