import {
  callback,
  type Descriptor,
  duration,
  flag,
  integer,
  oneOf,
  type OptionsOf,
  parseOptions,
  type ParsedOf,
  type Problems,
} from '../../core/options.ts';
import type { Keep } from '../../idempotency/idempotency.ts';
import type { AnswerHead, RouteOptions } from './http-idempotency.ts';
import { MAX_KEY_LENGTH } from './idempotency-key.ts';
import { isNeverReplayed } from './replayed-headers.ts';

/** The methods that may take part. Of GET, HEAD and OPTIONS a repeat does no harm: their keys are ignored. */
const METHODS = ['POST', 'PATCH', 'PUT', 'DELETE'];
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MEBIBYTE = 1_048_576;
const GIBIBYTE = 1_073_741_824;

/** The options of `httpIdempotency`, and so of every adapter. */
export const httpOptions = {
  /** The methods that take part: of `POST`, `PATCH`, `PUT`, `DELETE`. Default `['POST', 'PATCH']`. */
  methods: listOf({
    what: 'The methods that take part',
    default: ['POST', 'PATCH'],
    range: `an array of ${METHODS.map((method) => `'${method}'`).join(', ')}`,
    accepts: (item) => METHODS.includes(item),
  }),
  /** The header that brings the key. Default `Idempotency-Key`. */
  header: headerName({ what: 'The header that brings the key', default: 'Idempotency-Key' }),
  /** A request without a key is answered 400; otherwise it is let through, unprotected. Default false. */
  required: flag({ what: 'Whether a request without a key is answered 400', default: false }),
  /**
   * Shorter keys are answered 400. 1 to 255; default 1: keys are of one tenant and are compared with
   * what is asked for, so a short one harms at most who chose it. Where keys must be random, 20 or more.
   */
  minKeyLength: integer({
    what: 'The shortest key; requests with a shorter one are answered 400',
    default: 1,
    min: 1,
    max: MAX_KEY_LENGTH,
  }),
  /**
   * Whose key it is, of the framework's request: the same key of another tenant is another key. Called for
   * each request with a key, after the middleware in front, so what they have found out can be used. Answering
   * undefined or '', or throwing, is answered 500, and the handler does not run. What it throws, or answers that is no
   * text, is told (`idempotency.hook-failed`). Default: all keys are of one tenant.
   */
  tenant: callback<(source: never) => string | undefined>({
    what: 'Whose key it is: the same key of another tenant is another key',
  }),
  /** There are several tenants: then `tenant` must be given. Default false. */
  multiTenant: flag({
    what: 'Whether there are several tenants: `tenant` must be given',
    default: false,
  }),
  /**
   * Further headers that a repeat must have the same, such as `Api-Version`. Method, route, path with query,
   * content type and body always count. Default none.
   */
  fingerprintHeaders: listOf({
    what: 'Further headers in which a repeat must equal the first request',
    default: [],
    range: 'an array of header names',
    accepts: (item) => TOKEN.test(item),
  }),
  /**
   * What of a JSON body a repeat must have the same: given a copy of the body, answers JSON, without the time at which
   * it was sent, say. What it throws, or answers that is no JSON, is answered 400 (`idempotency-body-unreadable`), and
   * told (`idempotency.hook-failed`).
   * Other bodies always count whole. Default: all of it.
   */
  fingerprintBody: callback<(body: unknown) => unknown>({
    what: 'The parts of a JSON body in which a repeat must equal the first request',
  }),
  /**
   * Further headers that replays carry, beside those of `REPLAYED_HEADERS`. Those of one connection, one
   * moment or one caller (`Set-Cookie`, `Date`, CORS, rate limits, ...) are refused here. Default none.
   */
  replayHeaders: listOf({
    what: 'Further headers that replays carry',
    default: [],
    range: 'an array of names of headers that may be replayed',
    accepts: (item) => TOKEN.test(item) && !isNeverReplayed(item.toLowerCase()),
  }),
  /**
   * Requests with a key and a longer body are answered 413, however their length is told: a body that a parser has read and
   * whose length nobody has told, or of its compressed form alone, counts as its JSON. In bytes, 0 to 1 GiB; default 1 MiB.
   */
  maxRequestBody: integer({
    what: 'The longest body of a request with a key, in bytes; a longer one is answered 413',
    default: MEBIBYTE,
    min: 0,
    max: GIBIBYTE,
  }),
  /**
   * Longer answers, and event streams, are sent without being kept: repeats are answered that it was done
   * (409, `idempotency-not-replayable`). In bytes, 0 to 1 GiB; default 1 MiB.
   */
  maxResponseBody: integer({
    what: 'The longest answer that is kept, in bytes; a longer one is only sent',
    default: MEBIBYTE,
    min: 0,
    max: GIBIBYTE,
  }),
  /**
   * An answer that is written piece by piece, and has not ended so long after its first piece, is a stream to be read while it
   * is written: it goes out from then on without being kept, like one that is too long. Until then it is held, as
   * nothing may leave before it is durable. 0 to 1 h; default 5 s.
   */
  maxResponseHold: duration({
    what: 'How long an answer in pieces is held for its last piece; after that it is only sent, and not kept',
    default: '5s',
    max: 3_600_000,
  }),
  /**
   * What a repeat of an answer that was not kept gets: `refuse` answers 409, `idempotency-not-replayable`, with the
   * answer's `Location` if it had one; `location` answers 200, with that `Location` and no body, and 409 where there
   * was none. Default `refuse`.
   */
  replayUnkept: oneOf(['refuse', 'location'], {
    what: 'What repeats of an answer that was not kept get: 409, or 200 with its `Location`',
    default: 'refuse',
  }),
  /**
   * When an answer leaves: `before-send` keeps it first, so that whoever has got it can have it again; `after-send`
   * sends it at once and keeps it then, for routes of which it does not matter that a crash in between leaves the
   * outcome unknown, or that another has taken over meanwhile. In a transaction it is `before-send` always. Default
   * `before-send`.
   */
  persist: oneOf(['before-send', 'after-send'], {
    what: 'Whether an answer is kept before it is sent, or after',
    default: 'before-send',
  }),
  /**
   * Takes the body's SHA-256 or SHA-512 from `Content-Digest` (RFC 9530), where there is one, and does not read the
   * body, of whatever size. Nobody here checks it: only for clients that do not lie to themselves. Default false.
   */
  trustContentDigest: flag({
    what: 'Whether a body is compared by its Content-Digest, without being read',
    default: false,
  }),
  /**
   * What becomes of an answer: `store` it for repeats, `release` the key (nothing has happened), or `hold` it
   * (nobody knows what has happened). What it throws, or answers beside those three words, counts as `hold`, and is told
   * (`idempotency.hook-failed`). Default `keepByStatus`.
   */
  storeResult: callback<(answer: AnswerHead) => Keep>({
    what: 'What becomes of an answer: store it, release the key, or hold it as unknown',
  }),
  /** Without the store: `closed` answers 503, `open` lets requests through unprotected. Default: as the engine's options say. */
  onStoreDown: unlessGiven(
    oneOf(['closed', 'open'], {
      what: 'What happens when the store cannot be asked: answer 503, or let requests through unprotected',
      default: 'closed',
    }),
  ),
};

