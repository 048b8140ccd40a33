import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { controlIn, locationIn, mapAt } from "../../lib/host/igd.ts";
import { MappingRefused, type MappingRequest } from "../../lib/host/mapping.ts";

const SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1";
const REQUEST: MappingRequest = {
  localAddress: "192.168.1.20",
  port: 5484,
  outsidePort: 5484,
  lifetimeS: 7200,
  nonce: new Uint8Array(12),
};

const SIGNAL = new AbortController().signal;

function description(controlUrl: string, service = SERVICE): string {
  return `<?xml version="1.0"?><root><device><serviceList>
    <service><serviceType>urn:other</serviceType><controlURL>/other</controlURL></service>
    <service><serviceType>${service}</serviceType><controlURL> ${controlUrl} </controlURL></service>
  </serviceList></device></root>`;
}

/** What a router answers to an action. */
type Answer = (fields: string) => string | Response;

/** A router on loopback. */
class FakeRouter implements AsyncDisposable {
  readonly actions: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(
    answers: Readonly<Record<string, Answer>>,
    describe: () => string | Response = () => description("/ctl"),
  ) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const action = /#(\w+)"$/.exec(request.headers.get("soapaction") ?? "")?.[1];
      const body = await request.text();
      if (action === undefined) return responseOf(describe());
      const value = (name: string) => new RegExp(`<${name}>([^<]*)<`).exec(body)?.[1];
      this.actions.push(
        `${action} ${value("NewExternalPort") ?? ""} ${value("NewInternalClient") ?? ""} ${
          value("NewLeaseDuration") ?? ""
        }`
          .trim(),
      );
      return responseOf(answers[action]?.(body) ?? new Response(null, { status: 501 }));
    });
  }

  get location(): URL {
    return new URL(`http://127.0.0.1:${this.#server.addr.port}/root.xml`);
  }

  map(signal = SIGNAL) {
    return mapAt(this.location, REQUEST, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function responseOf(answer: string | Response): Response {
  return typeof answer === "string" ? new Response(answer) : answer;
}

const failure = (code: number) => new Response(`<s:Fault><errorCode>${code}</errorCode></s:Fault>`, { status: 500 });
const done: Answer = () => "<ok/>";
const outside: Answer = () => "<u:Answer><NewExternalIPAddress>198.51.100.7</NewExternalIPAddress></u:Answer>";
const USUAL = { AddPortMapping: done, GetExternalIPAddress: outside, DeletePortMapping: done };

Deno.test("a router of UPnP maps, and the mapping is ended", async () => {
  await using router = new FakeRouter(USUAL);
  const mapping = await router.map();
  assertEquals([mapping.by, mapping.host, mapping.port, mapping.lifetimeS], ["UPnP", "198.51.100.7", 5484, 7200]);
  await mapping.remove(SIGNAL);
  assertEquals(router.actions, [
    "AddPortMapping 5484 192.168.1.20 7200",
    "GetExternalIPAddress",
    "DeletePortMapping 5484",
  ]);
});

Deno.test("where an outside port is taken, others are tried, and not for ever", async () => {
  let asked = 0;
  await using one = new FakeRouter({ ...USUAL, AddPortMapping: () => asked++ === 0 ? failure(718) : "<ok/>" });
  const { port } = await one.map();
  assert(port >= 20_000 && port < 60_000, `${port}`);
  await using full = new FakeRouter({ ...USUAL, AddPortMapping: () => failure(718) });
  await assertRejects(() => full.map(), MappingRefused, "the outside port is taken");
  assertEquals(full.actions.length, 5);
});

Deno.test("a router that only maps for good is asked for that", async () => {
  await using router = new FakeRouter({
    ...USUAL,
    AddPortMapping: (fields) => fields.includes("<NewLeaseDuration>0<") ? "<ok/>" : failure(725),
  });
  assertEquals((await router.map()).lifetimeS, 0);
});

Deno.test("a mapping whose outside address nobody tells is not left open", async () => {
  await using router = new FakeRouter({ ...USUAL, GetExternalIPAddress: () => failure(501) });
  await assertRejects(() => router.map(), MappingRefused, "it says 501");
  assertEquals(router.actions.at(-1), "DeletePortMapping 5484");
});

Deno.test("a mapping that is asked for in the moment of a stop is ended, whether the router says that it made it or not", async () => {
  for (const answer of ["<ok/>", "x".repeat(100_000)]) {
    const stopping = new AbortController();
    await using router = new FakeRouter({
      ...USUAL,
      AddPortMapping: () => {
        stopping.abort();
        return answer;
      },
    });
    await assertRejects(() => router.map(stopping.signal), MappingRefused);
    assertEquals(router.actions, ["AddPortMapping 5484 192.168.1.20 7200", "DeletePortMapping 5484"]);
  }
});

Deno.test("what is asked of a router goes to no proxy that the environment names", async () => {
  let proxied = 0;
  await using proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    proxied++;
    return new Response(null, { status: 502 });
  });
  await using router = new FakeRouter(USUAL);
  const source = `import { mapAt } from ${JSON.stringify(import.meta.resolve("../../lib/host/igd.ts"))};
    const request = ${JSON.stringify({ ...REQUEST, nonce: [] })};
    const { host } = await mapAt(new URL(Deno.args[0]), request, new AbortController().signal);
    console.log(host);`;
  const url = `http://127.0.0.1:${proxy.addr.port}`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", source, router.location.href],
    env: { HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url, NO_PROXY: "" },
    stdin: "null",
  }).output();
  assertEquals([new TextDecoder().decode(stderr), proxied], ["", 0]);
  assertEquals(new TextDecoder().decode(stdout), "198.51.100.7\n");
});

Deno.test("a router that breaks off, sends elsewhere, or never ends is refused", async () => {
  await using other = new FakeRouter(USUAL);
  await using elsewhere = new FakeRouter(USUAL, () => Response.redirect(other.location));
  await assertRejects(() => elsewhere.map(), MappingRefused, "it broke off its answer");
  await using endless = new FakeRouter(USUAL, () => "x".repeat(100_000));
  await assertRejects(() => endless.map(), MappingRefused, "its answer is too long");
  await using nothing = new FakeRouter(USUAL, () => new Response("", { status: 404 }));
  await assertRejects(() => nothing.map(), MappingRefused, "it says 404");
});

Deno.test("a router has nobody else asked for what it says that it is", () => {
  const location = new URL("http://192.168.1.1:5000/root.xml");
  assertEquals(controlIn(description("/ctl"), location).url.href, "http://192.168.1.1:5000/ctl");
  for (
    const elsewhere of ["http://192.168.1.9:5000/ctl", "http://192.168.1.1:22/ctl", "//evil.example/ctl", "file:///x"]
  ) {
    assertThrows(() => controlIn(description(elsewhere), location), MappingRefused, "it maps no ports", elsewhere);
  }
  assertThrows(() => controlIn(description("/ctl", "urn:other:1"), location), MappingRefused, "it maps no ports");
  assertThrows(() => controlIn("<service>".repeat(5000), location), MappingRefused);
  const answer = (url: string) => `HTTP/1.1 200 OK\r\nST: x\r\nLocation: ${url}\r\n\r\n`;
  assertEquals(locationIn(answer(location.href), "192.168.1.1")?.href, location.href);
  for (const url of ["http://192.168.1.2/", "https://192.168.1.1/", "file:///etc/passwd", "nonsense", ""]) {
    assertEquals(locationIn(answer(url), "192.168.1.1"), null, url);
  }
});
