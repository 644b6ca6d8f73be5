import { emit } from '../core/events.ts';
import { isHoldfastError } from '../core/errors.ts';
import {
  IdempotencyConflictError,
  IdempotencyMismatchError,
  IdempotencyStoreError,
} from './errors.ts';
import type { Awaitable } from './awaitable.ts';
import { giveBack, letGo, orNull } from './give-back.ts';
import { keyId } from './hash.ts';
import type { Opened, OpenRequest } from './idempotency.ts';
import type { Keeper } from './keeper.ts';
import { LeasedExecution } from './leased.ts';
import type { Nesting } from './nesting.ts';
import { type Asking, reconcile } from './reconcile.ts';
import { ReplayCache } from './replay-cache.ts';
import { isStoreFull } from './store-full.ts';
import type { Claim, Granted } from './store.ts';
import type { IdempotencyOpenedEvent } from './telemetry.ts';
import { Tending } from './tending.ts';
import { type Begun, beginTransaction } from './transactional.ts';

/** Between a waiting repeat's looks at the store, in milliseconds: at first, and at last. */
const LOOK_FIRST = 25;
const LOOK_LAST = 500;
/** The least and the usual time that a refused repeat is told to stay away, in milliseconds. */
const SOON = 1000;

/** How many there are in this process: with one seed, several draw the same random prefix. */
let openers = 0;

type How = IdempotencyOpenedEvent['how'];

/** What the store says of a key. */
type Standing = Claim | (Begun<unknown> & { readonly kind: 'run' });

/** A standing with which work begins. */
type Grant = Extract<Standing, { readonly kind: 'run' }> | Granted;

/** What the asker is told, and what events call it. */
interface Answer {
  readonly opened: Opened<unknown>;
  readonly how: How;
}

/** A request on its way to its key. */
interface Asked extends Asking, Pick<OpenRequest, 'onStoreDown'> {
  signal: OpenRequest['signal'];
  readonly waitsUntil: number;
  /** What the store was asked last. */
  claim: Awaitable<Claim> | undefined;
}

/** Says how keys stand, and takes those that nobody has. */
export class Opener {
  readonly #keeper: Keeper;
  readonly #isTransactional: boolean;
  readonly #nesting: Nesting;
  /** What every token begins with; no other engine's do. */
  readonly #prefix: string;
  readonly #replays: ReplayCache;
  readonly #tending: Tending;
  #claims = 0;

  constructor(keeper: Keeper, mode: 'leased' | 'transactional', nesting: Nesting) {
    this.#keeper = keeper;
    this.#nesting = nesting;
    this.#tending = new Tending(keeper);
    this.#replays = new ReplayCache(keeper.runtime.clock, keeper.options.replayCache);
    this.#prefix = `${randomText(keeper.runtime.random)}-${(openers++).toString(36)}-`;
    this.#isTransactional = mode === 'transactional';
  }

  open(request: OpenRequest): Awaitable<Opened<unknown>> {
    const { clock, dependency } = this.#keeper.runtime;
    const at = clock.now();
    const { key, scope, fingerprint, signal, encode, onStoreDown, whenLeft } = request;
    const asked: Asked = {
      key,
      scope,
      fingerprint,
      signal,
      encode,
      onStoreDown,
      at,
      waitsUntil: at + this.#keeper.options.wait,
      id: keyId(dependency, scope, key),
      token: this.newToken(),
      claim: undefined,
    };
    if (this.#keeper.isClosing && !this.#isAwaited) return this.#told(this.#closed());
    if (whenLeft !== undefined) {
      const left = this.#keeper.toLeave();
      try {
        whenLeft(left);
      } catch (error) {
        // Nobody would say it, and a close would wait for it as long as it may.
        left();
        return Promise.reject(error);
      }
    }
    if (isAborted(signal)) return this.#told(aborted(signal));
    const known = this.#replays.get(asked.id, fingerprint);
    if (known !== undefined) return this.#told(this.#opened(known, asked));
    const claim = this.#claim(asked);
    if (!(claim instanceof Promise)) return this.#answered(claim, asked);
    const keeper = this.#keeper;
    keeper.opening++;
    return claim.then(
      (found) => {
        keeper.opening--;
        if (this.#isTooLate(found, asked)) return this.#failed(asked, new Error(TOO_LATE));
        return this.#isInVain(found) ? this.#unbegun(found, asked) : this.#answered(found, asked);
      },
      (error: unknown) => {
        keeper.opening--;
        return this.#failed(asked, error);
      },
    );
  }

  /** For a claim: no other has it. */
  newToken(): string {
    return `${this.#prefix}${(this.#claims++).toString(36)}`;
  }

  /** Whether it is asked by work that a close waits for: such work is still given keys. */
  get #isAwaited(): boolean {
    return !this.#keeper.isClosed && this.#nesting.isInside;
  }

  /** Most keys are new, or their work was done: those are answered at once. */
  #answered(claim: Standing, asked: Asked): Awaitable<Opened<unknown>> {
    const isOpen = claim.kind === 'in-progress' || claim.kind === 'reconcile';
    return isOpen ? this.#looked(claim, asked) : this.#told(this.#heard(claim, asked));
  }

