import { formatDuration } from 'holdfast/spec';

import type { Edge, Fleet, Service, SpecPath } from '../../spec/model.ts';
import { callsOf, edgesOf } from '../edges.ts';
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
  readonly check: (audited: Audited) => Iterable<Fault>;
}

/** All that a rule may look at. */
export interface Audited {
  readonly fleet: Fleet;
  readonly load: Load;
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
  /** Where a case is more or less serious than the rule as a whole. */
  readonly severity?: Severity;
}

/** The part of a fault that differs from edge to edge. */
export type Said = Pick<Fault, 'message' | 'fix' | 'value' | 'severity'>;

/** A check that looks at every edge by itself, users' included. */
export function eachEdge(
  look: (edge: Edge, audited: Audited) => Said | null,
): (audited: Audited) => Iterable<Fault> {
  return (audited) => overEdges(edgesOf(audited.fleet), look, audited);
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

/** A check that looks at every service by itself. */
export function eachService(
  look: (service: Service, audited: Audited) => Said | null,
): (audited: Audited) => Iterable<Fault> {
  return (audited) =>
    [...audited.fleet.services.values()].flatMap((service) => {
      const said = look(service, audited);
      if (said === null) return [];
      return [{ ...said, at: service.name, place: audited.placeOf(service.path) }];
    });
}

function overEdges(
  edges: readonly Edge[],
  look: (edge: Edge, audited: Audited) => Said | null,
  audited: Audited,
): readonly Fault[] {
  return edges.flatMap((edge) => {
    const said = look(edge, audited);
    return said === null ? [] : [{ ...said, at: edge.id, place: audited.placeOf(edge.path) }];
  });
}

/** A duration for messages. */
export function ms(duration: number): string {
  return duration === Infinity ? 'no limit' : formatDuration(duration);
}

/** For messages: at most three significant digits. */
export function amount(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
