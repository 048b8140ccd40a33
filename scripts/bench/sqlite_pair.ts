import { DatabaseSync } from "node:sqlite";
import { percentile } from "./figure.ts";
import { MESSAGE_BYTES, RoundTrips } from "./payload.ts";

/**
 * The baseline of a write that another process sees: a commit here, a message by TCP, a commit there, a message back.
 *
 * Usage: sqlite_pair.ts serve DATABASE · ask DATABASE ADDRESS COUNT WARM_UP
 */
const [role, path = "", address = "", count = "0", warmUp = "0"] = Deno.args;
const database = new DatabaseSync(path);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
database.exec("CREATE TABLE entry (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT");
const insert = database.prepare("INSERT INTO entry (value) VALUES (?)");
const message = new Uint8Array(MESSAGE_BYTES).fill(7);
const buffer = new Uint8Array(MESSAGE_BYTES);

if (role === "serve") await serve();
else await ask();

async function serve(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(JSON.stringify({ address: `127.0.0.1:${listener.addr.port}` }));
  const conn = await listener.accept();
  conn.setNoDelay(true);
  while (await readMessage(conn)) {
    insert.run(buffer);
    await conn.write(message);
  }
}

async function ask(): Promise<void> {
  const [hostname = "", port] = address.split(":");
  const conn = await Deno.connect({ hostname, port: Number(port) });
  conn.setNoDelay(true);
  const trips = new RoundTrips(Number(count), Number(warmUp));
  do {
    trips.sending();
    insert.run(message);
    await conn.write(message);
    await readMessage(conn);
  } while (trips.returned());
  const sorted = trips.sorted();
  console.log(JSON.stringify({ p50: percentile(sorted, 0.5) / 1000, p99: percentile(sorted, 0.99) / 1000 }));
  Deno.exit(0);
}

async function readMessage(conn: Deno.TcpConn): Promise<boolean> {
  for (let size = 0; size < MESSAGE_BYTES;) {
    const read = await conn.read(buffer.subarray(size));
    if (read === null) return false;
    size += read;
  }
  return true;
}
