import type { ClientName, StoreName } from './links/link.ts';
import type { Defect } from './protocol.ts';

export const MODES = ['leased', 'takeover', 'transactional'] as const;
export type Mode = (typeof MODES)[number];

/** What is to be done to which store, and how much of it. */
export interface Plan {
  readonly store: StoreName;
  readonly client: ClientName;
  readonly mode: Mode;
  readonly seed: number;
  /** How often an owner is killed by `kill -9`. */
  readonly rounds: number;
  /** Keys that are asked for by many callers at once. */
  readonly keys: number;
  /** Callers of each of these keys. */
  readonly callers: number;
  /**
   * Milliseconds of a lease, short so that hundreds of them can run out. Much longer than any of these processes is kept
   * waiting for the machine: whoever hears nothing of an owner for so long takes it for dead.
   */
  readonly lease: number;
  /** How long an outage lasts, in milliseconds. */
  readonly outage: number;
  /** Keys whose histories are recorded. */
  readonly histories: number;
  /** What is wrong on purpose: for tests, which must see the judges find it. */
  readonly defect: Defect | null;
  /** Tells a person how far it has come. */
  readonly progress: (line: string) => void;
}

/** The engine's default for a step of the store, in milliseconds. */
export const STORE_TIMEOUT = 1000;
/** How long after a lease a key must have been answered, in milliseconds. */
export const GRACE = 1000;
