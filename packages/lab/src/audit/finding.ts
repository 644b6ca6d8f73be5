import type { Place } from '../spec/model.ts';

export type { Place } from '../spec/model.ts';

export type Severity = 'error' | 'warning' | 'info';

/** What a rule has found: what is wrong, why it matters, by how much, and what to do. */
export interface Finding {
  /** Stable, in kebab case: `timeout-inversion`. Its page is `docs/audit/<rule>.md`, which `holdfast explain` prints. */
  readonly rule: string;
  readonly severity: Severity;
  /** One sentence: what is wrong here, with names and numbers. */
  readonly message: string;
  /** Why it matters. */
  readonly why: string;
  /** What to change, as concretely as can be. */
  readonly fix: string;
  /** The service or edge. */
  readonly at: string;
  readonly place: Place;
  /** The number that it is about, for machines: worst-case requests, milliseconds short, ... */
  readonly value: number | null;
  /** The reason, if the spec accepts it. */
  readonly accepted: string | null;
}
