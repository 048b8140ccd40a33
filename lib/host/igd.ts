import { MAX_ROUTER_ANSWER_BYTES, UNMAP_TIMEOUT_MS } from "../base/limits.ts";
import { askUdp } from "./ask_udp.ts";
import { type Mapped, type Mapping, MappingRefused, type MappingRequest } from "./mapping.ts";

/** UPnP Device Architecture 1.0, 1.2. */
const SSDP_GROUP = "239.255.255.250";
const SSDP_PORT = 1900;
const SEARCHED = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
/** The services that map ports, as devices of either version have them. */
const SERVICES = ["WANIPConnection:2", "WANIPConnection:1", "WANPPPConnection:1"].map((name) =>
  `urn:schemas-upnp-org:service:${name}`
);
const HTTP_PORT = 80;
const REQUEST_TIMEOUT_MS = 3000;
/** UPnP IGD, WANIPConnection:1, 2.4.16: what is wrong with a mapping that is asked for. */
const CONFLICT = 718;
const ONLY_PERMANENT = 725;
/** Other outside ports that are tried where one is taken. */
const OTHER_PORTS_TRIED = 3;
const LEAST_OTHER_PORT = 20_000;
const OTHER_PORTS = 40_000;

/** Where a router is told what it shall do. */
interface Control {
  readonly url: URL;
  readonly service: string;
}

/**
 * Asks a router for a mapping by UPnP (Internet Gateway Device, of either version).
 *
 * @returns null where no router answers.
 * @throws {MappingRefused} where it does not want to, or what it says makes no sense.
 */
export async function mapByUpnp(request: MappingRequest, signal: AbortSignal): Promise<Mapping | null> {
  const location = await findLocation(request.localAddress, signal);
  return location === null ? null : await mapAt(location, request, signal);
}

/** The same of a router whose description is at a place. */
export async function mapAt(location: URL, request: MappingRequest, signal: AbortSignal): Promise<Mapping> {
  const control = controlIn(await answerTo(location, { signal }), location);
  const removeAt = async (port: number, signal: AbortSignal) => {
    const fields = { NewRemoteHost: "", NewExternalPort: String(port), NewProtocol: "TCP" };
    await act(control, "DeletePortMapping", fields, signal);
  };
  const mapped = await addMapping(control, request, signal, removeAt);
  const remove = (signal: AbortSignal) => removeAt(mapped.port, signal);
  try {
    const host = textIn(await act(control, "GetExternalIPAddress", {}, signal), "NewExternalIPAddress");
    if (host === null) throw new MappingRefused("it does not tell its address");
    return { by: "UPnP", host, ...mapped, remove };
  } catch (error) {
    // What nobody can be told of is not left open.
    await remove(AbortSignal.timeout(UNMAP_TIMEOUT_MS)).catch(() => {});
    throw error;
  }
}

/** The description of a device, from the answer to a search. @returns null where it is not at who answered. */
export function locationIn(answer: string, from: string): URL | null {
  const text = /^location:[ \t]*(\S+)[ \t]*\r?$/im.exec(answer)?.[1] ?? "";
  const url = URL.canParse(text) ? new URL(text) : null;
  return url?.protocol === "http:" && url.hostname === from ? url : null;
}

/** Where a device is controlled, from its description. @throws {MappingRefused} */
export function controlIn(description: string, location: URL): Control {
  const services = description.split("<service>").slice(1);
  for (const wanted of SERVICES) {
    const service = services.find((one) => textIn(one, "serviceType") === wanted);
    if (service === undefined) continue;
    const path = textIn(service, "controlURL") ?? "";
    const url = URL.canParse(path, location.href) ? new URL(path, location) : null;
    // A router has nobody else controlled.
    if (url !== null && url.host === location.host && url.protocol === "http:") return { url, service: wanted };
  }
  throw new MappingRefused("it maps no ports");
}

