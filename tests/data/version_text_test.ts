import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { versionFromText, versionText } from "../../lib/data/version_text.ts";

Deno.test("a version's spelling leads back to it", () => {
  const version = fc.record({
    transaction: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    index: fc.nat(4095),
  });
  fc.assert(fc.property(version, (id) => assertEquals(versionFromText(versionText(id)), id)));
});

Deno.test("what is no version's spelling gives null", () => {
  const good = versionText({ transaction: new Uint8Array(32), index: 12 });
  const wrong = [
    "",
    "x",
    good.toUpperCase(),
    good.replace(".", ""),
    good.replace(".12", ".012"),
    good.replace(".12", ""),
  ];
  wrong.push(
    good.slice(1),
    `a${good}`,
    `${good}0000000000`,
    ` ${good}`,
    good.replace(/^a/, "1"),
    good.replace("a.", "b."),
  );
  for (const text of wrong) assertEquals(versionFromText(text), null, text);
});
