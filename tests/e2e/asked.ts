import { assert } from "@std/assert";
import { connectControl } from "../../lib/host/control.ts";
import { homePaths } from "../../lib/host/home.ts";
import type { Home, Printed } from "./kith.ts";

/** Asks a running peer over its control channel: a command for each look would take longer than what is looked for. */
export async function asked(home: Home, method: string, path: string, body?: string): Promise<Printed> {
  const control = await connectControl(homePaths(home.path));
  assert(control !== null, `a peer runs in ${home.path}`);
  try {
    const request = new Request(new URL(path, "http://kith"), { method, ...(body === undefined ? {} : { body }) });
    return await (await control.request(request)).json();
  } finally {
    control.close();
  }
}

/** How a running peer is. */
export async function statusOf(home: Home): Promise<Printed> {
  return await asked(home, "GET", "/v1/status");
}
