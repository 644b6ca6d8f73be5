import { globSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_STATUS } from '../packages/holdfast/src/core/errors.ts';
import type { Table } from '../packages/holdfast/src/core/options.ts';
import { PROBLEMS } from '../packages/holdfast/src/server/idempotency/problems.ts';
import { inWords, optionsPage, TABLES, withPresets } from '../scripts/reference.ts';
import { specPage } from '../scripts/spec-reference.ts';
import { textModules } from '../scripts/texts.ts';
import {
  type Block,
  blocksOf,
  brokenAnchors,
  brokenDiagrams,
  type Page,
  rowsOf,
  Snippets,
  unfitFences,
} from './docs.ts';

const root = join(import.meta.dirname, '..');
const patterns = ['*.md', 'packages/*/README.md', 'docs/**/*.md', 'examples/**/*.md'];
const pages: readonly Page[] = globSync(patterns, { cwd: root, exclude: ['**/node_modules'] })
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const page = (path: string): string => pages.find((other) => other.path === path)!.text;
const blocks = pages.flatMap(blocksOf);
const runnable = blocks.filter(({ info }) => info === '');

const source = (path: string): string =>
  readFileSync(join(root, 'packages/holdfast/src', path), 'utf8');
const policies = readdirSync(join(root, 'packages/holdfast/src/policies'));

/** The parts of every policy's page, as docs/policies/README.md has them. */
const TEMPLATE = [
  'What for',
  'Usage',
  'Defaults',
  'Events and metrics',
  'State diagram',
  'Anti-patterns',
  'Sources',
];

const FRAMEWORKS = ['node-http', 'express', 'fastify', 'koa', 'hono', 'nest'];

const made: Snippets[] = [];

function snippets(given: readonly Block[]): Snippets {
  const files = new Snippets(given);
  made.push(files);
  return files;
}

afterAll(() => {
  for (const { home } of made) rmSync(home, { recursive: true, force: true });
});

