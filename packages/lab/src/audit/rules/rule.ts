import { formatDuration, milliseconds } from 'holdfast/spec';

import type { Sharing } from '../../spec/dependencies.ts';
import { callsOf } from '../../spec/edges.ts';
import type { Edge, Fleet, Service, SpecPath } from '../../spec/model.ts';
import { isRecord } from '../../spec/problems.ts';
import { processesOf } from '../edges.ts';
import type { Finding, Place, Severity } from '../finding.ts';
import type { EdgeNumbers } from '../graph.ts';
import type { Layer } from '../layers.ts';
import type { Load } from '../load.ts';

/** One thing that the audit looks for. Its page is `docs/audit/<id>.md`. */
export interface Rule {
  /** Stable, in kebab case. */
  readonly id: string;
  readonly severity: Severity;
  /** What it looks for: a phrase without the final full stop. */
  readonly looksFor: string;
  /** Why that matters, in a sentence or two. */
  readonly why: string;
  /** For which capacities it takes the lab's defaults: what follows from these alone is only to know. See `byStated`. */
  readonly counts?: 'time' | 'workers and time';
  readonly check: (audited: Audited) => Iterable<Fault>;
}

/** All that a rule may look at. */
export interface Audited {
  readonly fleet: Fleet;
  /** As `edgesOf` has them. */
  readonly edges: readonly Edge[];
  /** The edges that lead to a service; looked up, so that a rule may ask for every service of a large fleet. */
  readonly callsTo: (service: string) => readonly Edge[];
  /** The same edges as `sharingsOf` has them: in lists of those that share a breaker, a budget and a bulkhead. */
  readonly sharings: readonly Sharing[];
  /** The one that an edge is in. */
  readonly sharingOf: (edge: Edge) => Sharing;
  /** Those that lead to a service. */
  readonly sharingsTo: (service: string) => readonly Sharing[];
  readonly load: Load;
  /** Milliseconds that a service usually takes to answer; see `usualTimes`. */
  readonly usualTimeOf: (service: string) => number;
  /** A service whose time nobody states: this one, or one that it calls; null if all are stated. */
  readonly unstatedTimeOf: (service: string) => string | null;
  /** The same without the defaults for capacities, see `withoutDefaults`; null where it is that itself. */
  readonly certain: Audited | null;
  /** The layers of an edge, from the outermost to the innermost; the library's first. */
  readonly layersOf: (edge: Edge) => readonly Layer[];
  readonly numbersOf: (edge: Edge) => EdgeNumbers;
  /** What was found already, as the files of meshes and gRPC were read. */
  readonly read: readonly Finding[];
  readonly placeOf: (path: SpecPath) => Place;
}

/** What a rule has found in one place; the rest of the finding is the rule's. */
export interface Fault {
  /** The service or edge. */
  readonly at: string;
  readonly place: Place;
  readonly message: string;
  readonly fix: string;
  readonly value: number | null;
  /** Given where a case is more or less serious than the rule as a whole. */
  readonly severity?: Severity;
}

/** The part of a fault that differs from edge to edge, or from service to service. */
export interface Said extends Pick<Fault, 'message' | 'fix' | 'value' | 'severity'> {
  /**
   * The options that it is about, of the edge's policy or of the service: `retry.backoff.jitter`. The
   * fault is then at the first of them that is written.
   */
  readonly options?: readonly string[];
  /** Where a file of a mesh or of gRPC says it; without it the fault is where the spec speaks of the edge. */
  readonly place?: Place;
}

/** A check that looks at every edge by itself, users' included. */
export function eachEdge(
  look: (edge: Edge, audited: Audited) => Said | null,
): (audited: Audited) => Iterable<Fault> {
  return (audited) => overEdges(audited.edges, look, audited);
}

/** A check that looks at every call of one service to another by itself. */
export function eachCall(
  look: (edge: Edge, audited: Audited, caller: Service) => Said | null,
): (audited: Audited) => Iterable<Fault> {
  return (audited) =>
    [...audited.fleet.services.values()].flatMap((caller) =>
      overEdges(callsOf(caller), (edge) => look(edge, audited, caller), audited),
    );
}

/**
 * A check that looks at every dependency by itself, of users (`caller` is then null) and services:
 * what is wrong with a breaker or a bulkhead is said once, at the first of the edges that share it.
 */
export function eachDependency(
  look: (edges: Sharing, audited: Audited, caller: Service | null) => Said | null,
): (audited: Audited) => Iterable<Fault> {
  return (audited) =>
    audited.sharings.flatMap((edges) => {
      const [first] = edges;
      const caller = audited.fleet.services.get(first.from) ?? null;
      return overEdges([first], () => look(edges, audited, caller), audited);
    });
}

/** A check that looks at every service by itself. */
export function eachService(
  look: (service: Service, audited: Audited) => Said | null,
): (audited: Audited) => Iterable<Fault> {
  return (audited) =>
    [...audited.fleet.services.values()].flatMap((service) => {
      const said = look(service, audited);
      if (said === null) return [];
      const { options = [], ...fault } = said;
      const [keys = []] = options.map((option) => option.split('.'));
      // What is not written is looked for in vain, and the nearest thing around it found.
      const place = audited.placeOf([...service.path, ...keys]);
      return [{ ...fault, at: service.name, place }];
    });
}

