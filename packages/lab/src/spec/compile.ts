import type { CompiledDependency, CompiledFleet } from 'holdfast/spec';
import { dependenciesOf } from './dependencies.ts';
import type { Edge, Fleet } from './model.ts';

/**
 * What services run of a spec, as plain JSON: each one's dependencies and their options. Calls of
 * one service to another under the same policy are one dependency; under another policy they are
 * one of their own, `payments (2)`.
 */
export function compileSpec(fleet: Fleet): CompiledFleet {
  const services: Record<string, { dependencies: Record<string, CompiledDependency> }> = {};
  for (const { name, external, stages } of fleet.services.values()) {
    if (!external) setOwn(services, name, { dependencies: compiled(stages.flat()) });
  }
  return { holdfast: 1, services };
}

function compiled(calls: readonly Edge[]): Record<string, CompiledDependency> {
  const dependencies: Record<string, CompiledDependency> = {};
  for (const [{ id, from, options }] of dependenciesOf(calls)) {
    setOwn(dependencies, id.slice(`${from} > `.length), options);
  }
  return dependencies;
}

/** A service may be called `__proto__`. */
function setOwn<V>(object: Record<string, V>, key: string, value: V): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}
