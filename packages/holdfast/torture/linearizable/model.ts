import type { Claim, RecoveryPoint } from 'holdfast/idempotency';
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
      readonly points: readonly RecoveryPoint[];
    }
  | { readonly kind: 'completed'; readonly fingerprint: string; readonly result: string };

type InProgress = Extract<State, { kind: 'in-progress' }>;
type ClaimStep = Extract<Step, { do: 'claim' }>;
type TransactStep = Extract<Step, { do: 'transact' }>;

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
  if (step.do === 'transact') return transacted(state, operation, step);
  const isOwner = state.kind === 'in-progress' && state.token === step.token;
  if (!isOwner) return answer === false ? state : null;
  if (answer === false) return null;
  switch (step.do) {
    case 'extend':
      return { ...state, ...leaseOf(operation, step.lease) };
    case 'checkpoint': {
      const points = withPoint(state.points, step.point);
      return { ...state, ...leaseOf(operation, step.lease), points };
    }
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
  if (!isGrant(answer)) return refused(state, operation, step);
  if (granted === null) return null;
  const { attempt, points, reconciler } = granted;
  const kind = reconciler === step.token ? 'reconcile' : 'claimed';
  const isSame = kind === answer.kind && attempt === answer.attempt;
  return isSame && JSON.stringify(points) === JSON.stringify(answer.points) ? granted : null;
}

/**
 * What a transaction does takes effect when it commits. It has the key to itself meanwhile, and others are told whether
 * it does the same, but for leased claims: one that was faster makes it throw, which is no answer.
 */
function transacted(state: State, operation: Operation, step: TransactStep): State | null {
  const { answer, rivals } = operation;
  const { token, fingerprint, result } = step;
  if (answer === true || answer === null) {
    if (state.kind !== 'absent') return null;
    return result === null ? ABSENT : { kind: 'completed', fingerprint, result };
  }
  const { kind } = answer as Claim;
  if (kind === 'in-progress' && rivals.includes(fingerprint)) return state;
  if (kind === 'mismatch' && rivals.some((other) => other !== fingerprint)) return state;
  const claim = { do: 'claim', token, fingerprint, lease: 0, expired: 'refuse' } as const;
  return refused(state, operation, claim);
}

/** The record, if it stands as the answer has it. */
function refused(state: State, operation: Operation, step: ClaimStep): State | null {
  const answer = operation.answer as Claim;
  switch (answer.kind) {
    case 'mismatch':
      return isOthers(state, step) && !isFor(state, step) ? state : null;
    case 'completed': {
      const isSame = state.kind === 'completed' && state.result === answer.result;
      return isSame && isFor(state, step) ? state : null;
    }
    case 'in-progress':
      return isRefused(state, step) && operation.invokedAt - SLACK < state.endsBy ? state : null;
    case 'unknown':
      return isRefused(state, step) && isLeaseOver(state, operation) && !mayTake(state, step)
        ? state
        : null;
    case 'absent':
      return state.kind === 'absent' && step.fingerprint === null ? state : null;
    default:
      return null;
  }
}

function isGrant({ kind }: Claim): boolean {
  return kind === 'claimed' || kind === 'reconcile';
}

/** The record if the key is granted; null if it cannot be. */
function grantOf(state: State, operation: Operation, step: ClaimStep): InProgress | null {
  const { token, fingerprint, expired, lease } = step;
  const renewed = { token, ...leaseOf(operation, lease) };
  if (state.kind === 'absent') {
    if (fingerprint === null) return null;
    return {
      kind: 'in-progress',
      fingerprint,
      attempt: 1,
      reconciler: null,
      points: [],
      ...renewed,
    };
  }
  if (state.kind === 'completed') return null;
  if (state.token === token) return { ...state, ...renewed };
  const isFree = isFor(state, step) && isLeaseOver(state, operation);
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
  return state.kind === 'in-progress' && isOthers(state, step) && isFor(state, step);
}

/** Who does not know the fingerprint asks for whatever the record is for. */
function isFor(state: Exclude<State, { kind: 'absent' }>, { fingerprint }: ClaimStep): boolean {
  return fingerprint === null || state.fingerprint === fingerprint;
}

/** Whether it can have been over before the operation was. */
function isLeaseOver({ endsFrom }: InProgress, { returnedAt }: Operation): boolean {
  return returnedAt + SLACK >= endsFrom;
}

/** In the order in which they were first kept. */
function withPoint(points: readonly RecoveryPoint[], point: RecoveryPoint): RecoveryPoint[] {
  const isKnown = points.some(({ name }) => name === point.name);
  if (!isKnown) return [...points, point];
  return points.map((each) => (each.name === point.name ? point : each));
}

function leaseOf({ invokedAt, returnedAt }: Operation, lease: number) {
  return { endsFrom: invokedAt + lease, endsBy: returnedAt + lease };
}
