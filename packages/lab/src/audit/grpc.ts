/*
 * A gRPC service config as layers of the audit (gRFC A6, and the service config's own document).
 *
 * What differs from a mesh: `maxAttempts` counts the first attempt and is at most 5; a method has a
 * retryPolicy or a hedgingPolicy, never both; retryThrottling holds for all methods of a server.
 */
import { edgesOf } from '../spec/edges.ts';
import type { Edge, Fleet } from '../spec/model.ts';
import { isRecord } from '../spec/problems.ts';
import type { Finding, Place } from './finding.ts';
import { type MethodConfig, readMethods } from './grpc-methods.ts';
import { serviceOf } from './grpc-names.ts';
import { fromNote, meshFinding } from './mesh-findings.ts';
import { documentsIn, type Note, type SourceDocument, startOf } from './k8s-documents.ts';
import { Field } from './k8s-fields.ts';
import { readText } from './k8s-files.ts';
import type { Layer, LayersRead } from './layers.ts';

/**
 * What gRPC channels that are given this service config do between the services of a fleet.
 *
 * - An entry of `methodConfig` holds for the services that its names are; the one with an empty name
 *   for those that no other names, except over edges whose policy says `protocol: http`.
 * - Several entries for one service (for its methods) count with the worst: the most attempts.
 * - An entry that is not valid has no layer. gRPC would refuse the whole file, which is a finding.
 *
 * @throws Error if the file cannot be read.
 */
export async function readGrpc(file: string, fleet: Fleet): Promise<LayersRead> {
  const notes: Note[] = [];
  const findings: Finding[] = [];
  const document = await readJson(file, notes);
  const layers = document === null ? [] : layersOf(document, fleet, notes, findings);
  // A file with no field of gRPC's is the wrong one, or misspelt as a whole: then unknown fields are errors.
  const isKnown = document === null || ROOT.some((key) => Field.of(document, []).at(key).given);
  const told = isKnown ? notes : notes.map(({ place, message }) => ({ place, message }));
  findings.unshift(...told.map((note) => fromNote('grpc-invalid', file, note)));
  return { layers, findings };
}

async function readJson(file: string, notes: Note[]): Promise<SourceDocument | null> {
  const text = await readText(file);
  if (text.startsWith('\uFEFF')) {
    const message = `${file} is not JSON: it begins with a byte order mark, which one does not see`;
    notes.push({ place: startOf(file), message });
    return null;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) {
      notes.push({ place: startOf(file), message: noList(value) });
      return null;
    }
  } catch (error) {
    notes.push({
      place: startOf(file),
      // The parser's words quote the file, with its line breaks.
      message: `${file} is not JSON: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`,
    });
    return null;
  }
  // JSON is YAML, and that parser knows where each value stands.
  const read = documentsIn(text, file);
  notes.push(...read.notes);
  const [document = null] = read.documents;
  if (document === null && read.notes.length === 0) {
    notes.push({ place: startOf(file), message: `${file} must be an object, got null` });
  }
  return document;
}

/** Whose items the reader of documents would take for as many configs. */
function noList(items: readonly unknown[]): string {
  const message = 'the document must be an object, got an array';
  return items.some((item) => isRecord(item) && 'serviceConfig' in item)
    ? `${message} of choices, as a DNS record has them: give the audit the serviceConfig of one`
    : message;
}

function layersOf(
  document: SourceDocument,
  fleet: Fleet,
  notes: Note[],
  findings: Finding[],
): readonly Layer[] {
  const root = Field.of(document, notes);
  if (!root.isObject(ROOT)) return [];
  const extraShare = readThrottling(root.at('retryThrottling'));
  const methods = readMethods(root.at('methodConfig'), fleet, findings);
  const configs = byService(methods, fleet, findings);
  return edgesOf(fleet).flatMap((edge) => {
    const all = configsOf(edge, configs, fleet);
    const hedging = worstMethod(all.filter(({ hedges }) => hedges));
    if (hedging !== null && !edge.idempotent && !edge.keyed) {
      findings.push(notRepeatable(edge, hedging));
    }
    const worst = worstMethod(all);
    return worst === null ? [] : [layerOf(edge, worst, all, extraShare)];
  });
}

const ROOT = [
  'loadBalancingPolicy',
  'loadBalancingConfig',
  'methodConfig',
  'retryThrottling',
  'healthCheckConfig',
];

