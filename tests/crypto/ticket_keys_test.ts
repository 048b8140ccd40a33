import { assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { deriveTicketKeys, deriveTicketKeysInBackground, type TicketKeys } from "../../lib/crypto/ticket_keys.ts";

const SECRET = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
/** By another implementation: HMACs of three labels under scrypt with N 2^15, r 8, p 1, salt "kith ticket v1". */
const EXPECTED = {
  inviteSeed: "d1688bacd7f1adb9b93d49a780b0873d06179ac6fa3359625c54026c10c36f9a",
  macKey: "1d73abef42712e2a0c042c2d84f867cba6e849e9db9b8b208dff575cf0846ac2",
  tagKey: "37a2a9a0a1f18554e2722891f200dc9ef84838af41c4c92d271c3ce6715f4111",
};

function hexed({ inviteSeed, macKey, tagKey }: TicketKeys) {
  return { inviteSeed: toHex(inviteSeed), macKey: toHex(macKey), tagKey: toHex(tagKey) };
}

Deno.test("ticket keys: are derived from scrypt under three labels", () => {
  assertEquals(hexed(deriveTicketKeys(SECRET)), EXPECTED);
});

Deno.test("ticket keys: are the same from the background", async () => {
  const keys = await new Promise<TicketKeys>((resolve, reject) =>
    deriveTicketKeysInBackground(SECRET, (error, keys) => keys === undefined ? reject(error) : resolve(keys))
  );
  assertEquals(hexed(keys), EXPECTED);
});

Deno.test("ticket keys: a secret of another size is refused", () => {
  for (const size of [0, 7, 9]) assertThrows(() => deriveTicketKeys(new Uint8Array(size)), RangeError);
});
