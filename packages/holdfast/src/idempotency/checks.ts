import { isPlainObject, show, unknownOption } from '../core/options.ts';
import type { IdempotentOptions, SettleOptions } from './idempotency.ts';
import { idempotencyOptions } from './options.ts';
import type { IdempotencyStore } from './store.ts';

const MAX_KEY_LENGTH = 1024;
/** What stores may count on. */
const FINGERPRINT = /^[\w-]{1,64}$/;
/** The options of `idempotent`, and of `settle`. */
const ASKED: readonly (keyof IdempotentOptions)[] = ['scope', 'payload', 'signal'];
const SETTLING: readonly (keyof SettleOptions)[] = ['scope', 'encode'];

/** Of every store. */
const METHODS: Record<Exclude<keyof IdempotencyStore, 'name'>, true> = {
  claim: true,
  extend: true,
  checkpoint: true,
  complete: true,
  release: true,
  reap: true,
  check: true,
  close: true,
};

/** Null for what may be a key. */
export function wrongKey(key: unknown, scope: unknown): TypeError | null {
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH) {
    const range = `a string of 1 to ${MAX_KEY_LENGTH} characters`;
    return new TypeError(`idempotency: the key must be ${range}, got ${kindOf(key)}`);
  }
  if (!Array.isArray(scope) || !scope.every((part) => typeof part === 'string')) {
    return new TypeError('idempotency: the scope must be an array of strings');
  }
  return null;
}

/** Null for what may be one. With another, each store would do something else: refuse every repeat, or look as if it were down. */
export function wrongFingerprint(fingerprint: unknown): TypeError | null {
  if (typeof fingerprint === 'string' && FINGERPRINT.test(fingerprint)) return null;
  const range =
    "a string of 1 to 64 letters, digits, '-' and '_', as fingerprintOf makes it, or a digest in hex or base64url (not base64)";
  return new TypeError(`idempotency: the fingerprint must be ${range}, got ${kindOf(fingerprint)}`);
}

/** @throws TypeError for what are no options of `idempotency`; it names all that there are. */
export function checkOptions(options: object): void {
  checkNames('idempotency', options, ['name', 'store', 'mode', ...Object.keys(idempotencyOptions)]);
}

/** @throws TypeError for what is no store, or none for this mode; it names what is missing. */
export function checkStore(store: IdempotencyStore, mode: string): void {
  const has = (method: string): boolean =>
    typeof (store as unknown as Record<string, unknown> | undefined)?.[method] === 'function';
  const methods = Object.keys(METHODS);
  const missing = methods.find((method) => !has(method));
  if (missing !== undefined) {
    const got = methods.some(has) ? `one without \`${missing}\`` : show(store);
    throw new TypeError(
      `idempotency.store must be a store, as made by memoryStore(), sqliteStore(), redisStore() or postgresStore(), got ${got}`,
    );
  }
  if (mode !== 'leased' && mode !== 'transactional') {
    throw new TypeError(
      `idempotency.mode must be one of 'leased', 'transactional', got ${show(mode)}`,
    );
  }
  if (mode === 'transactional' && !has('transact')) {
    throw new TypeError(
      `idempotency.mode 'transactional' needs a store with transactions, such as postgresStore(); the ${store.name} store has none`,
    );
  }
}

/** @throws TypeError for what are no options of `idempotent`. */
export function checkAsked(options: IdempotentOptions): void {
  checkNames('idempotent', options, ASKED);
  const { signal } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError(`idempotent.signal must be an AbortSignal, got ${show(signal)}`);
  }
}

/** @throws TypeError for what are no options of `settle`. */
export function checkSettling(options: SettleOptions): void {
  checkNames('settle', options, SETTLING);
  const { encode } = options;
  if (encode !== undefined && typeof encode !== 'function') {
    throw new TypeError(`settle.encode must be a function, got ${show(encode)}`);
  }
}

/** @throws TypeError for what is no object, and for names that it does not have. */
export function checkNames(what: string, options: object, names: readonly string[]): void {
  if (!isPlainObject(options)) {
    throw new TypeError(`${what} must be given an object of options, got ${show(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(unknownOption(unknown, what, names));
}

/** For a message, without what was given itself: it may be secret. */
function kindOf(given: unknown): string {
  return typeof given === 'string' ? `one of ${given.length}` : typeof given;
}
