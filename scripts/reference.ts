/**
 * Writes what the documents derive from the code: `docs/reference/options.md` from the tables of
 * options, and the table of presets in `docs/policies/README.md`. A test says when one is stale.
 *
 * `npm run reference`
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  dependencyOptions,
  derivedBreakerOptions,
  overlay,
  type ParsedDependency,
  PRESETS,
  type PresetName,
} from '../packages/holdfast/src/client/options.ts';
import { fetchOptions } from '../packages/holdfast/src/client/fetch/options.ts';
import { preset } from '../packages/holdfast/src/client/presets.ts';
import { formatDuration } from '../packages/holdfast/src/core/duration.ts';
import { keyedOptions } from '../packages/holdfast/src/core/keyed.ts';
import {
  type Descriptor,
  parseOptions,
  type Table,
} from '../packages/holdfast/src/core/options.ts';
import { closeOptions, idempotencyOptions } from '../packages/holdfast/src/idempotency/options.ts';
import { bulkheadOptions } from '../packages/holdfast/src/policies/bulkhead/options.ts';
import { circuitBreakerOptions } from '../packages/holdfast/src/policies/circuit-breaker/options.ts';
import { deadlineOptions } from '../packages/holdfast/src/policies/deadline/options.ts';
import { fallbackOptions } from '../packages/holdfast/src/policies/fallback/options.ts';
import { retryBudgetOptions } from '../packages/holdfast/src/policies/retry-budget/options.ts';
import { retryOptions } from '../packages/holdfast/src/policies/retry/options.ts';
import { timeoutOptions } from '../packages/holdfast/src/policies/timeout/options.ts';
import { httpOptions } from '../packages/holdfast/src/server/idempotency/options.ts';
import { memoryStoreOptions } from '../packages/holdfast/src/stores/memory/memory.ts';
import { postgresOptions, tableOption } from '../packages/holdfast/src/stores/postgres/options.ts';
import { redisStoreOptions } from '../packages/holdfast/src/stores/redis/options.ts';
import { sqliteStoreOptions } from '../packages/holdfast/src/stores/sqlite/sqlite.ts';

type Option = Descriptor<unknown, unknown>;

/** Each factory that takes options, in the order of the page, with the page that explains it. */
export const TABLES: readonly (readonly [factory: string, page: string, table: Table])[] = [
  ['dependency', '../policies/README.md', dependencyOptions],
  ['timeout', '../policies/timeout.md', timeoutOptions],
  ['deadline', '../policies/deadline.md', deadlineOptions],
  ['retry', '../policies/retry.md', retryOptions],
  ['retryBudget', '../policies/retry-budget.md', retryBudgetOptions],
  ['circuitBreaker', '../policies/circuit-breaker.md', circuitBreakerOptions],
  ['bulkhead', '../policies/bulkhead.md', bulkheadOptions],
  ['fallback', '../policies/fallback.md', fallbackOptions],
  ['resilientFetch', '../guides/fetch.md', fetchOptions],
  ['idempotency', '../guides/idempotency.md', idempotencyOptions],
  ['idempotency.close', '../guides/idempotency.md#going-down', closeOptions],
  ['idempotent', '../guides/idempotency.md#http', httpOptions],
  ['memoryStore', '../guides/idempotency.md#stores', memoryStoreOptions],
  ['sqliteStore', '../guides/idempotency.md#stores', sqliteStoreOptions],
  ['redisStore', '../guides/idempotency.md#stores', redisStoreOptions],
  ['postgresStore', '../guides/idempotency.md#stores', postgresOptions],
  ['migrate', '../guides/idempotency.md#stores', tableOption],
  ['keyed', '../guides/own-policies.md#one-for-each-key', keyedOptions],
];

/** What a factory takes beside the options of its table. */
const BESIDE: Readonly<Record<string, string>> = {
  dependency: 'The name comes first: `dependency(name, options)`.',
  idempotency:
    "Beside these, `store` is required; `name`, by default `idempotency`, is that of its events and errors, and a part of every key's scope; `mode` is `leased`, the default, or `transactional`.",
  sqliteStore: 'Beside these, `path` is required: the file. A text alone is the path.',
  redisStore: 'The client comes first: `redisStore(client, options)`.',
  postgresStore: 'The client comes first: `postgresStore(pool, options)`.',
  migrate:
    'The client comes first: `migrate(pool, options)`. It is given the same table as the store.',
};

/** Options whose default only stands for an absent one: their types do not have it. */
const UNWRITTEN: ReadonlySet<string> = new Set(['dependency.preset', 'dependency.protocol']);

/** `docs/reference/options.md`, whole. */
export function optionsPage(): string {
  const http = effective('http');
  const sections = TABLES.map(([factory, page, table]) => section(factory, page, table));
  return `# Options

Every option of every factory: what it means, what is accepted, and its default. Written by \`npm run reference\` from the tables in the code that also check the options.

Options are plain data: they can be kept in a JSON file, functions aside, and are never changed by the library.
All that is wrong with them is said at once, in a \`TypeError\` or \`RangeError\` with each option's path, its range and what was given; a name that does not exist is wrong too.
A duration is a number of milliseconds, or a plain decimal with its unit: \`'250ms'\`, \`'5s'\`, \`'1.5m'\`, \`'1h'\`, \`'7d'\`. A moment, a number such as \`Date.now()\` gives, is refused: as a duration it would be half a century.

In \`dependency()\`, four defaults follow from others. With \`protocol: 'http'\`, \`timeout\` is ${code(formatDuration(http.timeout!))} and \`deadline\` ${code(formatDuration(http.deadline!))}. A call is slow after half the attempt timeout, and a probe's lease is the attempt timeout and one second: over HTTP, \`breaker.slowCallDuration\` is ${code(formatDuration(http.breaker!.slowCallDuration))} and \`breaker.probeLease\` ${code(formatDuration(http.breaker!.probeLease))}.
Its \`retry\` takes one option more, \`budget\`: [options](#retrybudget), or false.

${sections.join('\n')}`;
}

