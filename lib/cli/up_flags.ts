import { DEFAULT_MAX_LINKS, GREATEST_MAX_LINKS } from "../base/limits.ts";
import type { FlagSpec } from "./command.ts";

/** The flags of every command that goes on as a running peer. */
export const UP_FLAGS: readonly FlagSpec[] = [
  { name: "name", type: "text", value: "NAME", help: "what other members call this peer" },
  {
    name: "listen",
    type: "address",
    repeats: true,
    help: "where to listen for peers, default all interfaces at port 5484 or the next free one",
  },
  {
    name: "text",
    type: "optional_address",
    help: "speak the plain-text protocol, without any password, default at 127.0.0.1:12345",
  },
  {
    name: "history",
    type: "duration",
    help: "how long old versions and deleted values are kept, such as 90d, or 'forever'; default 30d",
  },
  {
    name: "max-links",
    type: "integer",
    range: [1, GREATEST_MAX_LINKS],
    help: `to how many members it may be linked at a time, default ${DEFAULT_MAX_LINKS}`,
  },
  {
    name: "no-lan",
    type: "switch",
    help: "do not look for peers on the local network, nor be found there by others",
  },
  {
    name: "no-port-map",
    type: "switch",
    help: "do not ask the router to pass connections from outside on to this peer",
  },
  { name: "no-dht", type: "switch", help: "neither look for peers in the public DHT, nor be found there" },
  {
    name: "dht-bootstrap",
    type: "address",
    repeats: true,
    help: "which nodes of the DHT to ask first, default those of the public one",
  },
  {
    name: "no-punch",
    type: "switch",
    help: "do not open routers together with other peers, by QUIC over UDP",
  },
  {
    name: "no-relay",
    type: "switch",
    help: "do not relay links of members that can't reach each other",
  },
  {
    name: "relay",
    type: "text",
    value: "TEXT|@FILE",
    help: "link through this relay as well, which 'kith relay' runs on a public machine; it is remembered",
  },
  { name: "ephemeral", type: "switch", help: "use a home that is removed when the peer stops" },
];