/** See `httpIdempotency`. `Source` is the framework's request. */
export type HttpIdempotencyOptions<Source = unknown> = CommonOptions &
  TenantOptions<(source: Source) => string | undefined>;

interface CommonOptions extends Omit<OptionsOf<typeof httpOptions>, 'tenant' | 'multiTenant'> {}

/** Whose a key is; where there are several tenants, that must be said. */
export type TenantOptions<Of> =
  | {
      /** There are several tenants: then `tenant` must be given. Default false. */
      readonly multiTenant?: false | undefined;
      /** Whose key it is: the same key of another tenant is another key. Default: all are of one tenant. */
      readonly tenant?: Of | undefined;
    }
  | {
      /** There are several tenants, which `tenant` tells apart. */
      readonly multiTenant: true;
      /** Whose key it is: the same key of another tenant is another key. */
      readonly tenant: Of;
    };

export type ParsedHttp = ParsedOf<typeof httpOptions>;

/** @throws TypeError, RangeError for wrong options. */
export function parseHttpOptions(given: unknown, path: string): ParsedHttp {
  const options = parseOptions(httpOptions, given, path);
  if (options.multiTenant && options.tenant === undefined) {
    throw new TypeError(`${path}.tenant must be a function when ${path}.multiTenant is true`);
  }
  return options;
}

