import {
  type DependencyData,
  dependencyOptions,
  dependencySchema,
  type Descriptor,
  type EffectivePolicy,
  effectivePolicy,
  fitted,
  Problems,
  type Table,
} from 'holdfast/spec';
import { mapOf, notKnown } from './descriptors.ts';
import { isRecord, reading } from './problems.ts';
import type { Schema } from './combinations.ts';

/** What `none` means: one attempt under its timeout, and nothing else. */
export const NO_POLICY: DependencyData = {
  retry: false,
  breaker: false,
  bulkhead: false,
  deadline: false,
};

/**
 * Options of `dependency()`, checked, and kept as they are written.
 *
 * @param about.laid they are laid over others, which may say of which kind a policy is: so what only
 *   some kinds look at may stand alone.
 */
export function policyOptions(about: {
  readonly what: string;
  readonly laid?: true;
}): Descriptor<DependencyData, DependencyData> {
  const range = 'options of dependency()';
  return {
    kind: 'policy',
    what: about.what,
    default: undefined,
    range,
    schema: { $ref: about.laid ? '#/$defs/laid' : '#/$defs/policy' },
    parse: (given, path, problems) => {
      const before = reading(problems).count;
      if (given === undefined) return {};
      if (!isRecord(given)) problems.type(path, range, given);
      else {
        const data = withoutCode(given, dependencyOptions, path, problems);
        effectivePolicy(about.laid ? fitted(data) : data, path, problems);
      }
      return reading(problems).count === before ? (given as DependencyData) : {};
    },
  };
}

/** Code that is given where a dependency is made, and only there. */
const GIVEN_IN_CODE: ReadonlySet<string> = new Set(['classify', 'onEvent', 'run', 'keyOf']);

/** Tells of what JSON cannot hold: code, in whose place what is checked has a function, and endless numbers. */
function withoutCode(
  given: Readonly<Record<string, unknown>>,
  table: Table,
  path: string,
  problems: Problems,
): Readonly<Record<string, unknown>> {
  const checked = Object.entries(given).map(([key, value]) => {
    const inner = `${path}.${key}`;
    const { kind, table: own } = (Object.hasOwn(table, key) && table[key]) || {};
    if (own !== undefined && isRecord(value)) {
      return [key, withoutCode(value, own, inner, problems)];
    }
    if (kind === 'value' && holdsNoJson(value)) {
      problems.other(`${inner} must be JSON, which has no .inf and no .nan`);
    }
    // A fleet that is made in code may have functions, but for those that the lab itself gives.
    const isOwn = typeof value === 'function' && table !== dependencyOptions;
    if (kind !== 'callback' || value === undefined || isOwn) return [key, value];
    const instead = GIVEN_IN_CODE.has(key) ? ': set it where the dependency is made' : '';
    problems.other(`${inner} is code, which a spec cannot have${instead}`);
    return [key, () => undefined];
  });
  return Object.fromEntries(checked) as Record<string, unknown>;
}

/** Whether a number is in it of which JSON makes null. */
function holdsNoJson(value: unknown): boolean {
  // What is added on the way is walked as well, and nothing twice.
  const all = new Set([value]);
  for (const one of all) {
    if (typeof one === 'number' && !Number.isFinite(one)) return true;
    if (!Array.isArray(one) && !isRecord(one)) continue;
    for (const inner of Object.values(one)) all.add(inner);
  }
  return false;
}

/** Its JSON Schemas, for `$defs`. */
export function policySchemas(): Readonly<Record<'policy' | 'laid', Schema>> {
  return { policy: dependencySchema(), laid: dependencySchema({ laid: true }) };
}

/** An edge's policy: a name of `policies`, options, or `none`. */
export function policy(about: {
  readonly what: string;
  readonly default?: 'none';
}): Descriptor<DependencyData | string, string | DependencyData> {
  const own = policyOptions(about);
  const range = "the name of a policy, options of dependency(), or 'none'";
  return {
    ...own,
    default: about.default,
    range,
    schema: { anyOf: [own.schema, { type: 'string' }] },
    parse: (given, path, problems) => {
      if (given === undefined) return about.default ?? {};
      if (isRecord(given)) return own.parse(given, path, problems);
      const known = ['none', ...reading(problems).names.policies];
      if (typeof given !== 'string') problems.type(path, range, given);
      else if (!known.includes(given)) problems.other(`${path} ${notKnown(given, range, known)}`);
      else return given;
      return {};
    },
  };
}

/** Named sets of options. */
export function policiesByName(about: { readonly what: string }) {
  return mapOf(policyOptions({ what: 'One set of options' }), {
    ...about,
    max: 1000,
    reserved: ['none'],
  });
}

/** What an edge comes to: its options, their name, and what they mean in full. */
export interface Resolved {
  readonly policyName: string | null;
  /** It said `none`. */
  readonly bare: boolean;
  readonly options: DependencyData;
  readonly policy: EffectivePolicy;
}

/** Looks a policy up; it has been checked. */
export function resolvePolicy(
  stated: string | DependencyData,
  named: ReadonlyMap<string, DependencyData>,
  lone: DependencyData = NO_POLICY,
): Resolved {
  const name = typeof stated === 'string' && stated !== 'none' ? stated : null;
  const options = optionsOf(stated, named, lone);
  const whole = effectivePolicy(options, 'policy', new Problems());
  return { policyName: name, bare: stated === 'none', options, policy: whole };
}

function optionsOf(
  stated: string | DependencyData,
  named: ReadonlyMap<string, DependencyData>,
  lone: DependencyData,
): DependencyData {
  if (typeof stated !== 'string') return stated;
  return stated === 'none' ? lone : (named.get(stated) ?? {});
}
