import { likeliest } from 'holdfast/spec';
import { edgesOf } from '../spec/edges.ts';
import { checkFleet } from '../spec/fleet.ts';
import type { Accepted, Edge, Fleet, SpecPath } from '../spec/model.ts';
import { sharingsOf } from './edges.ts';
import type { Finding, Place, Severity } from './finding.ts';
import { callGraph, type EdgeNumbers, layersOf, type NodeNumbers, type Totals } from './graph.ts';
import { MESH_RULES } from './mesh-findings.ts';
import type { Layer } from './layers.ts';
import { libraryLayers } from './library-layer.ts';
import { loadOf } from './load.ts';
import { byStated } from './rules/by-stated.ts';
import type { Audited, Rule } from './rules/rule.ts';
import { ACCEPT_WITHOUT_FINDING, RULES } from './rules/table.ts';
import { unstatedTimes, withoutDefaults } from './unstated.ts';
import { usualTimes } from './usual-times.ts';

/** What an audit comes to; plain JSON. */
export interface AuditReport {
  readonly fleet: string;
  /** The serious ones first, then by place; what the spec accepts is among them, with its reason. */
  readonly findings: readonly Finding[];
  readonly edges: readonly EdgeNumbers[];
  readonly nodes: readonly NodeNumbers[];
  readonly total: Totals;
}

export interface AuditOptions {
  /** What meshes and gRPC do between callers and callees, beside the library's own layers. */
  readonly layers?: readonly Layer[];
  /** What was found as their files were read. */
  readonly findings?: readonly Finding[];
  /** Where in its file the spec says something. */
  readonly placeOf: (path: SpecPath) => Place;
}

/**
 * Lays all layers on one call graph, and looks for everything that the rules know.
 *
 * @throws TypeError for what is no fleet, and for options without `placeOf`.
 */
export function audit(fleet: Fleet, options: AuditOptions): AuditReport {
  checkFleet(fleet, 'audit');
  if (typeof (options as Partial<AuditOptions> | undefined)?.placeOf !== 'function') {
    throw new TypeError(
      "audit: the second argument must be { placeOf }, as loadFleet()'s answer has it",
    );
  }
  const { placeOf, findings: read = [] } = options;
  const sharings = sharingsOf(fleet);
  const byEdge = layersOf(libraryLayers(fleet, sharings, placeOf), options.layers ?? []);
  const graph = callGraph(fleet, byEdge);
  const edges = edgesOf(fleet);
  const numbers = new Map(edges.map((edge, i) => [edge, graph.edges[i]]));
  const byCallee = Map.groupBy(edges, ({ to }) => to);
  const sharingByEdge = new Map(
    sharings.flatMap((sharing) => sharing.map((edge) => [edge, sharing] as const)),
  );
  const sharingsByCallee = Map.groupBy(sharings, ([{ to }]) => to);
  const layersFor = (edge: Edge): readonly Layer[] => byEdge.get(edge) ?? [];
  const unstated = unstatedTimes(fleet);
  const counted = {
    edges,
    callsTo: (service) => byCallee.get(service) ?? [],
    sharings,
    sharingOf: (edge) => sharingByEdge.get(edge) ?? [edge],
    sharingsTo: (service) => sharingsByCallee.get(service) ?? [],
    unstatedTimeOf: (service) => unstated.get(service) ?? null,
    layersOf: layersFor,
    numbersOf: (edge) => numbers.get(edge) as EdgeNumbers,
    read,
    placeOf,
  } satisfies Partial<Audited>;
  const certain = { ...counted, ...timesOf(withoutDefaults(fleet), counted), certain: null };
  const audited: Audited = { ...counted, ...timesOf(fleet, counted), certain };
  const found = [...RULES.flatMap((rule) => findings(rule, audited)), ...read];
  const entries = fleet.accepted.map((one, i) => ({ ...one, place: placeOf(['accept', i]) }));
  // An entry that accepts nothing is a finding as well, which another entry may accept.
  const ordinary = entries.filter((entry) => !isOfVain(entry));
  const vain = inVain(ordinary, found);
  const judged = [...found, ...vain].map((finding) => ({
    ...finding,
    accepted: reason(fleet.accepted, finding),
  }));
  return {
    fleet: fleet.name,
    findings: [...judged, ...inVain(entries.filter(isOfVain), vain)].toSorted(bySeverityAndPlace),
    edges: graph.edges,
    nodes: graph.nodes,
    total: graph.total,
  };
}

function findings(rule: Rule, audited: Audited): readonly Finding[] {
  const { id, why } = rule;
  return Array.from(byStated(rule, audited), (fault) => ({
    rule: id,
    severity: fault.severity ?? rule.severity,
    message: fault.message,
    why,
    fix: fault.fix,
    at: fault.at,
    place: fault.place,
    value: fault.value,
    accepted: null,
  }));
}

/** What is counted with the workers and service times of a fleet. */
function timesOf(
  fleet: Fleet,
  { layersOf: layersFor, numbersOf }: Pick<Audited, 'layersOf' | 'numbersOf'>,
): Pick<Audited, 'fleet' | 'load' | 'usualTimeOf'> {
  const usual = usualTimes(fleet, layersFor);
  const load = loadOf(fleet, (edge) => numbersOf(edge).window ?? Infinity);
  return { fleet, load, usualTimeOf: (service) => usual.get(service) ?? 0 };
}

function matches({ rule, at }: Accepted, finding: Finding): boolean {
  return rule === finding.rule && (at === null || at === finding.at);
}

function reason(accepted: readonly Accepted[], finding: Finding): string | null {
  return accepted.find((one) => matches(one, finding))?.because ?? finding.accepted;
}

interface Entry extends Accepted {
  readonly place: Place;
}

/** Whether an entry accepts that another one accepts nothing. */
function isOfVain({ rule }: Entry): boolean {
  return rule === ACCEPT_WITHOUT_FINDING.id;
}

/** One finding for each entry that accepts none of what was found. */
function inVain(entries: readonly Entry[], found: readonly Finding[]): readonly Finding[] {
  const { id, severity, why } = ACCEPT_WITHOUT_FINDING;
  const vain = entries.filter((entry) => !found.some((finding) => matches(entry, finding)));
  return vain.map(({ rule, at, place }) => {
    const where = at === null ? 'anywhere' : `at ${at}`;
    return {
      rule: id,
      severity,
      message: KNOWN.includes(rule)
        ? `${rule} finds nothing ${where}, so there is nothing to accept`
        : unknownRule(rule),
      why,
      fix: 'Remove the entry, or correct its rule or place.',
      at: at ?? rule,
      place,
      value: null,
      accepted: null,
    };
  });
}

const KNOWN: readonly string[] = [
  ...new Set([...RULES, ACCEPT_WITHOUT_FINDING, ...MESH_RULES].map(({ id }) => id)),
];

function unknownRule(rule: string): string {
  return `There is no rule ${JSON.stringify(rule)}, so there is nothing to accept; ${likeliest(rule, KNOWN)}`;
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

function bySeverityAndPlace(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    compare(a.place.file, b.place.file) ||
    a.place.line - b.place.line ||
    a.place.column - b.place.column ||
    compare(a.rule, b.rule) ||
    compare(a.at, b.at)
  );
}

/** By code units: the same order on every machine, whatever its language. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
