/** How many errors of a chain of causes are looked at. */
const DEPTH = 5;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
/** Deno's errors have no fields, and say it in words. */
const IN_WORDS = /^error sending request .*?for (?:url )?\(?(https?:\/\/[^\s)]+)/;
const ADDRESS = /^(?:[\d.]+|\[(.*)\])$/;

/** What an error of a connection tells of the place that was to be reached. */
interface ConnectionError {
  readonly hostname?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/**
 * Whether the connection that failed was to another place than `url`. Then the request was
 * redirected, so it had been sent, whatever the error says. Another name at the same port is not
 * recognised where the error tells only an address.
 */
export function failedElsewhere(error: unknown, url: URL): boolean {
  for (let at = error, depth = 0; isObject(at) && depth < DEPTH; at = at.cause, depth++) {
    // Happy eyeballs: one error for each address of one name.
    const tried: unknown = Array.isArray(at.errors) ? at.errors[0] : at;
    if (isObject(tried) && isElsewhere(tried, url)) return true;
  }
  return false;
}

/** The port of a URL, written or not. */
export function portOf({ port, protocol }: URL): string {
  return port === '' ? (DEFAULT_PORTS[protocol] ?? '') : port;
}

function isElsewhere(error: ConnectionError, url: URL): boolean {
  const { hostname, address, port } = error;
  const said = IN_WORDS.exec(String(error.message))?.[1];
  if (said !== undefined) return URL.parse(said)?.host !== url.host;
  if (typeof hostname === 'string') return hostname.toLowerCase() !== url.hostname;
  if (typeof port === 'number' && String(port) !== portOf(url)) return true;
  const [plain, bracketed] = ADDRESS.exec(url.hostname) ?? [];
  return plain !== undefined && typeof address === 'string' && address !== (bracketed ?? plain);
}

function isObject(value: unknown): value is ConnectionError {
  return typeof value === 'object' && value !== null;
}
