import type { LinkOptions, Whereabouts } from './links/link.ts';
import type { RecordRequest } from './linearizable/history.ts';

/** Where a process may be killed: it stops there, or is in the middle of the step. */
export const BOUNDARIES = [
  'before claim',
  'during claim',
  'after claim',
  'during effect',
  'after effect',
  'before complete',
  'during complete',
  'after complete',
] as const;
export type Boundary = (typeof BOUNDARIES)[number];

/** Defects that are planted in tests, to see the judges find them; see `defects.ts`. */
export type Defect =
  | 'grants-twice'
  | 'accepts-late-writers'
  | 'forgets-results'
  | 'forgets-points'
  | 'takes-over-unasked'
  | 'keeps-dead-leases'
  | 'stays-down';

/**
 * How the engine deals with a key whose owner died: `refuse`; reconcile, by a hook that looks into the
 * ledger or one that is never sure; `takeover`; or records that commit with their effects.
 */
export type Policy = 'refuse' | 'look' | 'unsure' | 'takeover' | 'transactional';

/** What a worker is told at its start. */
export interface Setup extends Whereabouts, EngineSetup {
  readonly link: LinkOptions;
}

/** How the engines of a worker are set up. */
export interface EngineSetup {
  /** How long a lease runs, in milliseconds. */
  readonly lease: number;
  /** The most that a step of the store may take, in milliseconds. */
  readonly storeTimeout: number;
  readonly defect: Defect | null;
}

/** Asks for a key, again and again until it is answered: with the value, or that nobody knows. */
export interface Ask {
  readonly do: 'ask';
  readonly key: string;
  readonly policy: Policy;
  /** Milliseconds that the effect takes. */
  readonly effort: number;
  /** Milliseconds after which a caller gives up. */
  readonly patience: number;
  /** Where the worker stops and tells its parent, which then kills it. */
  readonly stopAt?: Boundary;
}

/** How a caller was answered. */
export interface Answered {
  readonly kind: 'value' | 'outcome-unknown' | 'gave-up';
  /** Equal for equal answers; of who gave up, the last refusal. */
  readonly value: string;
  /** Whether this caller had the effect. */
  readonly ran: boolean;
  /** How often `reconcile` has been called for this key in this process. */
  readonly reconciled: number;
  /** Refusals on the way, by their code. */
  readonly refusals: Readonly<Record<string, number>>;
}

export type Request = Ask | RecordRequest;

/** From parent to worker. */
export interface ToWorker {
  readonly id: number;
  readonly request: Request;
}

/** From worker to parent. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'at-boundary' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answered | null }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
