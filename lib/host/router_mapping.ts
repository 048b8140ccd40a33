import { askUdp } from "./ask_udp.ts";
import { mapByUpnp } from "./igd.ts";
import { type AskUdp, type Mapping, MappingRefused, type MappingRequest } from "./mapping.ts";
import { mapByPcp } from "./pcp.ts";

/** Asks whoever may be the router, by each protocol in turn. @throws {MappingRefused} where one refuses and none maps. */
export async function mapByRouters(
  request: MappingRequest,
  routers: readonly string[],
  signal: AbortSignal,
): Promise<Mapping | null> {
  const { localAddress } = request;
  const ask: AskUdp = (host, port, packet, take, signal) => {
    return askUdp({ localAddress, host, port, packet, take, signal });
  };
  let refusal: MappingRefused | null = null;
  const trying = async (map: Promise<Mapping | null>) => {
    try {
      return await map;
    } catch (error) {
      if (!(error instanceof MappingRefused)) throw error;
      refusal = error;
      return null;
    }
  };
  const byPcp = await Promise.all(routers.map((router) => trying(mapByPcp(router, request, ask, signal))));
  const mapping = byPcp.find((one) => one !== null) ??
    (signal.aborted ? null : await trying(mapByUpnp(request, signal)));
  if (mapping === null && refusal !== null) throw refusal;
  return mapping;
}
