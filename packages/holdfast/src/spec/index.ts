/**
 * A fleet's spec as plain data. `dependencyOptions` and what builds tables of options are here as
 * well, for tools that read and write specs.
 */
export { type DependencyData, type EffectivePolicy, effectivePolicy } from './policy.ts';
export { dependencyOptions, durationOrOff, PRESETS, type PresetName } from '../client/options.ts';
export { formatDuration, milliseconds } from '../core/duration.ts';
export { CRITICALITIES } from '../core/operation.ts';
export {
  type Descriptor,
  duration,
  flag,
  integer,
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
