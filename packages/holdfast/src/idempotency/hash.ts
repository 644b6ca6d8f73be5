/** The part of node:crypto that is used here; Bun, Deno and Cloudflare's Workers have it too. */
interface Crypto {
  createHash(algorithm: 'sha256'): NodeHash;
  hash(algorithm: 'sha256', data: string | Uint8Array, encoding: 'base64url'): string;
}

interface NodeHash {
  update(data: string | Uint8Array): NodeHash;
  digest(encoding: 'base64url'): string;
}

/** A hash that grows with what it is told. */
export interface Hash {
  /** Adds bytes, or the UTF-8 of a text. */
  update(data: string | Uint8Array): Hash;
  /** SHA-256 as URL-safe base64, 43 characters. Ends the hash. */
  digest(): string;
}

let crypto: Crypto | undefined;

/**
 * SHA-256 of bytes, or of a text's UTF-8, as URL-safe base64: 43 characters.
 *
 * @throws Error where there is no node:crypto.
 */
export function sha256(data: string | Uint8Array): string {
  return (crypto ??= findCrypto()).hash('sha256', data, 'base64url');
}

/** The same for what comes in pieces. */
export function incrementalSha256(): Hash {
  const hash = (crypto ??= findCrypto()).createHash('sha256');
  return {
    update(data) {
      hash.update(data);
      return this;
    },
    digest: () => hash.digest('base64url'),
  };
}

/** The hash of several texts in their order. */
export function hashOf(texts: readonly string[]): string {
  return sha256(tupleOf(texts));
}

/** What stores know a key by, and its derived keys are made of. */
export function keyId(engine: string, scope: readonly string[], key: string): string {
  return hashOf([engine, ...scope, key]);
}

/** Texts in their order as one, each behind its length: no text can pass for two, and it says itself where it ends. */
export function tupleOf(texts: readonly string[]): string {
  let tuple = `${texts.length};`;
  for (const text of texts) tuple += `${text.length}:${text}`;
  // Half of a pair of surrogates has no UTF-8 of its own: in JSON it is escaped.
  return tuple.isWellFormed() ? tuple : JSON.stringify(texts);
}

/** Looked up at the first use, not at import, and by name, so that bundles for other runtimes still load. */
function findCrypto(): Crypto {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(id: string): unknown };
  };
  const found = process?.getBuiltinModule?.('node:crypto') as Partial<Crypto> | undefined;
  if (typeof found?.hash !== 'function') {
    throw new Error('idempotency needs node:crypto to hash keys, and this runtime has none');
  }
  return found as Crypto;
}
