/**
 * Writes `docs/reference/spec.md` from the tables that check `holdfast.yaml`. A test says when it is
 * stale.
 *
 * `npm run reference`
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Descriptor, Table } from '../packages/holdfast/src/core/options.ts';
import { distributionForms } from '../packages/lab/src/spec/distribution.ts';
import { MEASURES, PLACES, UNIT_RANGES } from '../packages/lab/src/spec/expectation.ts';
import { faultTables } from '../packages/lab/src/spec/faults.ts';
import { arrivalsTable, pieceTable, usersTable } from '../packages/lab/src/spec/load-tables.ts';
import {
  cacheTable,
  callTable,
  idempotencyTable,
  queueTable,
  serviceTable,
  shutdownTable,
  togetherTable,
} from '../packages/lab/src/spec/services.ts';
import { SpecProblems } from '../packages/lab/src/spec/problems.ts';
import { acceptTable, scenarioTable, specTable } from '../packages/lab/src/spec/tables.ts';
import { code, inWords, markdownTable } from './reference.ts';

type Part = Descriptor<unknown, unknown>;

/** Each table, in the order of the page: its heading, and a word about it. */
const SECTIONS: readonly (readonly [heading: string, about: string, table: Table])[] = [
  ['Services', 'By name, under `services`.', serviceTable],
  [
    'Calls',
    'A list, under `services.<name>.calls`; one after another. Calls cannot go in a circle.',
    callTable,
  ],
  ['Calls at once', 'In place of a call in that list.', togetherTable],
  ['Queue', 'Under `services.<name>.queue`.', queueTable],
  ['Cache', 'Under `services.<name>.cache`; none unless given.', cacheTable],
  [
    'Idempotency',
    'Under `services.<name>.idempotency`; none unless given. The keys and defaults are those of `idempotency()`, as [the guide](../guides/idempotency.md) explains them; one store for all replicas, which never fails and costs no time.\n\n' +
      'A keyed request claims its key when work on it begins, and its effect happens at the end of that. Repeats queue like other requests; then they hold a worker for as long as they wait, and no longer. A success and a final error are replayed, an overload gives the key back, and after any other failure or a crash nobody knows what has happened.',
    idempotencyTable,
  ],
  ['Shutdown', 'Under `services.<name>.shutdown`.', shutdownTable],
  [
    'Users',
    'By name, under `users`. One of `rate`, `clients` and `trace` is needed; `clients` with `think: 0ms` are serial: each asks again as soon as it is answered.\n\n' +
      'The file of a `trace` has one moment a line, in order, and may have a header. A moment is an offset from the start of the scenario (`1500`, `1.5s`) or a time (`2026-03-02T09:00:00.250Z`, UTC if it does not say where), and then the first is the start. Of several columns the first counts.',
    usersTable,
  ],
  [
    'Rate over time',
    'A list, as `rate`, in place of a number; before the first piece nobody comes.',
    pieceTable,
  ],
  ['Scenarios', 'By name, under `scenarios`.', scenarioTable],
  ['Load', "By the users' name, under `scenarios.<name>.load`.", arrivalsTable],
  ['Accepted findings', 'A list, under `accept`.', acceptTable],
];

/** The heading whose table says more about an option, where its range does not. */
const SEE: Readonly<Record<string, string>> = {
  policies: 'options.md#dependency',
  lanes: 'options.md#dependency',
  services: '#services',
  users: '#users',
  scenarios: '#scenarios',
  accept: '#accepted-findings',
  calls: '#calls',
  together: '#calls',
  queue: '#queue',
  cache: '#cache',
  idempotency: '#idempotency',
  shutdown: '#shutdown',
  load: '#load',
  faults: '#faults',
  expect: '#expectations',
};