/**
 * The entries for each service of the fleet; under null, those for every service that no entry names,
 * which also hold for the other methods of a service of which only some are named.
 */
function byService(
  configs: readonly MethodConfig[],
  fleet: Fleet,
  findings: Finding[],
): ReadonlyMap<string | null, readonly MethodConfig[]> {
  const found = new Map<string | null, MethodConfig[]>();
  const whole = new Set<string | null>();
  const told = new Set<string>();
  for (const config of configs) {
    for (const { name, oneMethod, place } of config.services) {
      const service = name === null ? null : serviceOf(name, fleet);
      if (service === null && name !== null) {
        // A config may name each method of a service: that the spec has no such service is said once.
        if (!told.has(name)) findings.push(unmatched(name, place));
        told.add(name);
        continue;
      }
      found.set(service, [...(found.get(service) ?? []), config]);
      if (!oneMethod) whole.add(service);
    }
  }
  const forAll = found.get(null) ?? [];
  for (const [service, own] of found) if (!whole.has(service)) own.push(...forAll);
  return found;
}

/** The entries that calls of an edge may have. Users do not call over channels of ours. */
function configsOf(
  edge: Edge,
  configs: ReadonlyMap<string | null, readonly MethodConfig[]>,
  fleet: Fleet,
): readonly MethodConfig[] {
  if (!fleet.services.has(edge.from)) return [];
  const own = configs.get(edge.to);
  if (own !== undefined) return own;
  return edge.options.protocol === 'http' ? [] : (configs.get(null) ?? []);
}

/** The entry with the most attempts, then with the longest timeout; null of none. */
function worstMethod(configs: readonly MethodConfig[]): MethodConfig | null {
  const [worst] = configs.toSorted(
    (a, b) => b.maxAttempts - a.maxAttempts || (a.timeout > b.timeout ? -1 : 1),
  );
  return worst ?? null;
}

function layerOf(
  edge: Edge,
  config: MethodConfig,
  all: readonly MethodConfig[],
  extraShare: number,
): Layer {
  const { maxAttempts, timeout, hedges, backoff, retryOn, place } = config;
  return {
    kind: 'grpc',
    from: edge.from,
    to: edge.to,
    edge: edge.id,
    ways: all.map((one) => ({ ...one, implicit: false })),
    isLimited: all.every((one) => one.timeout < Infinity),
    maxAttempts,
    // gRPC has no limit for one attempt: the call's deadline is all there is.
    perTry: timeout,
    timeout,
    hedges,
    backoff,
    extraShare: maxAttempts === 1 ? 0 : extraShare,
    earnedBySuccess: extraShare < Infinity,
    concurrentFloor: 0,
    pools: [],
    retryOn,
    implicit: false,
    place,
  };
}

/**
 * Extra load in the long run: a failure takes a token, a success gives `tokenRatio` of one, and
 * nothing is retried with half of them gone. So failures, and with them retries, are at most
 * `tokenRatio` for each success. Infinity without throttling.
 */
function readThrottling(throttling: Field): number {
  if (!throttling.isObject(['maxTokens', 'tokenRatio'])) return Infinity;
  const tokens = throttling.at('maxTokens');
  const ratio = throttling.at('tokenRatio');
  for (const field of [tokens, ratio]) if (!field.given) field.note('is missing');
  tokens.integer(1, 1000);
  const given = ratio.number(
    'a number of at least 0.001 (three decimals are kept)',
    (value) => value >= 0.001 && value < Infinity,
  );
  return given === null ? Infinity : Math.floor(given * 1000 + 1e-9) / 1000;
}

function notRepeatable(edge: Edge, config: MethodConfig): Finding {
  return meshFinding('grpc-hedging-not-repeatable', {
    message: `gRPC sends up to ${config.maxAttempts} copies of a call from ${edge.from} to ${edge.to}, which is neither idempotent nor keyed`,
    fix: 'Hedge only methods that may be repeated; use a retryPolicy for the others, or send an idempotency key, say `keyed: true` in the spec, and have the callee remember keys.',
    at: edge.id,
    place: config.place,
    value: config.maxAttempts,
  });
}

function unmatched(name: string, place: Place): Finding {
  return meshFinding('mesh-name-unmatched', {
    message: `The gRPC service ${JSON.stringify(name)} matches no service of the spec`,
    fix: 'Correct the name, or add the service to the spec: its name there is the last part of this one, with or without `Service` and a namespace behind it.',
    at: name,
    place,
  });
}
