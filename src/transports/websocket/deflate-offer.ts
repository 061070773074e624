import type { IncomingHttpHeaders } from "node:http";

/** The sizes of windows that the server insists on, in bits. */
interface WindowBits {
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: number;
}

const extensions = "sec-websocket-extensions";

/**
 * Declines permessage-deflate where no offer of the client meets the options (RFC 7692, 5): the connection is not
 * compressed. `ws` would refuse the handshake.
 */
export function declineUnmetOffers(headers: IncomingHttpHeaders, bits: WindowBits): void {
  const offers = (headers[extensions] ?? "").split(",").map(readOffer);
  if (!offers.some((offer) => meets(offer, bits))) Reflect.deleteProperty(headers, extensions);
}

/** The parameters of an offer, by name; those of another extension, too. */
function readOffer(offer: string): ReadonlyMap<string, number> {
  const parameters = offer.split(";").map((parameter) => parameter.split("=").map((part) => part.trim()));
  return new Map(parameters.map(([name = "", value = ""]) => [name, Number(value.replaceAll('"', ""))]));
}

function meets(offer: ReadonlyMap<string, number>, { clientMaxWindowBits, serverMaxWindowBits }: WindowBits): boolean {
  if (!offer.has("permessage-deflate")) return false;
  const [client, server] = [offer.get("client_max_window_bits"), offer.get("server_max_window_bits")];
  if (server !== undefined && serverMaxWindowBits !== undefined && serverMaxWindowBits > server) return false;
  // Without a value, the client lets the server choose.
  return clientMaxWindowBits === undefined || (client !== undefined && (client === 0 || clientMaxWindowBits <= client));
}
