import { assertEquals } from "@std/assert";
import decodeQR from "qr/decode.js";
import { qrLines } from "../../lib/cli/qr.ts";
import { ticketText } from "../../lib/space/ticket.ts";

/** Pixels of a module: what a camera would see. */
const SCALE = 4;

/** Photographs a screen: half blocks in the colour of the text, the rest in that of the background. */
function photographed(lines: readonly string[], text: number, background: number) {
  const columns = (lines[0] as string).length;
  const width = columns * SCALE;
  const height = lines.length * 2 * SCALE;
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const character = (lines[Math.floor(y / SCALE / 2)] as string)[Math.floor(x / SCALE)] as string;
      const isUpper = Math.floor(y / SCALE) % 2 === 0;
      const isInk = character === "█" || character === (isUpper ? "▀" : "▄");
      data.fill(isInk ? text : background, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

Deno.test("a ticket drawn as a QR code is read again, black on white and light on dark", () => {
  const secret = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  for (const addresses of [[], ["192.168.1.10:5484", "[fd00:0:1:2:3:4:5:6]:5484"]]) {
    const ticket = ticketText(secret, addresses);
    const black = qrLines(ticket, "dark");
    assertEquals(decodeQR(photographed(black, 0, 255)).toLowerCase(), ticket);
    assertEquals(decodeQR(photographed(qrLines(ticket, "light"), 220, 20)).toLowerCase(), ticket);
    assertEquals(new Set(black.map((line) => line.length)).size, 1);
    assertEquals(black.slice(0, 2).join("").trim(), "", "there is a margin");
  }
});
