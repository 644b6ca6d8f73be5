import { isPlainObject, parseTable, type Problems } from '../core/options.ts';
import { checkKinds } from '../core/kinds.ts';
import { BREAKER_KINDS, checkCooldowns } from '../policies/circuit-breaker/options.ts';
import { checkAnswers } from '../policies/fallback/options.ts';
import { BUDGET_KINDS } from '../policies/retry-budget/options.ts';
import { checkBackoff } from '../policies/retry/options.ts';
import {
  dependencyOptions,
  derivedBreakerOptions,
  overlay,
  type ParsedDependency,
  type PresetName,
  PRESETS,
} from './options.ts';
import { preset } from './presets.ts';

/** Parses a dependency's options, with every default filled in. What is wrong with them is added to `problems`. */
export function complete(given: unknown, path: string, problems: Problems): ParsedDependency {
  const wanted = isPlainObject(given) ? withDefaults(given) : given;
  const options = parseTable(dependencyOptions, wanted, path, problems);
  const { breaker, fallback: instead, retry: again } = options;
  if (breaker) checkCooldowns(breaker, `${path}.breaker`, problems);
  checkOwnKinds(given, options, path, problems);
  if (instead) checkAnswers(instead, `${path}.fallback`, problems);
  // If `retry` is no object of options, nothing of it was parsed.
  if (again?.backoff) {
    checkBackoff(
      again.backoff,
      partOf(given, 'retry', 'backoff'),
      `${path}.retry.backoff`,
      problems,
    );
  }
  return options;
}

/** Adds a problem for each option that the user gave for another kind than the one in effect. */
function checkOwnKinds(
  given: unknown,
  { breaker, retry: again }: ParsedDependency,
  path: string,
  problems: Problems,
): void {
  if (breaker?.kind) {
    const own = partOf(given, 'breaker');
    checkKinds(own, breaker.kind, BREAKER_KINDS, `${path}.breaker`, problems);
  }
  if (again?.budget?.kind) {
    const own = partOf(given, 'retry', 'budget');
    checkKinds(own, again.budget.kind, BUDGET_KINDS, `${path}.retry.budget`, problems);
  }
}

function partOf(given: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce((part, key) => (isPlainObject(part) ? part[key] : undefined), given);
}

/** The user's options, over those of the preset, those of the protocol, and those that follow from others. */
function withDefaults(given: Record<string, unknown>): Record<string, unknown> {
  const name = given['preset'] as PresetName;
  const chosen = PRESETS.includes(name) ? preset(name) : {};
  const wanted = overlay(chosen as Record<string, unknown>, given);
  const limits = preset(wanted['protocol'] === 'http' ? 'http' : 'rpc');
  const all = overlay(limits as Record<string, unknown>, wanted);
  return overlay(derivedBreakerOptions(all), all);
}
