/**
 * A fleet's spec as plain data. `dependencyOptions` and what builds tables of options are here as
 * well, for tools that read and write specs.
 */
export {
  type CompiledDependency,
  type CompiledFleet,
  type CompiledService,
  type DependencyCode,
  fleetFrom,
  type SpecFleet,
  type SpecService,
} from './fleet.ts';
export { type DependencyData, type EffectivePolicy, effectivePolicy } from './policy.ts';
export {
  dependencyOptions,
  durationOrOff,
  overlay,
  PRESETS,
  type PresetName,
} from '../client/options.ts';
export { heardBy } from '../client/dependency.ts';
export { fitted } from '../client/fitted.ts';
export { dependencySchema } from '../client/schema.ts';
export { settleAttempt } from '../core/attempt.ts';
export { formatDuration, milliseconds } from '../core/duration.ts';
export { likeliest } from '../core/likeliest.ts';
export { CRITICALITIES } from '../core/operation.ts';
export { allowance } from '../policies/deadline/state.ts';
export {
  type Descriptor,
  duration,
  flag,
  integer,
  isPlainObject,
  number,
  oneOf,
  type OptionsOf,
  type ParsedOf,
  parseTable,
  Problems,
  type Table,
  tableSchema,
  unknownOption,
} from '../core/options.ts';