describe('what is derived from the code', () => {
  test('is up to date: npm run reference', () => {
    const presets = page('docs/policies/README.md');
    expect(page('docs/reference/options.md')).toBe(optionsPage());
    expect(page('docs/reference/spec.md')).toBe(specPage());
    expect(presets).toBe(withPresets(presets));
    expect(presets).toContain('| attempt timeout ');
    expect(textModules().map(([path]) => readFileSync(path, 'utf8'))).toEqual(
      textModules().map(([, module]) => module),
    );
  });

  test('has the options of every factory that takes some', () => {
    const code = { cwd: root, exclude: ['**/*.test.ts'] };
    const files = globSync('packages/holdfast/src/**/*.ts', code);
    const text = files.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
    const factories = [...text.matchAll(/parseOptions\(\w+, \w+, '([\w.]+)'\)/g)];
    const listed = page('docs/reference/options.md');
    expect(factories.length).toBeGreaterThan(15);
    expect(factories.flatMap(([, it]) => (listed.includes(`## \`${it}\`\n`) ? [] : [it]))).toEqual(
      [],
    );
  });

  test('has every option of a single call, and what a classifier may say beside a verdict', () => {
    const text = page('docs/policies/README.md');
    const [, table = ''] = /^\| of a call .*\n([^]*?)\n\n/m.exec(text) ?? [];
    const [, judged = ''] = /^\| beside `verdict` .*\n([^]*?)\n\n/m.exec(text) ?? [];
    expect([...rowsOf(table).keys()]).toEqual(fieldsOf('CallOptions', 'core/operation.ts'));
    expect(['verdict', ...rowsOf(judged).keys()]).toEqual(fieldsOf('Judgement', 'core/outcome.ts'));
  });

  test('has every error code and its status', () => {
    for (const [code, status] of Object.entries(ERROR_STATUS)) {
      expect(page('docs/guides/errors.md')).toMatch(
        new RegExp(`^\\| \`${code}\` +\\| \`\\w+\` +\\| ${status} `, 'm'),
      );
    }
  });

  test('has every event and metric of idempotency where it is explained', () => {
    const told = [
      ...source('idempotency/telemetry.ts').matchAll(/(?:readonly type|^ {4}name): '(.+)'/gm),
    ];
    const text = page('docs/guides/idempotency.md');
    expect(told.length).toBeGreaterThan(10);
    expect(told.flatMap(([, it]) => (text.includes(`| \`${it}\``) ? [] : [it]))).toEqual([]);
  });

  test.each(['idempotency', 'memory', 'sqlite', 'redis', 'postgres', ...FRAMEWORKS])(
    'has every function and class of idempotency on a page: holdfast/%s',
    async (entry) => {
      const written = pages.map(({ text }) => text).join('\n');
      const exported = Object.keys((await import(`holdfast/${entry}`)) as object);
      const isNamed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(written);
      expect(exported.filter((name) => !isNamed(name))).toEqual([]);
    },
  );

  test('has every problem and its status, and no other', () => {
    const [, table = ''] = /^\| problem .*\n([^]*?)\n\n/m.exec(page('docs/guides/idempotency.md'))!;
    const listed = [...table.matchAll(/^\| `(.+?)` +\| (\d+) /gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(listed).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]));
  });

  test.each(['guides/errors', 'policies/retry'])('has every reason to stop: %s', (name) => {
    const [, union = ''] = /export type StoppedBy =([^;]*);/.exec(source('core/outcome.ts'))!;
    const reasons = [...union.matchAll(/\| '(.+)'/g)].map(([, reason]) => reason);
    const [, table = ''] = /^\| `stoppedBy`.*\n([^]*?)\n\n/m.exec(page(`docs/${name}.md`))!;
    expect([...rowsOf(table).keys()].toSorted()).toEqual(reasons.toSorted());
  });

  test('has every event, and no other', () => {
    const telemetry = policies.map((name) => `policies/${name}/telemetry.ts`);
    const others = ['core/events.ts', 'client/telemetry.ts', 'idempotency/telemetry.ts'];
    const files = [...others, ...telemetry];
    const types = files.flatMap((path) =>
      [...source(path).matchAll(/readonly type: '(.+)'/g)].map(([, type]) => type),
    );
    const listed = [...page('docs/guides/events.md').matchAll(/^\| `(.+?)`/gm)].map(
      ([, type]) => type,
    );
    expect(listed.toSorted()).toEqual(types.toSorted());
  });

  test("shows the demo's scorecard with the promises that it has", () => {
    const [, card = ''] = /```\n( +naive +holdfast\n[^]*?)```/.exec(page('README.md'))!;
    const judge = readFileSync(join(root, 'examples/black-friday/judge.ts'), 'utf8');
    const shown = [...card.matchAll(/^ +✓ (.+?) {2}/gm)].map(([, name]) => name!);
    expect(page('examples/black-friday/README.md')).toContain(card);
    expect(shown).toHaveLength(10);
    expect(shown.filter((name) => !judge.includes(`'${name}'`))).toEqual([]);
  });

  test.each(policies)('has one template: %s', (name) => {
    const text = page(`docs/policies/${name}.md`);
    const telemetry = source(`policies/${name}/telemetry.ts`);
    const told = [...telemetry.matchAll(/(?:readonly type|^ {4}name): '(.+)'/gm)];
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(TEMPLATE);
    expect(told.length).toBeGreaterThan(0);
    expect(told.flatMap(([, it]) => (text.includes(`\`${it}\``) ? [] : [it]))).toEqual([]);
  });

  test.each(policies)('has every option, its default and its range: %s', (name) => {
    const [, , table] = TABLES.find(([, where]) => where === `../policies/${name}.md`)!;
    const [, defaults = ''] = /^\| option .*\n([^]*?)\n\n/m.exec(page(`docs/policies/${name}.md`))!;
    const rows = rowsOf(defaults);
    const options = optionsOf(table);
    const written = [...rows.keys()].filter((option) => table[option]?.table === undefined);
    expect(written.toSorted()).toEqual(options.map(([path]) => path).toSorted());
    for (const [path, { default: value, range }] of options) {
      const [byDefault = '', accepted = ''] = rows.get(path)!;
      const wanted = value === undefined ? [] : factsOf(String(value));
      expect([path, ...factsOf(byDefault)]).toEqual(expect.arrayContaining([path, ...wanted]));
      const words = inWords(range);
      const values = [...words.matchAll(/`(.+?)`/g)].map(([, word]) => word);
      const limits = [...values, ...factsOf(words).filter((fact) => /^\d/.test(fact))];
      expect([path, ...factsOf(accepted)]).toEqual(expect.arrayContaining([path, ...limits]));
    }
  });

  test.each(policies)('has the fields of every event and metric: %s', (name) => {
    const rows = rowsOf(page(`docs/policies/${name}.md`));
    const telemetry = source(`policies/${name}/telemetry.ts`);
    const events = [...telemetry.matchAll(/readonly type: '(.+)';\n([^]*?)\n\}/g)].map(
      ([, type, body]) => [type!, [...body!.matchAll(/readonly (\w+)/g)]] as const,
    );
    const metrics = [...telemetry.matchAll(/^ {4}name: '(.+)'[^]*?attributes: (.*)/gm)].map(
      ([, metric, list]) => [metric!, [...list!.matchAll(/'(\w+)'/g)]] as const,
    );
    for (const [it, names] of [...events, ...metrics]) {
      const told = rows.get(it)!.join(' ');
      const untold = names.filter(([, field]) => !told.includes(`\`${field}\``));
      expect([it, ...untold.map(([, field]) => field)]).toEqual([it]);
    }
  });

  test('has a reason beside every preset', () => {
    for (const name of ['http', 'rpc', 'payments', 'batch', 'realtime']) {
      expect(page('docs/policies/README.md')).toMatch(
        new RegExp(`^- \\*\\*\`${name}\`\\*\\*: \\S`, 'm'),
      );
    }
  });
});