/** How long somebody waits for the answer to one attempt, in milliseconds: users no longer than their patience lasts. */
export function waitOf(edge: Edge, { fleet, numbersOf }: Audited): number {
  const patience = fleet.users.get(edge.from)?.patience ?? Infinity;
  return Math.min(numbersOf(edge).window ?? Infinity, patience);
}

function overEdges(
  edges: readonly Edge[],
  look: (edge: Edge, audited: Audited) => Said | null,
  audited: Audited,
): readonly Fault[] {
  return edges.flatMap((edge) => {
    const said = look(edge, audited);
    if (said === null) return [];
    const { options = [], place, ...fault } = said;
    // It is about the edge's policy, and so is its fix.
    const isOfPolicy = options.length > 0 && place === undefined;
    return [
      {
        ...fault,
        fix: isOfPolicy ? fault.fix + alike(edge, audited) : fault.fix,
        at: edge.id,
        place: place ?? audited.placeOf(pathOf(edge, options)),
      },
    ];
  });
}

/** What else must be changed with an edge's policy, where it is stated more than once. */
function alike(edge: Edge, { sharingOf }: Audited): string {
  const others = sharingOf(edge).filter(
    (other) => other !== edge && (edge.policyName === null || other.policyName !== edge.policyName),
  );
  if (others.length === 0) return '';
  return ` Do the same for ${namesOf(others)}: calls under one policy share a breaker, a budget and a bulkhead.`;
}

/** The path of the first of these options that is written in the edge's policy, wherever that is; else the edge's. */
function pathOf(edge: Edge, options: readonly string[]): SpecPath {
  const { path, policyName, options: policy } = edge;
  const stated = policyName === null ? [...path, 'policy'] : ['policies', policyName];
  const written = options
    .map((option) => option.split('.'))
    .find((keys) => isWritten(policy, keys));
  return written === undefined ? path : [...stated, ...written];
}

function isWritten(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  return isRecord(value) && Object.hasOwn(value, key) && isWritten(value[key], rest);
}

/**
 * A duration for messages and fixes, right to the millisecond: two of them are compared there, and
 * whoever writes one into a spec must be rid of the finding.
 */
export function ms(duration: number): string {
  if (duration === Infinity) return 'for ever';
  const short = formatDuration(duration);
  const isRight = Math.abs(milliseconds(short) - duration) < 0.5;
  return isRight ? short : `${Math.round(duration) / 1000}s`;
}

/** Two durations for messages that compare them: with as many digits as it takes to see which is longer. */
export function durations(a: number, b: number): readonly [string, string] {
  return apart(a, b, (duration, digits) =>
    digits === FEW ? ms(duration) : `${withDigits(duration, digits)}ms`,
  );
}

/** A duration to have at least. */
export function atLeast(duration: number): string {
  return ms(Math.ceil(duration));
}

/** So many are said by name; a large fleet may have thousands in one place. */
const NAMED = 3;

/** `each of 4 replicas`: who has a breaker and a bulkhead for an edge, one each; see `processesOf`. */
export function eachProcess(edge: Edge, fleet: Fleet): string {
  const processes = processesOf(edge, fleet);
  const users = fleet.users.get(edge.from);
  if (users === undefined)
    return processes === 1 ? 'the one replica' : `each of ${processes} replicas`;
  if (users.arrivals.kind !== 'closed') return `the gateway of ${edge.from}`;
  return processes === 1 ? 'the one client' : `each of ${processes} clients`;
}

/** Edges for messages. */
export function namesOf(edges: readonly Edge[]): string {
  return firstOf(edges.map(({ id }) => id)).join(' and ');
}

/** The first few of these, and how many more there are. */
export function firstOf(texts: readonly string[]): readonly string[] {
  const more = texts.length - NAMED;
  return more > 0 ? [...texts.slice(0, NAMED), `${more} more`] : texts;
}

/** `library 3`, or `grpc 3 at once` of what hedges; for messages. */
export function layerText({ kind, maxAttempts, hedges }: Layer): string {
  return `${kind} ${maxAttempts}${hedges ? ' at once' : ''}`;
}

/** For messages: three significant digits, and all that are before the point. */
export function amount(value: number): string {
  return withDigits(value, FEW);
}

/** Two amounts for messages that compare them: with as many digits as it takes to see which is more. */
export function amounts(a: number, b: number): readonly [string, string] {
  return apart(a, b, withDigits);
}

const FEW = 3;
/** More than these a number does not have. */
const ALL = 17;

function apart(
  a: number,
  b: number,
  written: (value: number, digits: number) => string,
): readonly [string, string] {
  for (let digits = FEW; digits < ALL; digits += 1) {
    const texts = [written(a, digits), written(b, digits)] as const;
    if (a === b || texts[0] !== texts[1]) return texts;
  }
  return [written(a, ALL), written(b, ALL)];
}

function withDigits(value: number, digits: number): string {
  const before = value < 1 ? 0 : Math.floor(Math.log10(value)) + 1;
  return String(Number(value.toPrecision(Math.min(Math.max(digits, before), ALL))));
}
