import type { Transport } from "./client.ts";

/** How long a peer may take to answer before it is asked whether it is there, and how long that may take. */
const ANSWER_MS = 1000;
/** What every peer answers at once. */
const PROBE_PATH = "/v1/paths";

/**
 * A way to a peer on which nobody waits without a word. A request may rightly take long; but where no answer has begun
 * after a while, the peer is asked something that it answers at once. When it does not do that either, it is frozen,
 * or its disk is.
 *
 * @param silent told of that, once.
 * @param answerMs Default: ANSWER_MS.
 */
export function impatient(transport: Transport, silent: () => void, answerMs: number = ANSWER_MS): Transport {
  let told = false;
  return async (request) => {
    const probing = new AbortController();
    let timer = setTimeout(() => {
      timer = setTimeout(() => {
        if (told) return;
        told = true;
        silent();
      }, answerMs);
      void answers(transport, probing.signal).then(() => clearTimeout(timer));
    }, answerMs);
    try {
      return await transport(request);
    } finally {
      clearTimeout(timer);
      probing.abort();
    }
  };
}

/** Resolves once a peer has answered, in whatever way: what is wrong with it then, the request itself will tell. */
async function answers(transport: Transport, signal: AbortSignal): Promise<void> {
  try {
    await (await transport(new Request(`http://kith${PROBE_PATH}`, { signal }))).body?.cancel();
  } catch {
    // It is gone, or the request has come to its end meanwhile.
  }
}
