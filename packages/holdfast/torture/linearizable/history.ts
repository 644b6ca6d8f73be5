import type { Claim, OnExpiredLease, RecoveryPoint } from 'holdfast/idempotency';

/** A step of the port, on one key. Leases are milliseconds. */
export type Step =
  | {
      readonly do: 'claim';
      readonly token: string;
      /** Null for who does not know it. */
      readonly fingerprint: string | null;
      readonly lease: number;
      readonly expired: OnExpiredLease;
    }
  | { readonly do: 'extend'; readonly token: string; readonly lease: number }
  | {
      readonly do: 'checkpoint';
      readonly token: string;
      readonly point: RecoveryPoint;
      readonly lease: number;
    }
  | { readonly do: 'complete'; readonly token: string; readonly result: string }
  | { readonly do: 'release'; readonly token: string }
  | {
      readonly do: 'transact';
      readonly token: string;
      readonly fingerprint: string;
      /** Null for work that comes to nothing. */
      readonly result: string | null;
    };

/** One step that somebody took, with times in milliseconds of one clock that never jumps. */
export interface Operation {
  readonly key: string;
  readonly step: Step;
  readonly invokedAt: number;
  /** Infinity if there was no answer: it may have taken effect at any time since, or never. */
  readonly returnedAt: number;
  readonly answer: Answer | null;
  /**
   * Fingerprints of the transactions on the key that were under way at any time of this one, and were not refused: each
   * may have been in its way.
   */
  readonly rivals: readonly string[];
}

/** What a step was answered; a transaction that was done is answered true. */
export type Answer = Claim | boolean;

/** A line of a process's record: an invocation, which is written before the step is taken, or its answer. */
export type Line =
  | {
      readonly id: string;
      readonly key: string;
      readonly step: Step;
      readonly invokedAt: number;
    }
  | {
      readonly id: string;
      readonly returnedAt: number;
      readonly answer: Answer;
    };

/** Asks a process to take steps at random, and to record them. */
export interface RecordRequest {
  readonly do: 'record';
  /** The record, to which the process appends its lines. */
  readonly file: string;
  /** The name of the process, different for each. */
  readonly client: string;
  readonly seed: number;
  readonly keys: readonly string[];
  /** Steps for each key. */
  readonly steps: number;
  readonly lease: number;
  /** How many steps the process takes before it dies by SIGKILL, in the middle of the last; null for never. */
  readonly diesIn: number | null;
}

/** The histories of each key, of the lines that all processes have written. */
export function historiesOf(lines: readonly Line[]): Map<string, Operation[]> {
  const answers = new Map(lines.flatMap((line) => ('answer' in line ? [[line.id, line]] : [])));
  const histories = new Map<string, Alone[]>();
  for (const line of lines) {
    if ('answer' in line) continue;
    const { id, key, step, invokedAt } = line;
    const { returnedAt = Infinity, answer = null } = answers.get(id) ?? {};
    const history = histories.get(key) ?? [];
    history.push({ key, step, invokedAt, returnedAt, answer });
    histories.set(key, history);
  }
  return new Map(Array.from(histories, ([key, history]) => [key, together(history)]));
}

type Alone = Omit<Operation, 'rivals'>;

function together(history: readonly Alone[]): Operation[] {
  const transactions = history.flatMap((operation) => {
    const { step, answer } = operation;
    const isRefused = answer !== true && answer !== null;
    return step.do !== 'transact' || isRefused ? [] : [{ operation, step }];
  });
  return history.map((operation) => {
    const rivals = transactions.filter(
      (other) => other.operation !== operation && overlap(other.operation, operation),
    );
    const isTransaction = operation.step.do === 'transact';
    return {
      ...operation,
      rivals: isTransaction ? rivals.map((other) => other.step.fingerprint) : [],
    };
  });
}

function overlap(one: Alone, other: Alone): boolean {
  return one.invokedAt <= other.returnedAt && other.invokedAt <= one.returnedAt;
}
