import type { Fleet } from '../spec/model.ts';
import { isRecord } from '../spec/problems.ts';
import type { Finding, Place } from './finding.ts';
import { isWildcard } from './host-forms.ts';
import type { ServiceNames } from './istio-hosts.ts';
import { checkDurationOrNone, limited, NO_LIMIT, noPool, readPool } from './istio-pools.ts';
import type { Resource } from './istio-resources.ts';
import { DURATION } from './istio-retries.ts';
import { type Field, goDuration } from './k8s-fields.ts';
import type { Pool } from './layers.ts';
import { elsewhere, meshFinding, unmatched } from './mesh-findings.ts';

/** What DestinationRules say of the connections to one service. */
export interface Destination {
  /** Extra load that a retry budget allows in the long run; Infinity without one. */
  readonly extraShare: number;
  /** Retries at once that the budget allows one sidecar in any case; Infinity when that is no bound, 0 without a budget. */
  readonly minRetries: number;
  /** Retries at once to the whole service, from one sidecar; Infinity when nobody bounds them. */
  readonly maxRetries: number;
  /** Of the service, of its subsets, and of ports with settings of their own: Envoy has a pool for each of these. */
  readonly pools: readonly Pool[];
  readonly place: Place;
}

/** A DestinationRule, for whom it is and for whose callers. */
interface Rule {
  /** A service, or a host by its whole name; or a wildcard. */
  readonly host: string;
  readonly namespace: string | null;
  /** @param caller the namespace of sidecars; null for a gateway. */
  readonly isFor: (caller: string | null) => boolean;
  readonly destination: Destination;
}

type Budget = Pick<Destination, 'extraShare' | 'minRetries'>;

/** As documented; releases before istio/istio#59505 (March 2026) make 0.2 of a percentage that is left out, which allows less. */
const BUDGET_PERCENT = 20;
/** Retries at once that a budget allows each sidecar, however few requests are at work. */
const BUDGET_MINIMUM = 3;
const MAX_EJECTION_PERCENT = 10;

/**
 * What a retry budget of so many percent lets through in the long run, as a share. It bounds the
 * *concurrent* retries to a share of all requests at work, the retries themselves among them: of r
 * retries on n requests r <= share x (n + r), so that the load may reach 1 / (1 - share).
 */
export function budgetShare(percent: number): number {
  return percent >= 100 ? Infinity : 1 / (1 - percent / 100) - 1;
}

/**
 * DestinationRules for services, and for hosts that a service's routes lead to. A wildcard's is for each of
 * the fleet's own services that it covers, if that has no rule of its own in the same namespace.
 */
export class Destinations {
  readonly #fleet: Fleet;
  readonly #names: ServiceNames;
  readonly #findings: Finding[];
  readonly #targets: ReadonlySet<string>;
  readonly #rules: Rule[] = [];

  /** @param targets where the routes of services lead, see `Route`. */
  constructor(
    fleet: Fleet,
    names: ServiceNames,
    findings: Finding[],
    targets: ReadonlySet<string>,
  ) {
    this.#fleet = fleet;
    this.#names = names;
    this.#findings = findings;
    this.#targets = targets;
  }

