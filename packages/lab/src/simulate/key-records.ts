import type { Judgement } from 'holdfast';
import type { Idempotency } from '../spec/model.ts';
import { answers } from './answers.ts';
import type { Intent } from './intent.ts';
import type { Request } from './request.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A repeat that is not answered yet. */
export const WAITS = Symbol('waits');

/** How a key stands. Without a standing nobody has had it, or it is forgotten. */
type Standing =
  /** A request does its work, and others wait for that. */
  | {
      readonly kind: 'in progress';
      readonly owner: Request;
      readonly since: number;
      readonly waiting: Request[];
    }
  /** Its owner is silent: in progress until the lease is over, and then nobody knows. */
  | { readonly kind: 'silent'; readonly leaseEnd: number; readonly until: number }
  | {
      readonly kind: 'completed';
      /** What there was in place of a value. */
      readonly instead: Judgement | null;
      readonly value: unknown;
      readonly until: number;
    };

/**
 * What an idempotent service remembers of keys, as `idempotency()` does with a store that all replicas
 * share. To look a key up takes no time, and the store never fails. A request claims its key when work on
 * it begins, and its effect happens at the end of that, together with the answer's record: a crash
 * meanwhile leaves no effect of its own, but those of the calls that it has made.
 */
export class KeyRecords {
  readonly #options: Idempotency;
  readonly #clock: VirtualClock;
  readonly #standings = new WeakMap<Intent, Standing>();

  constructor(options: Idempotency, clock: VirtualClock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Whether a request may do its work: the key is its own from now on, or it has none. */
  claim(request: Request): boolean {
    const { intent, keyed } = request.call;
    if (!keyed) return true;
    const now = this.#clock.now();
    if (!this.#isFree(this.#standings.get(intent), now)) return false;
    this.#standings.set(intent, { kind: 'in progress', owner: request, since: now, waiting: [] });
    // As behind the middleware: a caller that goes away does not stop the work of a key.
    request.goOn();
    return true;
  }

  /** Whether a request has a key whose work is another's. */
  isRepeat(request: Request): boolean {
    return request.call.keyed && this.#ownedBy(request) === null;
  }

  /** What a repeat is answered: null for a value, or what there is instead of one. If it waits, it looks again later. */
  answer(request: Request): Judgement | null | typeof WAITS {
    const standing = this.#standings.get(request.call.intent)!;
    if (standing.kind === 'completed') {
      request.value = standing.value;
      return standing.instead;
    }
    const now = this.#clock.now();
    const leaseEnd = standing.kind === 'silent' ? standing.leaseEnd : Infinity;
    if (leaseEnd <= now) return answers.unknown;
    const left = Math.min(request.startedAt! + this.#options.wait, leaseEnd) - now;
    if (left <= 0) return answers.inProgress;
    if (standing.kind === 'in progress') standing.waiting.push(request);
    this.#clock.start(request, left);
    return WAITS;
  }

  /** A request is answered. Its record is that of the middleware for a 2xx, a 400, a 503 or another 5xx. */
  settle(request: Request, instead: Judgement | null): void {
    const standing = this.#ownedBy(request);
    if (standing === null) return;
    const { intent } = request.call;
    const now = this.#clock.now();
    if (instead === null || instead.verdict === 'terminal') {
      const until = now + this.#options.retention;
      this.#standings.set(intent, { kind: 'completed', instead, value: request.value, until });
    } else if (instead.verdict === 'overload') this.#standings.delete(intent);
    else this.#fallSilent(intent, standing, now);
    this.#wake(standing.waiting);
  }

  /** A request was lost with its replica: its lease is not extended any more, as it was every third of it. */
  lose(request: Request): void {
    const standing = this.#ownedBy(request);
    if (standing === null) return;
    const beat = this.#options.lease / 3;
    const { since, waiting } = standing;
    const beats = Math.floor((this.#clock.now() - since) / beat);
    this.#fallSilent(request.call.intent, standing, since + beats * beat + this.#options.lease);
    this.#wake(waiting);
  }

  #isFree(standing: Standing | undefined, now: number): boolean {
    if (standing === undefined) return true;
    if (standing.kind === 'in progress') return false;
    if (standing.until <= now) return true;
    const { onExpiredLease } = this.#options;
    return standing.kind === 'silent' && standing.leaseEnd <= now && onExpiredLease === 'takeover';
  }

  #ownedBy(request: Request): Extract<Standing, { kind: 'in progress' }> | null {
    const standing = this.#standings.get(request.call.intent);
    return standing?.kind === 'in progress' && standing.owner === request ? standing : null;
  }

  #fallSilent(intent: Intent, { since }: { readonly since: number }, leaseEnd: number): void {
    const until = Math.max(leaseEnd, since + this.#options.retention);
    this.#standings.set(intent, { kind: 'silent', leaseEnd, until });
  }

  /** Those that are still there look again. */
  #wake(waiting: readonly Request[]): void {
    for (const request of waiting) {
      if (request.replica === null) continue;
      this.#clock.stop(request);
      this.#clock.start(request, 0);
    }
  }
}