/** `docs/reference/spec.md`, whole. */
export function specPage(): string {
  return `# The spec: holdfast.yaml

Every key of \`holdfast.yaml\`, the one file, YAML or JSON, that states a fleet. Written by \`npm run reference\` from the tables in the code that also check the spec.

\`holdfast init\` writes one to start from, with comments; [the guide](../guides/lab.md#one-spec) has a short one.
All that is wrong with it is said at once, with file, line, column and path; a key that does not exist is wrong too.
A duration is a number of milliseconds, or a plain decimal with its unit: \`250ms\`, \`5s\`, \`1.5m\`, \`1h\`, \`7d\`.
Names are letters, digits, \`_\`, \`-\` and \`.\`, at most 63.

## The file

${rowsOf(specTable)}
An edge is named \`caller > callee\`; a second one of the same two is \`caller > callee (2)\`.
A lane is laid over the options of every edge: nested options are merged, everything else is replaced, and what only another \`kind\` looks at is left out. An edge with \`policy: none\`, as users have unless they state another, stays as it is.
The lane \`naive\` makes four attempts at once, without a wait, budget, breaker, bulkhead or deadline, on those as well, and sends no keys: what is \`keyed\` is repeated all the same.

${SECTIONS.map(([heading, about, table]) => `## ${heading}\n\n${about}\n\n${rowsOf(table)}`).join('\n')}
## Distributions

A length of time that is drawn each time. A plain duration is constant; these are the others, by their first key.

${Object.entries(distributionForms).map(formOf).join('\n')}
## Faults

A list, under \`scenarios.<name>.faults\`. The first key says what happens, and names the service that it happens to; a partition is between two groups.

${Object.entries(faultTables).map(formOf).join('\n')}
## Expectations

A list, under \`scenarios.<name>.expect\`:

\`<measure> [at <service or users>] [before | during the fault | after] <= | >= | = <bound>\`

\`recovers within 10s\` is \`recovery <= 10s\`, and \`not metastable\` is \`metastable = 0\`. Both are of the whole run, and take no phase. What had no end when the run was over, an answer or a recovery, took longer than that: an expectation that it was quicker does not hold. One of which there was nothing to measure, or of longer times than the run could show, cannot be evaluated.

${markdownTable(
  ['measure', 'what it means', 'at', 'bound'],
  Object.entries(MEASURES).map(([name, [unit, at, what]]) => [
    code(name),
    what,
    at.map((kind) => PLACES[kind]).join(' or '),
    UNIT_RANGES[unit],
  ]),
)}`;
}

function formOf([name, table]: [name: string, table: Table]): string {
  const items = table[name]!.table;
  const each = items === undefined ? '' : `\nEach of them:\n\n${rowsOf(items)}`;
  return `### \`${name}\`\n\n${rowsOf(table)}${each}`;
}

function rowsOf(table: Table): string {
  const rows = Object.entries(table).map(([name, part]) => [
    code(name),
    part.what.replaceAll('|', String.raw`\|`),
    accepted(name, part),
    byDefault(part),
  ]);
  return markdownTable(['key', 'what it means', 'accepted', 'default'], rows);
}

function accepted(name: string, part: Part): string {
  const page = SEE[name];
  if (page !== undefined && COMPOSED.has(part.kind)) return `[${NOUNS[part.kind]}](${page})`;
  if (part.kind === 'distribution') return 'a duration, or a [distribution](#distributions)';
  if (part.kind === 'policy') {
    return "a policy's name, [options](options.md#dependency), or `none`";
  }
  return inWords(part.range).replace(/a list of \{ at, .*?\}/, '[a list](#rate-over-time)');
}

const COMPOSED: ReadonlySet<string> = new Set(['options', 'list', 'map']);
const NOUNS: Readonly<Record<string, string>> = {
  options: 'options',
  list: 'a list',
  map: 'by name',
};

function byDefault(part: Part): string {
  if ('required' in part) return 'required';
  const { default: value, kind } = part;
  if (value === undefined && kind === 'policy') return 'every default';
  if (kind === 'options' && part.parse(undefined, '', new SpecProblems({})) !== null)
    return 'its own';
  if (value === undefined || value === '') return 'none';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../docs/reference/spec.md'), specPage());
}