  /**
   * What holds for requests from these callers to these targets, at least one of each: the worst of all. Null if
   * for one of the ways there is no rule.
   */
  of(targets: readonly string[], callers: readonly (string | null)[]): Destination | null {
    const all = targets.flatMap((target) => callers.map((caller) => this.#at(target, caller)));
    if (all.some((found) => found.length === 0)) return null;
    return all.flat().reduce(worse);
  }

  /**
   * All pools that requests of one caller may go through: each target has its own, even if one rule is for several.
   * None if for one of the targets there is no rule, and no bound.
   */
  poolsOf(targets: readonly string[], caller: string | null): readonly Pool[] {
    const all = targets.map((target) => this.#at(target, caller));
    if (all.some((found) => found.length === 0)) return [];
    return all.flat().flatMap(({ pools }) => pools);
  }

  /**
   * What rules say of requests of one caller to one target. Istio looks in up to three namespaces, and stops at the
   * first that has a rule: there the target's own counts, or else that of the longest wildcard.
   */
  #at(target: string, caller: string | null): readonly Destination[] {
    const isOutside = this.#fleet.services.get(target)?.external === true;
    const rules = this.#rules.filter(
      ({ host, isFor }) =>
        isFor(caller) &&
        (host === target || (!isOutside && isWildcard(host) && this.#names.covers(host, target))),
    );
    for (const step of [0, 1, 2]) {
      const found = rules.filter(
        ({ namespace }) => this.#names.lookUpOf(namespace, target, caller) === step,
      );
      const own = found.filter(({ host }) => host === target);
      const longest = Math.max(...found.map(({ host }) => host.length));
      const counting = own.length > 0 ? own : found.filter(({ host }) => host.length === longest);
      if (counting.length > 0) return counting.map(({ destination }) => destination);
    }
    return [];
  }

  /** The `spec` of a DestinationRule. Of several for one service the worst counts. */
  add(spec: Field, resource: Resource): void {
    const { namespace } = resource;
    if (!spec.isObject(SPEC)) return;
    const host = spec.at('host');
    const text = host.text();
    if (text === null) {
      if (!host.given) host.wrong('a string');
      return;
    }
    const service = this.#names.serviceOf(text, namespace);
    const destination = this.#read(spec, service);
    const wildcard = isWildcard(text) && this.#names.coversAny(text);
    const target = this.#names.targetOf({ text, namespace });
    const isTarget = service !== null || (!isWildcard(text) && this.#targets.has(target));
    if (!isTarget && !wildcard) {
      const said = { text, namespace, place: host.place };
      this.#findings.push(unmatched('DestinationRule', said, this.#names));
      return;
    }
    if (!this.#names.isExported(resource) || !this.#names.isLookedFor(namespace, target)) {
      const at = service ?? text;
      this.#findings.push(elsewhere(resource, { at, place: host.place }, this.#names));
      return;
    }
    const isFor = this.#isFor(spec.at('workloadSelector'), resource);
    this.#rules.push({ host: isTarget ? target : text, namespace, isFor, destination });
  }

  /** A selector without labels selects everybody in its rule's own namespace. */
  #isFor(selector: Field, resource: Resource): Rule['isFor'] {
    if (!selector.isObject(['matchLabels']) && !selector.given)
      return (caller) => caller === null || this.#names.isExportedTo(resource, caller);
    const { value: labels } = selector.at('matchLabels');
    // It bounds some callers only, and no spec says which: the others go without.
    if (!isRecord(selector.value) || (isRecord(labels) && Object.keys(labels).length > 0))
      return () => false;
    return (caller) => caller === (resource.namespace ?? this.#names.home);
  }

  /** Subsets inherit what they do not state; requests may go to any, so the worst of them counts. */
  #read(spec: Field, service: string | null): Destination {
    const general = this.#readPolicy(spec.at('trafficPolicy'), service, {
      extraShare: Infinity,
      minRetries: 0,
      maxRetries: Infinity,
      pools: [noPool(spec)],
      place: spec.place,
    });
    const subsets = spec
      .at('subsets')
      .items()
      .map((subset) => {
        subset.isObject(SUBSET);
        return this.#readPolicy(subset.at('trafficPolicy'), service, general);
      });
    return worstOf([general, ...subsets]);
  }

  #readPolicy(policy: Field, service: string | null, general: Destination): Destination {
    if (!policy.isObject(POLICY)) return general;
    this.#checkOutliers(policy.at('outlierDetection'), service);
    const read = readPool(policy.at('connectionPool'));
    const own: Destination = {
      ...(this.#readBudget(policy.at('retryBudget'), service) ?? budgetOf(general)),
      maxRetries: read?.maxRetries ?? general.maxRetries,
      pools: read === null ? general.pools : [read.pool],
      place: policy.place,
    };
    const ports = policy
      .at('portLevelSettings')
      .items()
      .map((port) => this.#readPort(port, service, general));
    return worstOf([own, ...ports]);
  }

  /** A port with settings of its own has none of its policy's, the budget included. */
  #readPort(port: Field, service: string | null, general: Destination): Destination {
    port.isObject(PORT);
    this.#checkOutliers(port.at('outlierDetection'), service);
    const read = readPool(port.at('connectionPool'));
    const { maxRetries = Infinity, pool = noPool(port) } = read ?? {};
    return { ...budgetOf(general), maxRetries, pools: [pool], place: port.place };
  }

  #readBudget(budget: Field, service: string | null): Budget | null {
    if (!budget.isObject(BUDGET)) return null;
    // 0 counts as not stated.
    const least = budget.at('minRetryConcurrency').integer(0, NO_LIMIT) || BUDGET_MINIMUM;
    checkDurationOrNone(budget.at('budgetInterval'));
    const field = budget.at('percent');
    const percent = field.number('a number from 0 to 100', (value) => value >= 0 && value <= 100);
    if (percent !== null && percent > 0 && percent < 1) {
      this.#findings.push(
        meshFinding('invalid-mesh-config', {
          severity: 'warning',
          message: `The retryBudget of ${service ?? 'a DestinationRule'} is ${percent} %, which allows next to no retry`,
          fix: `Percent goes from 0 to 100: write ${Number((percent * 100).toPrecision(12))} if you mean that share.`,
          at: service ?? 'a DestinationRule',
          place: field.place,
          value: percent,
        }),
      );
    }
    return {
      extraShare: budgetShare(percent ?? BUDGET_PERCENT),
      minRetries: limited(least),
    };
  }

  #checkOutliers(outliers: Field, service: string | null): void {
    if (!outliers.isObject(OUTLIERS)) return;
    const field = outliers.at('maxEjectionPercent');
    const stated = field.integer(0, 100);
    // Istio cannot tell 0 from what is not set.
    const percent = stated === null || stated === 0 ? MAX_EJECTION_PERCENT : stated;
    for (const key of ['interval', 'baseEjectionTime']) {
      outliers.at(key).duration(DURATION, goDuration);
    }
    for (const key of ERRORS) outliers.at(key).integer(0, NO_LIMIT);
    outliers.at('minHealthPercent').integer(0, 100);
    const replicas = this.#fleet.services.get(service ?? '')?.replicas ?? 1;
    // With one replica there is nothing else to send to; nobody should want it ejected.
    if (replicas === 1 || Math.floor((replicas * percent) / 100) > 0) return;
    const unset = stated === 0 ? ', for which 0 stands' : ', the default';
    const given = percent === stated ? '' : unset;
    this.#findings.push(
      meshFinding('outlier-ejection-too-small', {
        message: `Outlier detection of ${service} may eject ${percent} %${given}, of ${replicas} replicas, which is less than one`,
        fix: `Set maxEjectionPercent to at least ${Math.ceil(100 / replicas)}, which is one of ${replicas}.`,
        at: service!,
        place: field.given ? field.place : outliers.place,
        value: percent,
      }),
    );
  }
}

