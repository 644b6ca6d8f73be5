import type { Judgement, Verdict } from '../core/outcome.ts';

/** How many errors of a chain of causes are looked at. */
const DEPTH = 5;

/** No connection came about, so nothing was sent. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  // Bun
  'ConnectionRefused',
  'FailedToOpenSocket',
]);

/** The connection broke: what was sent may have had its effect. */
const BROKEN: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'ECONNRESET',
  'EMFILE',
  'ENETRESET',
  'ENFILE',
  'ENOTCONN',
  'EPIPE',
  // The answer broke off: got's. Of a request, Node says it only where it was asked to.
  'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
  'ESHUTDOWN',
  'ETIMEDOUT',
]);

const TIMED_OUT: ReadonlySet<string> = new Set(['UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT']);

/** What would fail in the same way again: wrong use, a client that was closed, a limit that was set. */
const WRONG_USE: ReadonlySet<string> = new Set([
  'EPROTO',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_INVALID_RETURN_VALUE',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
]);

/** What undici, llhttp and Node's streams and sockets say of a broken connection; Bun's `Connection...`. */
const BROKEN_KINDS = /^(UND_ERR_|HPE_|ERR_(STREAM|SOCKET|HTTP2)_|Connection[A-Z])/;

/** The messages of a failed connection where there is no code: browsers, React Native, Bun, Deno, undici, axios. */
const MESSAGES = new RegExp(
  [
    '^fetch failed$',
    '^terminated$',
    '^stream has been aborted$', // axios
    '^Failed to fetch',
    '^NetworkError when attempting to fetch resource',
    '^Load failed',
    '^The Internet connection appears to be offline',
    '^The network connection was lost',
    '^Could not connect to the server',
    '^Network request failed',
    '^network error',
    '^A network error occurred',
    '^Unable to connect',
    '^The socket connection was closed unexpectedly',
    '^error sending request (for|from) ',
    '^error reading a body from connection',
  ].join('|'),
  'i',
);
/** Of these, the messages that tell that nothing was sent: Deno says in words how far it came. */
const NEVER_SENT_MESSAGES =
  /client error \(Connect\)|tcp connect error|dns error|^Unable to connect/;

/** It connected, and would not go on with who is there. */
const WRONG_MESSAGES = /invalid peer certificate|received corrupt message/;
const PROXY_REFUSED = /^Proxy response \((\d{3})\)/;

interface ErrorLike {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** What it means that fetch was rejected with this error. */
export function judgeNetworkError(error: unknown): Verdict | Judgement {
  let told: Verdict | Judgement | null = null;
  for (let at = error, depth = 0; isObject(at) && depth < DEPTH; at = at.cause, depth++) {
    const judged = judgeProxy(at) ?? judgeName(at) ?? judgeCode(at);
    if (judged !== null) return judged;
    // Undici and Deno say what it was by a cause without a code: a redirect not allowed, a forbidden port.
    if (at.message !== 'fetch failed' || !isObject(at.cause)) told ??= judgeMessage(at.message);
  }
  return told ?? 'terminal';
}

/** Undici takes it for its own abort that a proxy answers CONNECT with a refusal. */
function judgeProxy({ code, message }: ErrorLike): Verdict | null {
  const status = code === 'UND_ERR_ABORTED' ? PROXY_REFUSED.exec(String(message))?.[1] : undefined;
  if (status === undefined) return null;
  return status.startsWith('5') || status === '408' || status === '429' ? 'transient' : 'terminal';
}

function judgeName({ name }: ErrorLike): Verdict | null {
  switch (name) {
    case 'AbortError':
    case 'CanceledError':
      return 'ignored';
    case 'TimeoutError':
      return 'timeout';
    // In newer versions of undici it has no code any more.
    case 'HTTPParserError':
      return 'transient';
    default:
      return null;
  }
}

function judgeMessage(message: unknown): Verdict | Judgement | null {
  if (typeof message !== 'string') return null;
  if (WRONG_MESSAGES.test(message)) return 'terminal';
  if (NEVER_SENT_MESSAGES.test(message)) return { verdict: 'transient', neverSent: true };
  return MESSAGES.test(message) ? 'transient' : null;
}

function judgeCode(error: ErrorLike): Verdict | Judgement | null {
  if (Array.isArray(error.errors) && error.errors.length > 0) {
    // Happy eyeballs: one error for each address that was tried.
    return judgeAll(error.errors.filter(isObject));
  }
  const { code } = error;
  if (typeof code !== 'string') return null;
  if (isNeverSent(error, code)) return { verdict: 'transient', neverSent: true };
  if (TIMED_OUT.has(code)) return 'timeout';
  if (WRONG_USE.has(code)) return 'terminal';
  return BROKEN.has(code) || BROKEN_KINDS.test(code) ? 'transient' : null;
}

function judgeAll(errors: readonly ErrorLike[]): Verdict | Judgement | null {
  const judged = errors.map(judgeCode);
  const sent = judged.find((one) => one === null || typeof one === 'string');
  return sent === undefined ? (judged[0] ?? null) : sent;
}

function isNeverSent({ syscall }: ErrorLike, code: string): boolean {
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  // A host may become unreachable under a connection as well.
  if (syscall === 'read' || syscall === 'write') return false;
  return NEVER_SENT.has(code) || code.startsWith('EAI_');
}

function isObject(value: unknown): value is ErrorLike {
  return typeof value === 'object' && value !== null;
}
