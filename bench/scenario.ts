/** What one process measured: by metric and candidate, one number a round. */
export type Samples = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** Figures of one metric, before anything is measured. */
export function noFigures(names: readonly string[]): Record<string, number[]> {
  return Object.fromEntries(names.map((name) => [name, []]));
}

/** One way to do the job of a scenario. */
export interface Candidate {
  /** `limit`, `ours` or the peer's name, and its variant: `cockatiel, cooperative`. */
  readonly name: string;
  /** One call, from asking to having the answer. */
  readonly run: () => unknown;
  /** Every call is refused, and the caller catches that. */
  readonly throws?: boolean;
}

/** What a scenario promises: the figure of a candidate, or its ratio to another's, is bounded. */
export interface Goal {
  readonly name: string;
  readonly metric: string;
  readonly of: string;
  /** The candidate that it is a ratio to, round by round; without one the figure itself is bounded. */
  readonly per?: string;
  readonly bound: number;
  /** The bound is a least, not a most. */
  readonly atLeast?: boolean;
}

/** A line of the table of promises, with what it takes to measure it. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** The metrics in the order of the table's columns, with their units. */
  readonly metrics: Readonly<Record<string, string>>;
  /** The candidate that the others are shown as ratios to. Default `limit`. */
  readonly base?: string;
  readonly goals: readonly Goal[];
  /** What a reader must know: what was left out and why, how a candidate was set up. */
  readonly notes?: readonly string[];
  /** What is timed call by call, and weighed where `bytes` is a metric. A scenario has these, or `measure`. */
  readonly candidates?: () => readonly Candidate[] | Promise<readonly Candidate[]>;
  /** Measures by itself what is no single call: what stays behind, bursts, whole runs. */
  readonly measure?: (job: Job) => Promise<Samples>;
  /** Candidates with processes of their own: what they leave behind, timers or garbage, would tax the others. */
  readonly alone?: readonly string[];
  /** Whether the young generation is left as Node has it, since the figures are to be those of production. */
  readonly usualHeap?: boolean;
  /** How many processes measure it, one after another. Default 3. */
  readonly processes?: number;
}

/** What one process is asked to do. */
export interface Job {
  readonly scenario: string;
  readonly what: 'time' | 'bytes' | 'measure';
  readonly seed: number;
  /** Leave the peers out. */
  readonly oursOnly: boolean;
  /** Only this candidate; null for all that may share a process. */
  readonly alone: string | null;
}

/** Whether a candidate is measured in the process that does this job. */
export function isWanted(name: string, job: Job, { alone = [] }: Pick<Scenario, 'alone'>): boolean {
  if (job.alone !== null) return name === job.alone;
  return !alone.includes(name) && (isOurs(name) || !job.oursOnly);
}

/** Whether a candidate is no peer, but Holdfast, the bare call, or a minimum or fused policy written by hand. */
export function isOurs(name: string): boolean {
  return /^(bare|limit|minimum|fused|ours)\b/.test(name);
}