/**
 * How an engine is closed that an adapter has made: it waits for handlers whose client has gone, of which no server knows,
 * so that what they have done is kept. As long, in milliseconds, a server waits before it closes for answers that leave.
 * Shorter than who ends processes has patience.
 */
export const CLOSING = { wait: 5000 } as const;

const routeOptions = {
  required: unlessGiven(httpOptions.required),
  onStoreDown: httpOptions.onStoreDown,
};

/** @throws TypeError, RangeError for wrong options. */
export function parseRouteOptions(given: unknown, path: string): RouteOptions {
  return parseOptions(routeOptions, given, path);
}

/** 2xx, 3xx and 4xx say what has happened; not so those that speak of the moment, of the caller, or of a fault. */
const RELEASED: ReadonlySet<number> = new Set([401, 403, 409, 425, 429, 503]);
/** The request had come whole, so it is the handler that was given up, and it may go on. */
const TIMEOUT = 408;

/**
 * The default of `storeResult`: 2xx, 3xx and 4xx are stored, but 401, 403, 409, 425, 429 and 503, after which
 * nothing has happened, released; after a 408, all other 5xx, and what is no answer, such as `Response.error()`, nobody
 * knows what has happened.
 */
export function keepByStatus({ status }: Pick<AnswerHead, 'status'>): Keep {
  if (RELEASED.has(status)) return 'release';
  return status >= 200 && status < 500 && status !== TIMEOUT ? 'store' : 'hold';
}

interface ListAbout {
  readonly what: string;
  readonly default: readonly string[];
  readonly range: string;
  readonly accepts: (item: string) => boolean;
}

function listOf(about: ListAbout): Descriptor<readonly string[], readonly string[]> {
  const { what, default: byDefault, range } = about;
  return {
    kind: 'list',
    what,
    default: byDefault,
    range,
    schema: { type: 'array', items: { type: 'string' } },
    parse: (given = byDefault, path, problems) => {
      if (!Array.isArray(given)) {
        problems.type(path, range, given);
        return [];
      }
      given.forEach((item: unknown, at) => checkItem(item, `${path}[${at}]`, about, problems));
      return [...(given as string[])];
    },
  };
}

function checkItem(item: unknown, path: string, about: ListAbout, problems: Problems): void {
  const range = about.range.replace(/^an array of (names of )?/, 'one of ');
  if (typeof item !== 'string') problems.type(path, range, item);
  else if (!about.accepts(item)) problems.range(path, range, item);
}

function headerName(about: {
  readonly what: string;
  readonly default: string;
}): Descriptor<string, string> {
  const range = 'the name of a header';
  return {
    kind: 'header',
    ...about,
    range,
    schema: { type: 'string' },
    parse: (given = about.default, path, problems) => {
      if (typeof given !== 'string' || !TOKEN.test(given)) problems.type(path, range, given);
      return given as string;
    },
  };
}

/** Undefined unless given: another has the default. */
function unlessGiven<Given, Parsed>(
  descriptor: Descriptor<Given, Parsed>,
): Descriptor<Given, Parsed | undefined> {
  return {
    ...descriptor,
    default: undefined,
    parse: (given, path, problems) =>
      given === undefined ? undefined : descriptor.parse(given, path, problems),
  };
}