  /** The rest of the way, where another has to be waited for, or `reconcile` to be asked. */
  async #looked(first: Standing, askedFirst: Asked): Promise<Opened<unknown>> {
    let claim = first;
    let asked = askedFirst;
    this.#keeper.opening++;
    try {
      for (let look = LOOK_FIRST; ; look = Math.min(2 * look, LOOK_LAST)) {
        const answer =
          claim.kind === 'reconcile'
            ? await this.#reconciled(claim, asked)
            : this.#heard(claim, asked);
        const goesOn =
          answer === AGAIN ||
          (claim.kind === 'in-progress' && (await this.#waited(asked, look, claim.leaseLeft)));
        if (!goesOn) return this.#told(answer);
        if (this.#keeper.isClosed) return this.#told(this.#closed());
        if (isAborted(asked.signal)) return this.#told(aborted(asked.signal));
        asked = this.#again(asked);
        claim = this.#replays.get(asked.id, asked.fingerprint) ?? (await this.#claim(asked));
        if (this.#isTooLate(claim, asked)) throw new Error(TOO_LATE);
        if (this.#isInVain(claim)) return await this.#unbegun(claim, asked);
      }
    } catch (error) {
      return this.#failed(asked, error);
    } finally {
      this.#keeper.opening--;
    }
  }

  #failed(asked: Asked, error: unknown): Opened<unknown> {
    // Whoever closes the engine closes the store next: that is no outage.
    if (this.#keeper.isClosed) return this.#told(this.#closed());
    // What the breaker refused never reached the store, and a store that is full has granted nothing.
    const isUnheard = isHoldfastError(error, 'CIRCUIT_OPEN') || isStoreFull(error);
    if (asked.claim !== undefined && !isUnheard) giveBack(this.#keeper, asked, asked.claim);
    const opened = this.#withoutStore(asked, error);
    return this.#told({
      opened,
      how: opened.kind === 'unprotected' ? 'unprotected' : 'store-down',
    });
  }

  #told({ opened, how }: Answer): Opened<unknown> {
    const { runtime } = this.#keeper;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      emit<IdempotencyOpenedEvent>(runtime, { type: 'idempotency.opened', dependency, how });
    }
    this.#tending.nowAndThen();
    return opened;
  }

  #claim(asked: Asked): Awaitable<Standing> {
    const { id, token, fingerprint, key, at } = asked;
    const { guard, options, onExpired: expired } = this.#keeper;
    const { lease, retention } = options;
    if (this.#isTransactional) {
      return beginTransaction(this.#keeper, { id, token, fingerprint, retention }, { key, at });
    }
    const claim = { id, token, fingerprint, retention, lease, expired };
    return guard.ask('claim', (store) => (asked.claim = store.claim(claim)));
  }

  /** Whether a grant came so late that another may have the key by now. */
  #isTooLate({ kind }: Standing, { at }: Asked): boolean {
    const { runtime, options } = this.#keeper;
    const isGrant = kind === 'claimed' || kind === 'reconcile';
    return isGrant && runtime.clock.now() - at >= options.lease;
  }

