import { paths, version } from "./about.ts";
import { backup, restore } from "./backup.ts";
import { completionScript } from "./completion_scripts.ts";
import type { Handler } from "./context.ts";
import { help } from "./help.ts";
import { invite, invites } from "./invite.ts";
import { grant, leave, revoke } from "./membership.ts";
import { ask, pub, reply, send, sub } from "./messages.ts";
import { netcheck } from "./netcheck.ts";
import { peers } from "./peers.ts";
import { members } from "./people.ts";
import { ping } from "./ping.ts";
import { relay } from "./relay.ts";
import { config } from "./settings.ts";
import { status, wait } from "./state.ts";
import { text } from "./text.ts";
import { exportEntries, importEntries } from "./transfer.ts";
import { down, join, up } from "./up.ts";
import { del, get, ls, set } from "./values.ts";
import { conflicts, history, readopt, resolve } from "./versions.ts";
import { verify } from "./verify.ts";
import { watch } from "./watch.ts";

/** What runs each command of the table. */
export const HANDLERS: Readonly<Record<string, Handler>> = {
  up,
  down,
  relay,
  config,
  invite,
  invites,
  join,
  leave,
  members,
  grant,
  revoke,
  set,
  get,
  del,
  ls,
  watch,
  pub,
  sub,
  send,
  ask,
  reply,
  history,
  conflicts,
  resolve,
  readopt,
  import: importEntries,
  export: exportEntries,
  backup,
  restore,
  status,
  peers,
  wait,
  ping,
  netcheck,
  verify,
  text,
  paths,
  version,
  completions: completionScript,
  help,
};
