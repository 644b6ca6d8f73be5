import { isPlainObject, parseTable, type Problems } from '../core/options.ts';
import { checkCooldowns } from '../policies/circuit-breaker/options.ts';
import { checkAnswers } from '../policies/fallback/options.ts';
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

/** A dependency's options with every default, parsed. What is wrong with them is added to `problems`. */
export function complete(given: unknown, path: string, problems: Problems): ParsedDependency {
  const wanted = isPlainObject(given) ? withDefaults(given) : given;
  const options = parseTable(dependencyOptions, wanted, path, problems);
  const { breaker, fallback: instead, retry: again } = options;
  if (breaker) checkCooldowns(breaker, `${path}.breaker`, problems);
  if (instead) checkAnswers(instead, `${path}.fallback`, problems);
  // Of a retry that is no options at all, nothing was parsed.
  if (again?.backoff) checkBackoff(again.backoff, `${path}.retry.backoff`, problems);
  return options;
}

/** The user's options over those of the preset, of the protocol, and what follows from them. */
function withDefaults(given: Record<string, unknown>): Record<string, unknown> {
  const name = given['preset'] as PresetName;
  const chosen = PRESETS.includes(name) ? preset(name) : {};
  const wanted = overlay(chosen as Record<string, unknown>, given);
  const limits = preset(wanted['protocol'] === 'http' ? 'http' : 'rpc');
  const all = overlay(limits as Record<string, unknown>, wanted);
  return overlay(derivedBreakerOptions(all), all);
}