/** The table of presets, with what the defaults make of each. */
export function presetTable(): string {
  const sets = PRESETS.map((name) => effective(name));
  const rows = Object.entries(ROWS).map(([what, show]) => [what, ...sets.map(show)]);
  return markdownTable(['', ...PRESETS.map(code)], rows);
}

/** Puts the table of presets where a page has room for it. */
export function withPresets(page: string): string {
  return page.replace(
    /(?<=<!-- presets -->\n)[^]*(?=<!-- \/presets -->)/,
    () => `\n${presetTable()}\n`,
  );
}

const ROWS: Readonly<Record<string, (options: ParsedDependency) => string>> = {
  'attempt timeout': ({ timeout }) => formatDuration(timeout ?? Infinity),
  deadline: ({ deadline }) => formatDuration(deadline ?? Infinity),
  attempts: ({ retry }) => String(retry!.maxAttempts),
  'waits, before jitter': ({ retry }) =>
    `${formatDuration(retry!.backoff.base)} to ${formatDuration(retry!.backoff.max)}`,
  'retry budget': ({ retry }) => `${percent(retry!.budget!.ratio)} of successes`,
  'at once': ({ bulkhead }) => String(bulkhead!.maxConcurrent),
  queued: ({ bulkhead }) => grouped(String(bulkhead!.maxQueue)),
  'breaker opens at': ({ breaker }) =>
    `${percent(breaker!.failureRate)} of ${breaker!.minimumCalls} or more`,
  'within a window of': ({ breaker }) => formatDuration(breaker!.window),
  'slow is more than': ({ breaker }) => formatDuration(breaker!.slowCallDuration),
  'stays open': ({ breaker }) =>
    `${formatDuration(breaker!.cooldown)} to ${formatDuration(breaker!.maxCooldown)}`,
};

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** What a dependency with this preset gets, defaults filled in. */
function effective(name: PresetName): ParsedDependency {
  const limits = preset(name === 'http' ? 'http' : 'rpc') as Record<string, unknown>;
  const wanted = overlay(limits, preset(name) as Record<string, unknown>);
  return parseOptions(dependencyOptions, overlay(derivedBreakerOptions(wanted), wanted), name);
}

function section(factory: string, page: string, table: Table): string {
  const [first, ...nested] = tablesOf(factory, table);
  const parts = nested.map(([path, rows]) => `### \`${path}\`\n\n${rows}`);
  const about = [`See [its page](${page}).`, BESIDE[factory] ?? ''].join(' ').trimEnd();
  return [`## \`${factory}\`\n\n${about}\n\n${first![1]}`, ...parts].join('\n');
}

/** A table, and the tables within it that have no section of their own. */
function tablesOf(path: string, table: Table): [path: string, rows: string][] {
  const options = Object.entries(table);
  const rows = options.map(([name, option]) => [
    code(name),
    option.what,
    accepted(`${path}.${name}`, option),
    UNWRITTEN.has(`${path}.${name}`) ? 'none' : byDefault(option),
  ]);
  const inner = options.flatMap(([name, option]) =>
    option.table === undefined || sectionOf(option.table, name) !== undefined
      ? []
      : tablesOf(`${path}.${name}`, option.table),
  );
  return [
    [path, markdownTable(['option', 'what it means', 'accepted', 'default'], rows)],
    ...inner,
  ];
}

/** The factory whose options these are; inside a dependency, retry has its budget with it. */
function sectionOf(table: Table, name: string): string | undefined {
  if (name === 'retry') return 'retry';
  return TABLES.find(([, , other]) => other === table)?.[0];
}

function accepted(path: string, { range, table, ...option }: Option): string {
  if (table !== undefined) {
    const anchor = (sectionOf(table, path.split('.').at(-1)!) ?? path)
      .replace('.', '')
      .toLowerCase();
    return `[options](#${anchor})${option.kind === 'options' && option.default !== undefined ? ', or false' : ''}`;
  }
  return inWords(range);
}

/** A range as people read it: values as code, long numbers in groups of three. */
export function inWords(range: string): string {
  return grouped(range.replace(/ \(milliseconds.*?\)/, '').replaceAll("'", '`'));
}

/** `10 000`, as the policies' pages have it, and never on two lines. */
function grouped(text: string): string {
  return text.replaceAll(/\d{5,}/g, (digits) => digits.replaceAll(/\B(?=(\d{3})+$)/g, '\u00A0'));
}

function byDefault({ default: value, table }: Option): string {
  if (table !== undefined) return value === false ? 'off' : 'on';
  if (value === undefined) return 'none';
  return code(typeof value === 'string' ? `'${value}'` : JSON.stringify(value));
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** Columns as wide as their widest cell, as the formatter wants them. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |\n`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`;
  return line(header) + rule + rows.map(line).join('');
}

if (import.meta.main) {
  const docs = join(import.meta.dirname, '../docs');
  const policies = join(docs, 'policies/README.md');
  writeFileSync(join(docs, 'reference/options.md'), optionsPage());
  writeFileSync(policies, withPresets(readFileSync(policies, 'utf8')));
}
