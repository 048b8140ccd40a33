import { assertEquals, assertMatch } from "@std/assert";
import { serveText } from "../../lib/text/text_server.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { until } from "../host/until.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A program as the tutorial has it: one send, one receive. */
class Program implements Disposable {
  readonly #conn: Deno.Conn;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  static async connect(address: string): Promise<Program> {
    const [hostname = "", port = ""] = address.split(":");
    return new Program(await Deno.connect({ hostname, port: Number(port) }));
  }

  async send(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    assertEquals(await this.#conn.write(bytes), bytes.length);
  }

  /** What one receive gives; null when the other side closed. */
  async receive(): Promise<string | null> {
    const buffer = new Uint8Array(64 * 1024);
    const sizeBytes = await this.#conn.read(buffer).catch(() => null);
    return sizeBytes === null ? null : decoder.decode(buffer.subarray(0, sizeBytes));
  }

  async ask(text: string): Promise<string | null> {
    await this.send(text);
    return await this.receive();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

async function startText(home: string): Promise<TempHost & { text: string }> {
  const peer = await startHost(home);
  await peer.object("POST", "/v1/space");
  return { ...peer, text: serveText(peer.host, "127.0.0.1:0") };
}

Deno.test("the tutorial's conversation works, with no terminator", async () => {
  await using folder = await tempFolder();
  await using peer = await startText(`${folder.path}/a`);
  using program = await Program.connect(peer.text);
  assertEquals(await program.ask("get_data"), "\n", "with nothing stored, one byte at least comes");
  assertEquals(await program.ask("update_data,zebra,apple"), "update_ack");
  assertEquals(await program.ask("update_data,apple,mango"), "update_ack");
  assertEquals(await program.ask("get_data"), "zebra,apple,mango", "the oldest first");
  await program.send("quit");
  assertEquals(await program.receive(), null);
  assertEquals(await (await peer.call("GET", "/v1/entry?key=text/mango")).text(), "mango");
});

Deno.test("lines work too, several at once and in pieces, and are answered in lines", async () => {
  await using folder = await tempFolder();
  await using peer = await startText(`${folder.path}/a`);
  using program = await Program.connect(peer.text);
  assertEquals(await program.ask("get_data\n"), "\n");
  assertEquals(await program.ask("update_data,a,b\r\n"), "update_ack\n");
  await program.send("get_");
  assertEquals(await program.ask("data\nget"), "a,b\n");
  assertEquals(await program.ask("_data\n"), "a,b\n");
  await program.send("quit\n");
  assertEquals(await program.receive(), null);
});

Deno.test("what others write in the space is read here, and what is deleted is gone", async () => {
  await using folder = await tempFolder();
  await using peer = await startText(`${folder.path}/a`);
  using program = await Program.connect(peer.text);
  await peer.call("PUT", "/v1/entry?key=text/from-elsewhere", "from-elsewhere", { "content-type": "text/plain" });
  await peer.call("PUT", "/v1/entry?key=other/thing", "no", { "content-type": "text/plain" });
  assertEquals(await program.ask("get_data"), "from-elsewhere");
  await peer.call("DELETE", "/v1/entry?key=text/from-elsewhere");
  assertEquals(await program.ask("get_data"), "\n");
});

Deno.test("a first line that is none of the three closes, so that a web page cannot post through it", async () => {
  await using folder = await tempFolder();
  await using peer = await startText(`${folder.path}/a`);
  for (
    const text of [
      "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nupdate_data,evil\n",
      "get_data,x",
      "GET_DATA",
      `update_data,${"x".repeat(1100)}`,
      `update_data,${"x".repeat(2000)}\n`,
      Uint8Array.of(...encoder.encode("update_data,"), 0xff),
    ]
  ) {
    using program = await Program.connect(peer.text);
    await program.send(text);
    assertEquals(await program.receive(), null, String(text).slice(0, 30));
  }
  await until("all are counted", () => peer.host.counters.text_refused === 6);
  assertEquals((await peer.object("GET", "/v1/status")).entries, 0);
});

Deno.test("a value too long for a key is not acknowledged, and one with a comma is left out; both are counted", async () => {
  await using folder = await tempFolder();
  await using peer = await startText(`${folder.path}/a`);
  using program = await Program.connect(peer.text);
  assertEquals(await program.ask(`update_data,short,${"x".repeat(508)}`), "update_refused");
  assertEquals(await program.ask(`update_data,${"y".repeat(507)}`), "update_ack");
  assertEquals(await program.ask("update_data,,,"), "update_ack", "empty values are none");
  await peer.call("PUT", "/v1/entry?key=text/a,b", "a,b", { "content-type": "text/plain" });
  assertEquals(await program.ask("get_data"), `short,${"y".repeat(507)}`);
  assertEquals(peer.host.counters.text_values_left_out, 2);
});

Deno.test("a peer without a space acknowledges nothing", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  using program = await Program.connect(serveText(peer.host, "127.0.0.1:0"));
  assertEquals(await program.ask("update_data,a"), "update_refused");
});

Deno.test("an address beyond loopback is warned of, and one in use refused", async () => {
  await using folder = await tempFolder();
  await using peer = await startText(`${folder.path}/a`);
  const open = serveText(peer.host, "0.0.0.0:0");
  assertMatch(open, /^0\.0\.0\.0:\d+$/);
  assertEquals(peer.host.counters.text_is_open, 1);
  let code = "";
  try {
    serveText(peer.host, peer.text);
  } catch (error) {
    code = (error as { code: string }).code;
  }
  assertEquals(code, "port_in_use");
});
