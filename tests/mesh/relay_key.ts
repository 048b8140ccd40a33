import { toBase32 } from "../../lib/base/base32.ts";
import { toHex } from "../../lib/base/bytes.ts";
import { RELAY_ACCESS_KEY_BYTES } from "../../lib/base/limits.ts";
import { relayFromText } from "../../lib/mesh/relay_address.ts";
import { ID_BYTES } from "../../lib/wire/transaction.ts";

const PREFIX = "kithrelay1";
const BITS_PER_LETTER = 5;
/** Letters of it in a row that nothing else holds by chance. */
const WINDOW = 10;

/**
 * Whether some of the access key in the text of a relay stands in what was shown: as it stands in the text, where only
 * the letters count that hold nothing else, or by itself in base32, hex, base64 or as numbers.
 */
export function showsKey(relay: string, shown: string): boolean {
  const key = relayFromText(relay).accessKey;
  const letters = relay.toLowerCase().slice(PREFIX.length).slice(
    Math.ceil(ID_BYTES * 8 / BITS_PER_LETTER),
    Math.floor((ID_BYTES + RELAY_ACCESS_KEY_BYTES) * 8 / BITS_PER_LETTER),
  );
  const searched = shown.toLowerCase().replaceAll(/\s/g, "");
  return [letters, toBase32(key), toHex(key), key.toBase64().toLowerCase(), key.join(",")].some((spelt) => {
    for (let i = 0; i + WINDOW <= spelt.length; i++) if (searched.includes(spelt.slice(i, i + WINDOW))) return true;
    return false;
  });
}