function findLocation(localAddress: string, signal: AbortSignal): Promise<URL | null> {
  const packet = new TextEncoder().encode(
    [
      "M-SEARCH * HTTP/1.1",
      `HOST: ${SSDP_GROUP}:${SSDP_PORT}`,
      'MAN: "ssdp:discover"',
      "MX: 1",
      `ST: ${SEARCHED}`,
      "",
      "",
    ]
      .join("\r\n"),
  );
  return askUdp({
    ...{ localAddress, host: SSDP_GROUP, port: SSDP_PORT, packet, fromAnybody: true, signal },
    take: (answer, from) => locationIn(new TextDecoder().decode(answer), from),
  });
}

async function addMapping(
  control: Control,
  request: MappingRequest,
  signal: AbortSignal,
  removeAt: (port: number, signal: AbortSignal) => Promise<void>,
): Promise<Omit<Mapped, "host">> {
  let { lifetimeS, outsidePort } = request;
  for (let tried = 0;; tried++) {
    const fields = {
      NewRemoteHost: "",
      NewExternalPort: String(outsidePort),
      NewProtocol: "TCP",
      NewInternalPort: String(request.port),
      NewInternalClient: request.localAddress,
      NewEnabled: "1",
      NewPortMappingDescription: "kith",
      NewLeaseDuration: String(lifetimeS),
    };
    try {
      // It is heard to its end also by who stops meanwhile: what is asked for may be done, and is to be ended then.
      await act(control, "AddPortMapping", fields, AbortSignal.timeout(REQUEST_TIMEOUT_MS));
      return { port: outsidePort, lifetimeS };
    } catch (error) {
      if (signal.aborted && !(error instanceof UpnpError)) {
        await removeAt(outsidePort, AbortSignal.timeout(UNMAP_TIMEOUT_MS)).catch(() => {});
      }
      if (signal.aborted) throw error;
      if (!(error instanceof UpnpError) || tried > OTHER_PORTS_TRIED) throw error;
      if (error.code === ONLY_PERMANENT) lifetimeS = 0;
      else if (error.code === CONFLICT) outsidePort = LEAST_OTHER_PORT + Math.floor(Math.random() * OTHER_PORTS);
      else throw error;
    }
  }
}

class UpnpError extends MappingRefused {
  constructor(readonly code: number) {
    super(code === CONFLICT ? "the outside port is taken" : `it says ${code}`);
  }
}

/** Has an action done. @returns the answer. @throws {MappingRefused} */
async function act(
  { url, service }: Control,
  action: string,
  fields: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const content = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`).join("");
  const body = '<?xml version="1.0"?>' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">' +
    `<s:Body><u:${action} xmlns:u="${service}">${content}</u:${action}></s:Body></s:Envelope>`;
  const headers = { "content-type": 'text/xml; charset="utf-8"', soapaction: `"${service}#${action}"` };
  return await answerTo(url, { method: "POST", headers, body, signal });
}

/** What a router answers, whole. @throws {MappingRefused} */
async function answerTo(url: URL, init: RequestInit & { readonly signal: AbortSignal }): Promise<string> {
  const signal = AbortSignal.any([init.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
  // Straight to it: a proxy that the environment names is for what goes out of this network.
  using client = Deno.createHttpClient({
    proxy: { transport: "tcp", hostname: url.hostname, port: Number(url.port || HTTP_PORT) },
  });
  try {
    const response = await fetch(url, { ...init, signal, client, redirect: "error" });
    const text = await textOf(response);
    if (response.ok) return text;
    const code = Number(textIn(text, "errorCode"));
    throw code > 0 ? new UpnpError(code) : new MappingRefused(`it says ${response.status}`);
  } catch (error) {
    if (error instanceof MappingRefused) throw error;
    throw new MappingRefused("it broke off its answer", { cause: error });
  }
}

/** @throws {MappingRefused} where it is too long. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAX_ROUTER_ANSWER_BYTES) throw new MappingRefused("its answer is too long");
  }
  return text;
}

/** The text of the first element of a name, whatever its prefix; null where there is none. */
function textIn(xml: string, name: string): string | null {
  const text = new RegExp(`<(?:[\\w-]+:)?${name}(?:\\s[^<>]*)?>([^<]*)</`).exec(xml)?.[1];
  return text === undefined ? null : text.trim().replaceAll("&amp;", "&");
}
