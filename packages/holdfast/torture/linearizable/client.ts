import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IdempotencyStore, OnExpiredLease, TransactionalStore } from 'holdfast/idempotency';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import type { Answer, Line, RecordRequest, Step } from './history.ts';

const RETENTION = 600_000;
/** What a claim asks for where a lease has ended: takeovers twice as often as the rest. */
const WAYS: readonly OnExpiredLease[] = ['refuse', 'takeover', 'takeover', 'reconcile'];
const POINTS = ['a', 'b', 'c'];
/** The most that work in a transaction takes, in milliseconds. */
const EFFORT = 10;

/**
 * Takes steps at random, on all keys at once, as one client of each. An invocation is written before its step is
 * taken, an answer before the next one.
 */
export async function recordSteps(store: IdempotencyStore, request: RecordRequest): Promise<void> {
  const file = openSync(request.file, 'a');
  const random = seededRandom(request.seed).fork(request.client);
  let left = request.diesIn ?? Infinity;
  const write = (line: Line): void => {
    // A process that is dying hears no answer any more.
    if (left > 0 || !('answer' in line)) writeSync(file, `${JSON.stringify(line)}\n`);
  };
  const mayDie = (): void => {
    // By then the step is on its way.
    if (--left === 0) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
  };
  const clients = request.keys.map((key) =>
    goThrough(key, { store, request, random: random.fork(key), write, mayDie }),
  );
  await Promise.all(clients);
  closeSync(file);
}

interface Client {
  readonly store: IdempotencyStore;
  readonly request: RecordRequest;
  readonly random: Random;
  readonly write: (line: Line) => void;
  readonly mayDie: () => void;
}

async function goThrough(key: string, about: Client): Promise<void> {
  const { store, random, write, mayDie } = about;
  const { client, steps, lease } = about.request;
  const tokens: string[] = [];
  for (let n = 0; n < steps; n++) {
    const id = `${client}-${key}-${n}`;
    const transacts = 'transact' in store && random.next() < 0.25;
    const step = transacts ? drawTransaction(random, id) : draw(random, tokens, id, lease);
    const effort = random.next() * EFFORT;
    write({ id, key, step, invokedAt: now() });
    try {
      const answered = take(store, key, step, effort);
      mayDie();
      const answer = await answered;
      write({ id, returnedAt: now(), answer });
    } catch {
      // Nobody knows whether it took effect: it has no answer.
    }
    await sleep(random.next() * lease * 0.7);
  }
}

/** Mostly claims, some of them again, and writes by tokens of one's own, old ones too. */
function draw(random: Random, tokens: string[], id: string, lease: number): Step {
  const kind = random.next();
  const token = tokens[Math.floor(tokens.length * Math.sqrt(random.next()))];
  if (token === undefined || kind < 0.45) {
    const isAgain = token !== undefined && kind < 0.12;
    if (!isAgain) tokens.push(id);
    const expired = one(WAYS, random);
    const fingerprint = random.next() < 0.1 ? null : asked(random);
    return { do: 'claim', token: isAgain ? token : id, fingerprint, lease, expired };
  }
  if (kind < 0.55) return { do: 'extend', token, lease: random.next() < 0.3 ? 0 : lease };
  if (kind < 0.8) {
    const point = { name: one(POINTS, random), value: JSON.stringify(id) };
    return { do: 'checkpoint', token, point, lease };
  }
  if (kind < 0.95) return { do: 'release', token };
  return { do: 'complete', token, result: id };
}

/** Mostly such as come to nothing, or the history would be over with the first. */
function drawTransaction(random: Random, id: string): Step {
  const result = random.next() < 0.9 ? null : id;
  return { do: 'transact', token: id, fingerprint: asked(random), result };
}

const one = <T>(of: readonly T[], random: Random): T => of[Math.floor(random.next() * of.length)]!;
const asked = (random: Random): string => (random.next() < 0.1 ? 'other' : 'same');

async function take(
  store: IdempotencyStore,
  id: string,
  step: Step,
  effort: number,
): Promise<Answer> {
  const owned = { id, token: step.token };
  switch (step.do) {
    case 'claim': {
      const { fingerprint, lease, expired } = step;
      return await store.claim({ ...owned, fingerprint, lease, expired, retention: RETENTION });
    }
    case 'extend':
      return await store.extend(owned, step.lease);
    case 'checkpoint':
      return await store.checkpoint(owned, step.point, step.lease);
    case 'complete':
      return await store.complete(owned, step.result, RETENTION);
    case 'release':
      return await store.release(owned);
    case 'transact': {
      const { fingerprint, result } = step;
      const request = { ...owned, fingerprint, retention: RETENTION, maxDuration: RETENTION };
      const work = async () => {
        await sleep(effort);
        return { result, value: null };
      };
      const end = await (store as TransactionalStore<unknown>).transact(request, work);
      return end.kind === 'done' ? true : end;
    }
  }
}

/** Of the machine's monotonic clock, which all of its processes share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
