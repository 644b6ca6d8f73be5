import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim, IdempotencyStore, OnExpiredLease } from 'holdfast/idempotency';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import type { Line, RecordRequest, Step } from './history.ts';

const RETENTION = 600_000;
const WAYS: readonly OnExpiredLease[] = ['refuse', 'takeover', 'takeover', 'reconcile'];

/** Takes steps at random, on all keys at once, each as one client; every line is written before what it tells of goes on. */
export async function recordSteps(store: IdempotencyStore, request: RecordRequest): Promise<void> {
  const file = openSync(request.file, 'a');
  const random = seededRandom(request.seed).fork(request.client);
  let left = request.diesIn ?? Infinity;
  const write = (line: Line): void => {
    // Who is dying hears no answer any more.
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
    const step = draw(random, tokens, id, lease);
    write({ id, key, step, invokedAt: now() });
    try {
      const answered = take(store, key, step);
      mayDie();
      const answer = await answered;
      write({ id, returnedAt: now(), answer });
    } catch {
      // Nobody knows whether it took effect: it has no answer.
    }
    await sleep(random.next() * lease * 0.7);
  }
}

/** Mostly claims, and writes by tokens of one's own, old ones too. */
function draw(random: Random, tokens: string[], id: string, lease: number): Step {
  const kind = random.next();
  const token = tokens[Math.floor(tokens.length * Math.sqrt(random.next()))];
  if (token === undefined || kind < 0.45) {
    tokens.push(id);
    const expired = WAYS[Math.floor(random.next() * WAYS.length)]!;
    const fingerprint = random.next() < 0.1 ? 'other' : 'same';
    return { do: 'claim', token: id, fingerprint, lease, expired };
  }
  if (kind < 0.7) return { do: 'extend', token, lease: random.next() < 0.3 ? 0 : lease };
  if (kind < 0.92) return { do: 'release', token };
  return { do: 'complete', token, result: id };
}

async function take(store: IdempotencyStore, id: string, step: Step): Promise<Claim | boolean> {
  const owned = { id, token: step.token };
  switch (step.do) {
    case 'claim': {
      const { fingerprint, lease, expired } = step;
      return store.claim({ ...owned, fingerprint, lease, expired, retention: RETENTION });
    }
    case 'extend':
      return store.extend(owned, step.lease);
    case 'complete':
      return store.complete(owned, step.result, RETENTION);
    case 'release':
      return store.release(owned);
  }
}

/** Of the machine's monotonic clock, which all of its processes share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