/** The fields of an interface, in its order. */
function fieldsOf(name: string, path: string): string[] {
  const [, body = ''] = new RegExp(`interface ${name} \\{([^]*?)\n\\}`).exec(source(path))!;
  return [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, field]) => field!);
}

/** The options of a table by their paths, nested ones included. */
function optionsOf(table: Table, path = ''): [path: string, option: Table[string]][] {
  return Object.entries(table).flatMap(([name, option]) =>
    option.table === undefined
      ? [[path + name, option] as [string, Table[string]]]
      : optionsOf(option.table, `${path}${name}.`),
  );
}

/** Words, numbers and durations, however they are written: `30s` for 30 s, `5m` for 5 min. */
function factsOf(text: string): string[] {
  const plain = text
    .replaceAll(/(\d)\s(?=\d{3}\b)/g, '$1')
    .replaceAll(/(\d) ?(ms|s|m|h)(in)?\b/g, '$1$2')
    .replaceAll(/\b0ms\b/g, '0');
  return [...plain.matchAll(/[\w.-]*\w/g)].map(([fact]) => fact);
}

describe('the pages', () => {
  test('link to headings that are there', () => expect(brokenAnchors(pages)).toEqual([]));
  test('have diagrams that can be drawn', () => expect(pages.flatMap(brokenDiagrams)).toEqual([]));
});

describe('the code in the documents', () => {
  let files: Snippets;
  let errors: readonly string[] = [];

  beforeAll(async () => {
    files = snippets(blocks);
    errors = await files.typeErrors();
  }, 120_000);

  test('is there', () => expect(runnable.length).toBeGreaterThan(10));
  test('is all seen', () => expect(pages.flatMap(unfitFences)).toEqual([]));
  test('has no type error', () => expect(errors).toEqual([]));
  test.each(runnable)(
    'runs: $name',
    async (block) => expect(await files.failure(block)).toBe(null),
    30_000,
  );
});

const fence = (info: string, code: string): string => `\`\`\`${info}\n${code}\n\`\`\`\n`;
const planted = (text: string): Block[] => blocksOf({ path: 'docs/planted.md', text });

