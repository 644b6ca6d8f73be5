import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Execution,
  idempotency,
  type Idempotency,
  type IdempotencyStore,
  type IdempotencyOptions,
  type TransactionalStore,
} from 'holdfast/idempotency';
import type { Gate } from './gate.ts';
import type { Link } from './links/link.ts';
import type { Answered, Ask, Policy, Setup } from './protocol.ts';

/** Milliseconds that a caller who was refused waits before the next try. */
const BETWEEN_TRIES = 50;
/** How the promises want callers to be refused; whatever else comes counts as unclear. */
const CLEAR = new Set(['IDEMPOTENCY_STORE', 'IDEMPOTENCY_CONFLICT', 'LEASE_LOST', 'WORK_FAILED']);

/** What every engine here is set up with. */
type Leased = Omit<IdempotencyOptions, 'onStoreDown'>;

/** What the work itself throws is passed on: its effect could not be had, or a recovery point not be kept. */
class WorkFailed extends Error {
  readonly code = 'WORK_FAILED';
}

/** The callers of one process: they ask its engines for keys. */
export class Callers {
  readonly #setup: Setup;
  readonly #link: Link;
  readonly #store: IdempotencyStore;
  readonly #gate: Gate;
  readonly #engines = new Map<Policy, Idempotency<unknown>>();
  readonly #reconciled = new Map<string, number>();

  constructor(setup: Setup, link: Link, store: IdempotencyStore, gate: Gate) {
    this.#setup = setup;
    this.#link = link;
    this.#store = store;
    this.#gate = gate;
  }

  /** Asks until there is an answer, as a client that was told to come back would. */
  async ask(ask: Ask): Promise<Answered> {
    const { key, policy, patience } = ask;
    const deadline = performance.now() + patience;
    const refusals: Record<string, number> = {};
    let ran = false;
    const answered = (kind: Answered['kind'], value: string): Answered => {
      return { kind, value, ran, refusals, reconciled: this.#reconciled.get(key) ?? 0 };
    };
    const work = async (execution: Execution<unknown>): Promise<string> => {
      ran = true;
      await this.#work(ask, execution).catch((cause: unknown) => {
        throw new WorkFailed('the work failed', { cause });
      });
      return `${process.pid} ${performance.now()}`;
    };
    for (;;) {
      let refusal: string;
      try {
        return answered('value', await this.#engine(policy, patience).idempotent(key, work));
      } catch (error) {
        if (whyOf(error) === 'outcome-unknown') return answered('outcome-unknown', '');
        refusal = codeOf(error);
      }
      refusals[refusal] = (refusals[refusal] ?? 0) + 1;
      // What nobody was told to expect, nobody knows how to retry.
      const isClear = CLEAR.has(refusal);
      if (!isClear || performance.now() > deadline) return answered('gave-up', refusal);
      await sleep(BETWEEN_TRIES);
    }
  }

  async #work({ key, policy, effort }: Ask, execution: Execution<unknown>): Promise<void> {
    const effect = async (): Promise<void> => {
      if (effort > 0) await sleep(effort);
      const entry = `${key} ${execution.keyFor('effect')}`;
      const have = () => this.#link.effect(entry, execution);
      await this.#gate.during('during effect', have);
      await this.#gate.at('after effect');
    };
    // Resumable work has its effect once for each recovery point that was kept.
    if (policy === 'takeover') await execution.step('effect', effect);
    else await effect();
  }

  #engine(policy: Policy, wait: number): Idempotency<unknown> {
    const known = this.#engines.get(policy);
    if (known !== undefined) return known;
    const { lease, storeTimeout } = this.#setup;
    const common = { name: 'torture', lease, storeTimeout, wait, maxWaiters: 100_000 };
    const leased: Leased = { ...common, store: this.#store };
    const engine = this.#engineOf(policy, leased);
    this.#engines.set(policy, engine);
    return engine;
  }

  #engineOf(policy: Policy, leased: Leased): Idempotency<unknown> {
    switch (policy) {
      case 'refuse':
        return idempotency(leased);
      case 'takeover':
        return idempotency({ ...leased, onExpiredLease: 'takeover' });
      case 'transactional': {
        const store = this.#store as TransactionalStore<unknown>;
        return idempotency({ ...leased, store, mode: 'transactional' });
      }
      default: {
        const reconcile: IdempotencyOptions['reconcile'] = async ({ key }) => {
          this.#reconciled.set(key, (this.#reconciled.get(key) ?? 0) + 1);
          if (policy === 'unsure') return { outcome: 'unknown' };
          const effects = await this.#link.effects();
          const isDone = effects.some((entry) => entry.startsWith(`${key} `));
          return isDone
            ? { outcome: 'done', result: 'reconciled' }
            : { outcome: 'nothing-happened' };
        };
        return idempotency({ ...leased, reconcile });
      }
    }
  }
}

function whyOf(error: unknown): unknown {
  return (error as { why?: unknown } | null)?.why;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && CLEAR.has(code) ? code : `unclear: ${String(error)}`;
}
