import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type ErrorCode, KithError } from "../../lib/base/errors.ts";
import { MAX_ADDRESSES } from "../../lib/base/limits.ts";
import { nearWords, newTicketSecret, ticketFromText, ticketText, ticketWords } from "../../lib/space/ticket.ts";
import { Prng } from "../sim/prng.ts";

const SECRET = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
const secrets = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => {
  bytes[0] = (bytes[0] as number) & 0x3f;
  return bytes;
});
const addresses = fc.array(fc.constantFrom("10.0.0.1:5484", "[fd00::2]:5484", "otter.local:1"), {
  maxLength: MAX_ADDRESSES,
});

function refused(text: string, code: ErrorCode): KithError {
  const error = assertThrows(() => ticketFromText(text), KithError, undefined, text);
  assertEquals(error.code, code, text);
  return error;
}

Deno.test("a secret is 62 random bits", () => {
  const random = new Prng(1);
  let seen = 0;
  for (let i = 0; i < 200; i++) {
    const secret = newTicketSecret(random);
    assertEquals([secret.length, (secret[0] as number) >> 6], [8, 0]);
    seen |= secret[0] as number;
  }
  assertEquals(seen, 0x3f);
});

Deno.test("six words lead back to the secret, and so does the long spelling, with its addresses", () => {
  fc.assert(fc.property(secrets, addresses, (secret, at) => {
    const words = ticketWords(secret);
    assertEquals(words.split("-").length, 6);
    assertEquals(ticketFromText(words), { secret, addresses: [] });
    const long = ticketText(secret, at);
    assert(/^kith1[a-z2-7]+$/.test(long));
    assertEquals(ticketFromText(long), { secret, addresses: at });
  }));
});

Deno.test("the two spellings of one secret stay what they are", () => {
  assertEquals(ticketWords(SECRET), "advice-document-advice-choice-limb-awkward");
  assertEquals(ticketText(SECRET, ["10.0.0.1:5484"]), "kith1aebagbafaydqqaingeyc4mbogaxdcorvgq4didoukpaa");
});

Deno.test("case, separators and space around a ticket do not matter", () => {
  const words = ticketWords(SECRET);
  const spellings = [
    words.toUpperCase(),
    words.replaceAll("-", " "),
    words.replaceAll("-", ", "),
    ` ${words.replaceAll("-", "\t")}\n`,
    words.replaceAll("-", "_"),
    words.replaceAll("-", "--"),
  ];
  for (const spelling of spellings) assertEquals(ticketFromText(spelling).secret, SECRET, spelling);
  assertEquals(ticketFromText(`  ${ticketText(SECRET, []).toUpperCase()} `).secret, SECRET);
  const wrapped = ticketText(SECRET, ["10.0.0.1:5484"]).replaceAll(/.{20}/g, "$&\r\n  ");
  assertEquals(ticketFromText(wrapped), { secret: SECRET, addresses: ["10.0.0.1:5484"] });
});

Deno.test("a word that is not in the list is named, with its place and near ones", () => {
  const words = ticketWords(SECRET).split("-");
  words[2] = "orbitt";
  const error = refused(words.join("-"), "ticket_word");
  assertEquals([error.values["word"], error.values["position"]], ["orbitt", 3]);
  assert(String(error.values["near"]).startsWith("orbit"));
  assert(error.message.includes("orbitt") && error.message.includes("orbit"));
  assertEquals(nearWords("velvt")[0], "velvet");
  assertEquals(nearWords("velvet").length, 3);
});

Deno.test("too few and too many words are counted", () => {
  const words = ticketWords(SECRET).split("-");
  assertEquals(refused(words.slice(1).join("-"), "ticket_word_count").values["count"], 5);
  assertEquals(refused([...words, "zoo"].join("-"), "ticket_word_count").values["count"], 7);
  assertEquals(refused("", "ticket_word_count").values["count"], 0);
});

Deno.test("of 1,000 wrong words about fifteen sixteenths are noticed, the rest are other tickets", () => {
  const random = new Prng(2);
  let noticed = 0;
  for (let i = 0; i < 1000; i++) {
    const words = ticketWords(newTicketSecret(random)).split("-");
    const other = ticketWords(newTicketSecret(random)).split("-");
    const place = random.below(6);
    if (words[place] === other[place]) continue;
    words[place] = other[place] as string;
    try {
      ticketFromText(words.join("-"));
    } catch (error) {
      assert(error instanceof KithError && error.code === "ticket_checksum");
      noticed++;
    }
  }
  assert(noticed > 880 && noticed < 980, `${noticed}`);
});

Deno.test("every mistyped letter of the long spelling is noticed", () => {
  const long = ticketText(SECRET, ["10.0.0.1:5484"]);
  for (let i = 5; i < long.length; i++) {
    const wrong = long.slice(0, i) + (long[i] === "a" ? "b" : "a") + long.slice(i + 1);
    const error = assertThrows(() => ticketFromText(wrong), KithError);
    assert(error.code === "ticket_checksum" || error.code === "ticket_malformed", wrong);
  }
  for (const wrong of [long.slice(0, -1), `${long}a`, `${long}!`, "kith1", "kith1a"]) {
    const error = assertThrows(() => ticketFromText(wrong), KithError, undefined, wrong);
    assert(error.code === "ticket_checksum" || error.code === "ticket_malformed", wrong);
  }
});

Deno.test("reading a ticket fails with nothing but its own errors", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => `kith1${text}`)), (text) => {
    try {
      ticketFromText(text);
    } catch (error) {
      assert(error instanceof KithError && error.code.startsWith("ticket_"), String(error));
    }
  }));
});