describe('the test of the documents', () => {
  test('gives each block a module of its own, on the lines of the page', () => {
    const text = `# Title\n\n${fence('ts', 'one();')}\ntext\n\n${fence('ts no-run: says why', 'two();')}`;
    expect(planted(text)).toEqual([
      { name: 'docs/planted.md:3', info: '', prints: [], text: '\n\n\none();\n' },
      {
        name: 'docs/planted.md:9',
        info: 'no-run: says why',
        prints: [],
        text: `${'\n'.repeat(9)}two();\n`,
      },
    ]);
  });

  test('puts before a block what its comment holds', () => {
    const [block] = planted(`# Title\n\n<!-- before\nconst a = 1;\n-->\n\n${fence('ts', 'a;')}`);
    expect(block?.text).toBe('\n\n\nconst a = 1;\n\n\n\na;\n');
    expect(block?.name).toBe('docs/planted.md:7');
  });

  test('sees fences that would escape it', () => {
    const unfit = [
      'js',
      'javascript',
      'typescript',
      'ts no-run',
      'ts no-run: lazy',
      'tsx',
      'ts skip',
    ];
    const fit = ['ts', 'ts no-run: needs a database', 'sh', 'json', 'text', 'mermaid'];
    const text = [...unfit, ...fit].map((info) => fence(info, '1;')).join('');
    const found = unfitFences({ path: 'a.md', text });
    expect(found.map((line) => line.split('```')[1])).toEqual(unfit);
  });

  test('reads what a block prints from its comments and from the text after it', () => {
    const code = fence('ts', 'console.log(1); // one\nlog(2); // two');
    const [block] = planted(`${code}\n${fence('text', 'three\nfour')}`);
    expect(block?.prints).toEqual(['one', 'three\nfour']);
    expect(planted(`${code}\nwords\n\n${fence('text', 'x')}`)[0]?.prints).toEqual(['one']);
  });

  test('sees a link to a heading that is not there, and a diagram that cannot be drawn', () => {
    const text = '# A `b.c`, (d)\n[x](#a-bc-d) [y](#nope) [z](b.md#top) [w](https://x.y#z)\n';
    const other = { path: 'docs/b.md', text: '## Top\n[x](a.md#top)' };
    expect(brokenAnchors([{ path: 'docs/a.md', text }, other])).toEqual([
      'docs/a.md links to #nope, which is not there',
      'docs/b.md links to a.md#top, which is not there',
    ]);
    const diagram = fence('mermaid', 'sequenceDiagram\n  A->>B: one; two');
    expect(brokenDiagrams({ path: 'a.md', text: diagram })).toEqual([
      'a.md has a diagram with a semicolon: A->>B: one; two',
    ]);
  });

  test('finds a block that does not compile, throws, rejects, prints something else or is not found', async () => {
    const faults = [
      fence('ts', "import { retry } from 'holdfast';\nretry({ maxAttempt: 3 });"),
      fence('ts', "throw new Error('thrown');"),
      fence('ts', "void Promise.reject(new Error('rejected'));"),
      fence('ts', "console.log('Error: ' + 1); // 2"),
      fence('ts', "import { timeout } from 'holdfast';\ntimeout('1s');\nconsole.log(1); // 1"),
    ];
    const found = planted(faults.join('\n'));
    const files = snippets(found);
    const failures = await Promise.all(found.map((block) => files.failure(block)));
    expect(await files.typeErrors()).toEqual([
      expect.stringMatching(/^docs\/planted\.md\.1\.ts\(3,9\): error TS2561: .*'maxAttempts'\?/),
    ]);
    expect(failures.map((failure) => /^\w*Error: .*$/m.exec(failure ?? '')?.[0])).toEqual([
      expect.stringContaining("did you mean 'maxAttempts'"),
      'Error: thrown',
      'Error: rejected',
      'Error: 1',
      undefined,
    ]);
    expect(failures.at(-1)).toBe(null);
  }, 60_000);
});
