import { assertEquals } from "@std/assert";
import {
  MAX_DHT_HOSTS_PER_MINUTE,
  MAX_DHT_PACKETS_BURST,
  MAX_DHT_PACKETS_PER_S,
  MAX_DHT_PACKETS_TO_HOST_PER_MINUTE,
} from "../../lib/base/limits.ts";
import { DhtTraffic } from "../../lib/host/dht_traffic.ts";

const MINUTE_MS = 60_000;

Deno.test("a host that is named at many ports is sent few packets a minute", () => {
  const traffic = new DhtTraffic(false, 0);
  const sent = (nowMs: number) => {
    const refusals = Array.from({ length: 100 }, (_, i) => traffic.refusesToSend("8.8.8.8", 2000 + i, nowMs));
    return refusals.filter((reason) => reason === null).length;
  };
  assertEquals([sent(0), sent(30_000), sent(MINUTE_MS)], [
    MAX_DHT_PACKETS_TO_HOST_PER_MINUTE,
    0,
    MAX_DHT_PACKETS_TO_HOST_PER_MINUTE,
  ]);
  assertEquals(traffic.refusesToSend("8.8.8.8", 6881, MINUTE_MS), "not sent: too many to one host");
});

Deno.test("nothing is sent to what is not in the public net, or to a service, but to nodes of a private DHT", () => {
  const reason = "not sent: that is no node's address in the public net";
  const traffic = new DhtTraffic(false, 0);
  for (const host of ["10.0.0.1", "127.0.0.1", "224.0.0.1"]) assertEquals(traffic.refusesToSend(host, 6881, 0), reason);
  assertEquals(traffic.refusesToSend("8.8.8.8", 53, 0), reason);
  assertEquals(new DhtTraffic(true, 0).refusesToSend("127.0.0.1", 6881, 0), null);
});

Deno.test("all together are sent as many packets as some questions need", () => {
  const traffic = new DhtTraffic(false, 0);
  let sent = 0;
  for (let i = 0; i < 10_000; i++) {
    if (traffic.refusesToSend(`8.8.${i >> 8}.${i & 255}`, 6881, i / 10) === null) sent++;
  }
  assertEquals(sent, MAX_DHT_PACKETS_BURST + MAX_DHT_PACKETS_PER_S - 1);
  const patient = new DhtTraffic(false, 0);
  let hosts = 0;
  for (let i = 0; i < 5000; i++) {
    if (patient.refusesToSend(`8.8.${i >> 8}.${i & 255}`, 6881, i * 11) === null) hosts++;
  }
  assertEquals(hosts, MAX_DHT_HOSTS_PER_MINUTE);
});

Deno.test("what comes from somebody who was not asked of late is not read, nor more than a burst", () => {
  const traffic = new DhtTraffic(false, 0);
  assertEquals(traffic.refusesToRead("8.8.8.8", 0), "it is from somebody who was not asked");
  traffic.refusesToSend("8.8.8.8", 6881, 0);
  assertEquals(traffic.refusesToRead("8.8.8.8", 0), null);
  assertEquals(traffic.refusesToRead("8.8.4.4", 0), "it is from somebody who was not asked");
  for (let i = 1; i < MAX_DHT_PACKETS_BURST; i++) traffic.refusesToRead("8.8.8.8", 0);
  assertEquals(traffic.refusesToRead("8.8.8.8", 0), "too many");
  assertEquals(traffic.refusesToRead("8.8.8.8", MINUTE_MS + 1), null);
  assertEquals(traffic.refusesToRead("8.8.8.8", 3 * MINUTE_MS), "it is from somebody who was not asked");
});
