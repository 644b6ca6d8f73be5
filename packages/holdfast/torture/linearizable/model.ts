import type { Claim } from 'holdfast/idempotency';
import type { Operation, Step } from './history.ts';

/** A key's record as the port has it, in one place and one step at a time. Retention outlives the history. */
export type State =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'in-progress';
      readonly token: string;
      readonly fingerprint: string;
      readonly attempt: number;
      readonly reconciler: string | null;
      /** When the lease ends at the earliest and at the latest: somewhere between its step's ends it began. */
      readonly endsFrom: number;
      readonly endsBy: number;
    }
  | { readonly kind: 'completed'; readonly fingerprint: string; readonly result: string };

type InProgress = Extract<State, { kind: 'in-progress' }>;
type ClaimStep = Extract<Step, { do: 'claim' }>;

/** Stores count whole milliseconds, on a clock that may be slewed against the one of the history. */
const SLACK = 3;

export const ABSENT: State = { kind: 'absent' };

/**
 * What becomes of the record if this operation takes effect now, and is answered as it was; null if it
 * cannot have been. An operation without an answer is taken to have succeeded: one that did not changes nothing.
 */
export function advance(state: State, operation: Operation): State | null {
  const { step, answer } = operation;
  if (step.do === 'claim') return claimed(state, operation, step);
  const isOwner = state.kind === 'in-progress' && state.token === step.token;
  if (!isOwner) return answer === false ? state : null;
  if (answer === false) return null;
  switch (step.do) {
    case 'extend':
      return { ...state, ...leaseOf(operation, step.lease) };
    case 'complete':
      return { kind: 'completed', fingerprint: state.fingerprint, result: step.result };
    case 'release':
      return ABSENT;
  }
}

function claimed(state: State, operation: Operation, step: ClaimStep): State | null {
  const granted = grantOf(state, operation, step);
  const answer = operation.answer as Claim | null;
  if (answer === null) return granted;
  switch (answer.kind) {
    case 'claimed':
    case 'reconcile': {
      if (granted === null || granted.attempt !== answer.attempt) return null;
      const kind = granted.reconciler === step.token ? 'reconcile' : 'claimed';
      return kind === answer.kind ? granted : null;
    }
    case 'mismatch':
      return isOthers(state, step) && state.fingerprint !== step.fingerprint ? state : null;
    case 'completed': {
      const isSame = state.kind === 'completed' && state.result === answer.result;
      return isSame && state.fingerprint === step.fingerprint ? state : null;
    }
    case 'in-progress':
      return isRefused(state, step) && operation.invokedAt - SLACK < state.endsBy ? state : null;
    case 'unknown':
      return isRefused(state, step) && isLeaseOver(state, operation) && !mayTake(state, step)
        ? state
        : null;
  }
}

/** The record if the key is granted; null if it cannot be. */
function grantOf(state: State, operation: Operation, step: ClaimStep): InProgress | null {
  const { token, fingerprint, expired, lease } = step;
  const renewed = { token, ...leaseOf(operation, lease) };
  if (state.kind === 'absent') {
    return { kind: 'in-progress', fingerprint, attempt: 1, reconciler: null, ...renewed };
  }
  if (state.kind === 'completed') return null;
  if (state.token === token) return { ...state, ...renewed };
  const isFree = state.fingerprint === fingerprint && isLeaseOver(state, operation);
  if (!isFree || !mayTake(state, step)) return null;
  return expired === 'takeover'
    ? { ...state, ...renewed, attempt: state.attempt + 1 }
    : { ...state, ...renewed, reconciler: token };
}

function mayTake({ reconciler }: InProgress, { expired }: ClaimStep): boolean {
  return expired === 'takeover' || (expired === 'reconcile' && reconciler === null);
}

function isOthers(state: State, { token }: ClaimStep): state is Exclude<State, { kind: 'absent' }> {
  return state.kind === 'completed' || (state.kind === 'in-progress' && state.token !== token);
}

function isRefused(state: State, step: ClaimStep): state is InProgress {
  return (
    state.kind === 'in-progress' && isOthers(state, step) && state.fingerprint === step.fingerprint
  );
}

/** Whether it can have been over before the operation was. */
function isLeaseOver({ endsFrom }: InProgress, { returnedAt }: Operation): boolean {
  return returnedAt + SLACK >= endsFrom;
}

function leaseOf({ invokedAt, returnedAt }: Operation, lease: number) {
  return { endsFrom: invokedAt + lease, endsBy: returnedAt + lease };
}
