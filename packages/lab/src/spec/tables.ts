import type { GivenRecord } from './descriptors.ts';
import { listOf, mapOf, orNull, record, required, span, text } from './descriptors.ts';
import { faults } from './faults.ts';
import { LANES } from './lanes.ts';
import { load, users } from './load-tables.ts';
import { policiesByName, policyOptions } from './policies.ts';
import { services } from './services.ts';

/**
 * What `holdfast.yaml` may hold: one table, from which validation, the types, the JSON Schema and
 * the reference page are derived.
 */

/** One expectation; a wrong one is told once. */
const expectation = { ...text({ what: 'An expectation' }), instead: '' };

/** A scenario: load and faults over time, and what must hold. */
export const scenarioTable = {
  about: text({ what: 'What the scenario shows, for the report', default: '' }),
  duration: span({ what: 'How long it runs, in virtual time', default: '1m', min: 1 }),
  warmUp: span({ what: 'How long nothing is measured at the beginning', default: '0ms' }),
  load,
  faults,
  expect: listOf(expectation, {
    what: 'What must hold, or the run fails: `<measure> [at <service or users>] [before | during the fault | after] <= | >= | = <bound>`, `recovers within <time>`, `not metastable`',
    max: 1000,
  }),
};

/** A finding of the audit that somebody has looked at. */
export const acceptTable = {
  rule: required(text({ what: "The rule's id" }), ''),
  at: orNull(text({ what: 'The service, users or edge (`web > checkout`); left out: everywhere' })),
  because: required(text({ what: 'The reason, for those who come later' }), ''),
};

/** The whole file. */
export const specTable = {
  $schema: orNull(text({ what: 'The JSON Schema, for editors' })),
  name: text({ what: 'The name of the fleet', default: 'fleet' }),
  policies: policiesByName({ what: 'Named policies, in exactly the options of `dependency()`' }),
  services,
  users,
  lanes: mapOf(policyOptions({ what: 'Options', laid: true }), {
    what: 'Options laid over those of every edge with a policy, to compare: `holdfast` (nothing) and `naive` are there by themselves',
    max: 20,
    reserved: [...LANES.keys()],
  }),
  scenarios: mapOf(record(scenarioTable, { what: 'A scenario' }), {
    what: 'What may happen',
    max: 100,
  }),
  accept: listOf(record(acceptTable, { what: 'A finding' }), {
    what: 'Findings of the audit that are accepted',
    max: 1000,
  }),
};

/** The same as one part, to parse a file with. */
export const specPart = record(specTable, { what: "A fleet's spec" });

/** What users write in `holdfast.yaml`. */
export type SpecData = GivenRecord<typeof specTable>;
