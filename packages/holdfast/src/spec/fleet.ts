import { type Dependency, dependency } from '../client/dependency.ts';
import type { HttpAnswer } from '../client/http.ts';
import type { DependencyOptions } from '../client/options.ts';
import { likeliest } from '../core/likeliest.ts';
import { isPlainObject, Problems, show } from '../core/options.ts';
import type { Classifier } from '../core/outcome.ts';
import { checkRuntime, type Runtime } from '../runtime/runtime.ts';
import { type DependencyData, effectivePolicy } from './policy.ts';

/** A fleet's spec as `holdfast compile` writes it. */
export interface CompiledFleet {
  /** The version of this form. */
  readonly holdfast: 1;
  readonly services: Readonly<Record<string, CompiledService>>;
}

/** What one service calls. */
export interface CompiledService {
  readonly dependencies: Readonly<Record<string, CompiledDependency>>;
}

/** The options of one dependency. */
export type CompiledDependency = DependencyData;

/** Options that a file cannot hold: they are given where a dependency is made. */
export type DependencyCode<F = never> = Pick<DependencyOptions<F>, 'fallback' | 'onEvent'>;

/** The services of a fleet, by name. */
export interface SpecFleet {
  /**
   * What this service calls; the same object each time.
   *
   * @throws RangeError for a service that the spec does not have.
   */
  service(name: string): SpecService;
}

/** One service of a fleet: what it calls, as the spec protects it. */
export interface SpecService {
  readonly name: string;
  /** The names of its dependencies, as `dependency` takes them. */
  readonly dependencies: readonly string[];
  /**
   * A dependency, made when it is first asked for; later the same object, whatever is given.
   *
   * A callee that is called under several policies has a dependency for each. The first has the
   * callee's name, `payments`; the others have the name that reports give to their edge,
   * `payments (2)`. A call by the wrong one runs under the wrong policy: `dependencies` names them all.
   *
   * @throws RangeError for a dependency that the service does not have.
   * @throws TypeError without `classify` where the spec has neither a `protocol` nor `retry: false`,
   * for another `protocol` than the spec's, and for options that belong in the spec.
   */
  dependency<In, F = never>(
    name: string,
    code: DependencyCode<F> & { readonly classify: Classifier<In> },
  ): Dependency<In, F>;
  /** For a dependency with `protocol: grpc` in the spec: this tells the compiler so. */
  dependency<F = never>(
    name: string,
    code: DependencyCode<F> & { readonly protocol: 'grpc' },
  ): Dependency<unknown, F>;
  /** For a dependency with `protocol: http` in the spec, which brings the classifier. */
  dependency<F = never>(name: string, code?: DependencyCode<F>): Dependency<HttpAnswer, F>;
  // All of them as one: the compiler's errors are about the last overload, and so are `Parameters` and `ReturnType`.
  dependency<In = unknown, F = never>(
    name: string,
    code?: DependencyCode<F> & {
      readonly classify?: Classifier<In> | undefined;
      readonly protocol?: 'grpc' | undefined;
    },
  ): Dependency<In, F>;
}

/**
 * The dependencies of a fleet's services, from what `holdfast compile` wrote:
 *
 * ```ts
 * const checkout = fleetFrom(JSON.parse(readFileSync('fleet.json', 'utf8'))).service('checkout');
 * const payments = checkout.dependency('payments');
 * ```
 *
 * @throws TypeError with all that is wrong with the data.
 */
export function fleetFrom(data: unknown, runtime?: Runtime): SpecFleet {
  if (runtime !== undefined) checkRuntime(runtime, 'fleetFrom');
  const services = parse(data);
  const made = new Map<string, SpecService>();
  return {
    service(name) {
      const dependencies = known(services, name, 'service', 'fleet.service');
      const before = made.get(name);
      if (before !== undefined) return before;
      const service = new Service(name, dependencies, runtime) as unknown as SpecService;
      made.set(name, service);
      return service;
    },
  };
}

type Options = Readonly<Record<string, unknown>>;

class Service {
  readonly name: string;
  readonly #options: ReadonlyMap<string, Options>;
  readonly #runtime: Runtime | undefined;
  readonly #made = new Map<string, Dependency<never, unknown>>();

  constructor(name: string, options: ReadonlyMap<string, Options>, runtime: Runtime | undefined) {
    this.name = name;
    this.#options = options;
    this.#runtime = runtime;
  }

  get dependencies(): readonly string[] {
    return [...this.#options.keys()];
  }

  dependency(name: string, given?: unknown): Dependency<never, unknown> {
    const options = known(this.#options, name, 'dependency', `service('${this.name}').dependency`);
    const before = this.#made.get(name);
    if (before !== undefined) return before;
    const code = codeOf(given, `dependency('${name}')`);
    const { protocol = options['protocol'] } = code;
    if (protocol !== options['protocol']) {
      const { protocol: stated = 'none' } = options;
      const expected =
        stated === 'none' ? 'left out, as in the spec' : `the spec's ${show(stated)}`;
      throw new TypeError(
        `dependency('${name}').protocol must be ${expected}, got ${show(protocol)}`,
      );
    }
    // Its overloads cannot see what a file says, so `dependency` itself says what is missing or wrong.
    const whole = { ...options, ...code } as { readonly retry: false };
    const one = dependency<unknown>(name, whole, this.#runtime) as Dependency<never, unknown>;
    this.#made.set(name, one);
    return one;
  }
}

const CODE: readonly string[] = ['classify', 'fallback', 'onEvent', 'protocol'];

/** What code gives. Undefined counts as left out, as in all options: it takes nothing from the spec. */
function codeOf(given: unknown, path: string): Options {
  const problems = new Problems();
  const code = Object.entries(members(given ?? {}, path, problems));
  for (const [key] of code.filter(([name]) => !CODE.includes(name))) {
    problems.other(`${path}.${key} belongs in the spec: code gives ${CODE.join(', ')}`);
  }
  problems.throwAny();
  return Object.fromEntries(code.filter(([, value]) => value !== undefined));
}

function known<V>(all: ReadonlyMap<string, V>, name: string, noun: string, path: string): V {
  const value = all.get(name);
  if (value !== undefined) return value;
  const names = [...all.keys()];
  const hint = names.length === 0 ? 'there is none' : likeliest(String(name), names);
  const list = hint.startsWith('did you') ? `${hint} Known are ${names.join(', ')}` : hint;
  throw new RangeError(`${path}: the spec has no ${noun} ${show(name)}; ${list}`);
}

function parse(data: unknown): ReadonlyMap<string, ReadonlyMap<string, Options>> {
  const problems = new Problems();
  const { holdfast: version, services } = members(data, 'fleet', problems);
  if (version !== 1) problems.type('fleet.holdfast', '1: what `holdfast compile` writes', version);
  const parsed = new Map<string, ReadonlyMap<string, Options>>();
  for (const [name, service] of Object.entries(members(services, 'fleet.services', problems))) {
    const path = `fleet.services.${name}`;
    const { dependencies } = members(service, path, problems);
    const inner = `${path}.dependencies`;
    const all = Object.entries(members(dependencies, inner, problems));
    for (const [to, options] of all) effectivePolicy(options ?? null, `${inner}.${to}`, problems);
    parsed.set(name, new Map(all as [string, Options][]));
  }
  problems.throwAny();
  return parsed;
}

function members(value: unknown, path: string, problems: Problems): Options {
  if (isPlainObject(value)) return value;
  problems.type(path, 'an object', value);
  return {};
}
