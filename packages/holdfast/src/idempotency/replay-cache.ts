import type { Clock } from '../runtime/clock.ts';
import type { Claim } from './store.ts';

/** Milliseconds for which an answer of the store is used again: whoever deletes a record by hand waits no longer. */
const MAX_AGE = 5000;
/** In characters: longer results are asked for each time. */
const MAX_LENGTH = 16_384;

type Completed = Extract<Claim, { readonly kind: 'completed' }>;

interface Entry {
  readonly fingerprint: string;
  readonly result: string;
  readonly forgottenAt: number;
  readonly expiresAt: number;
}

/**
 * Results that the store has answered lately; they do not change until they expire. So of a storm of repeats of one
 * request, only those ask the store that come before its first answer. Those that were used last are kept.
 */
export class ReplayCache {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /** Undefined for what only the store can tell, such as another fingerprint. */
  get(id: string, fingerprint: string): Completed | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const now = this.#clock.now();
    this.#entries.delete(id);
    if (now >= entry.forgottenAt) return undefined;
    this.#entries.set(id, entry);
    if (entry.fingerprint !== fingerprint) return undefined;
    const { result, expiresAt } = entry;
    return { kind: 'completed', result, expiresIn: expiresAt - now };
  }

  /** @param askedAt is when the store was asked, at the latest: its clock and ours differ by what that took. */
  keep(id: string, fingerprint: string, { result, expiresIn }: Completed, askedAt: number): void {
    if (result.length > MAX_LENGTH || this.#maxEntries === 0) return;
    const forgottenAt = askedAt + Math.min(expiresIn, MAX_AGE);
    this.#entries.delete(id);
    this.#entries.set(id, { fingerprint, result, forgottenAt, expiresAt: askedAt + expiresIn });
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }
}