  /** Whether work would begin after the close. `reconcile` is still asked: it is asked only once. */
  #isInVain(claim: Standing): claim is Grant {
    return this.#keeper.isClosed && (claim.kind === 'claimed' || claim.kind === 'run');
  }

  async #unbegun(grant: Grant, { id, token }: Asked): Promise<Opened<unknown>> {
    const { guard } = this.#keeper;
    // One try, since the store's client is closed next: else a lease runs out, and a transaction is rolled back.
    await orNull(() =>
      grant.kind === 'run'
        ? guard.tell('transact', () => grant.execution.forgo())
        : letGo(guard, { id, token }, grant.attempt),
    );
    return this.#told(this.#closed());
  }

  /** With a new token: what `giveBack` still says of the old one must not meet the new claim. */
  #again(asked: Asked): Asked {
    return { ...asked, token: this.newToken(), at: this.#keeper.runtime.clock.now() };
  }

  async #reconciled(granted: Granted, asked: Asked): Promise<Answer | typeof AGAIN> {
    const found = await reconcile(this.#keeper, asked, granted);
    if (found === 'nothing-happened') return AGAIN;
    if (found === 'unknown') return this.#conflict('outcome-unknown');
    const { retention: expiresIn } = this.#keeper.options;
    return { opened: { kind: 'replay', result: found.result, expiresIn }, how: 'replayed' };
  }

  /** What the store has said, which is remembered for a while if it does not change. */
  #heard(claim: Standing, asked: Asked): Answer {
    const { id, fingerprint, at } = asked;
    if (claim.kind === 'completed') this.#replays.keep(id, fingerprint, claim, at);
    return this.#opened(claim, asked);
  }

  #opened(claim: Standing, asked: Asked): Answer {
    switch (claim.kind) {
      case 'run':
        this.#keeper.running++;
        return { opened: claim, how: 'claimed' };
      case 'claimed':
      case 'reconcile':
        return this.#leased(claim, asked);
      case 'completed':
        return { opened: { ...claim, kind: 'replay' }, how: 'replayed' };
      case 'mismatch': {
        const error = new IdempotencyMismatchError({ name: this.#name });
        return { opened: { kind: 'refused', error }, how: 'mismatch' };
      }
      case 'in-progress':
        return this.#conflict('in-progress', claim.leaseLeft);
      case 'unknown':
      // Which no claim with a fingerprint is answered.
      case 'absent':
        return this.#conflict('outcome-unknown');
    }
  }

  #leased(claim: Granted, asked: Asked): Answer {
    this.#keeper.running++;
    const execution = new LeasedExecution(this.#keeper, asked, asked, claim);
    return {
      opened: { kind: 'run', execution },
      how: claim.attempt > 1 ? 'taken-over' : 'claimed',
    };
  }

  #conflict(why: 'in-progress' | 'outcome-unknown', leaseLeft = Infinity): Answer {
    const usual = Math.max(SOON, this.#keeper.usualDuration);
    // An unknown outcome stays unknown: there is no time after which it would be worth asking again.
    const retryAfter = why === 'in-progress' ? { retryAfter: Math.min(usual, leaseLeft) } : {};
    const error = new IdempotencyConflictError({ name: this.#name, why, ...retryAfter });
    return { opened: { kind: 'refused', error }, how: why };
  }

  /** Refuses, even with `onStoreDown: 'open'`: nobody would look after work that begins now. */
  #closed(): Answer {
    const reason = 'the engine is closed';
    const error = new IdempotencyStoreError({ name: this.#name, reason, retryAfter: SOON });
    return { opened: { kind: 'refused', error }, how: 'closed' };
  }

  get #name(): string {
    return this.#keeper.runtime.dependency;
  }

  /** Waits for whoever does the work; false if it may not wait, or not any longer. */
  async #waited(asked: Asked, look: number, leaseLeft: number): Promise<boolean> {
    const { id, waitsUntil } = asked;
    const keeper = this.#keeper;
    const left = waitsUntil - keeper.runtime.clock.now();
    if (left <= 0 || keeper.waiting >= keeper.options.maxWaiters) return false;
    // Spread, so that those who wait do not all ask at once; but soon after the owner's lease is over.
    const { random } = keeper.runtime;
    const time = Math.min(look * (0.5 + random.next()), leaseLeft + LOOK_FIRST * random.next());
    const { signal } = asked;
    const heeded = typeof signal === 'function' ? signal() : signal;
    // Read again at the next look.
    asked.signal = heeded;
    keeper.waiting++;
    await keeper.waitFor(id, Math.min(left, time), heeded).finally(() => keeper.waiting--);
    return true;
  }

  #withoutStore(asked: Asked, cause: unknown): Opened<unknown> {
    const { onStoreDown = this.#keeper.options.onStoreDown } = asked;
    if (onStoreDown === 'open') return { kind: 'unprotected' };
    const retryAfter = Math.max(SOON, isHoldfastError(cause) ? (cause.retryAfter ?? 0) : 0);
    const full = isStoreFull(cause) ? { reason: 'the store of idempotency records is full' } : {};
    const error = new IdempotencyStoreError({ name: this.#name, ...full, retryAfter, cause });
    return { kind: 'refused', error };
  }
}

function isAborted(signal: OpenRequest['signal']): signal is AbortSignal {
  return typeof signal === 'object' && signal.aborted;
}

function aborted({ reason }: AbortSignal): Answer {
  return { opened: { kind: 'refused', error: reason }, how: 'aborted' };
}

const TOO_LATE = 'the store took longer to grant the key than the lease lasts';

/** The key has just been given back. */
const AGAIN = Symbol('again');

/** 128 bits. */
function randomText(random: { next(): number }): string {
  let text = '';
  for (let i = 0; i < 4; i++) {
    text += Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }
  return text;
}