const SPEC = ['host', 'trafficPolicy', 'subsets', 'exportTo', 'workloadSelector'];
const POLICY = [
  'loadBalancer',
  'connectionPool',
  'outlierDetection',
  'tls',
  'portLevelSettings',
  'tunnel',
  'proxyProtocol',
  'retryBudget',
];
const SUBSET = ['name', 'labels', 'trafficPolicy'];
const PORT = ['port', 'loadBalancer', 'connectionPool', 'outlierDetection', 'tls'];
const BUDGET = ['percent', 'minRetryConcurrency', 'budgetInterval'];
const ERRORS = [
  'consecutiveErrors',
  'consecutiveLocalOriginFailures',
  'consecutiveGatewayErrors',
  'consecutive5xxErrors',
];
const OUTLIERS = [
  ...ERRORS,
  'splitExternalLocalOriginErrors',
  'interval',
  'baseEjectionTime',
  'maxEjectionPercent',
  'minHealthPercent',
];
function budgetOf({ extraShare, minRetries }: Destination): Budget {
  return { extraShare, minRetries };
}

/** The worst of these, with the pools of all. */
function worstOf(all: readonly [Destination, ...Destination[]]): Destination {
  return { ...all.reduce(worse), pools: all.flatMap(({ pools }) => pools) };
}

function worse(a: Destination, b: Destination): Destination {
  if (a.extraShare > b.extraShare) return a;
  if (a.extraShare < b.extraShare) return b;
  if (a.minRetries !== b.minRetries) return a.minRetries > b.minRetries ? a : b;
  return a.maxRetries > b.maxRetries ? a : b;
}
