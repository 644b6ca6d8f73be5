import { globSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_STATUS } from '../packages/holdfast/src/core/errors.ts';
import { optionsPage, withPresets } from '../scripts/reference.ts';
import { specPage } from '../scripts/spec-reference.ts';
import { type Block, blocksOf, type Page, Snippets, unfitFences } from './docs.ts';

const root = join(import.meta.dirname, '..');
const patterns = ['*.md', 'packages/*/README.md', 'docs/**/*.md', 'examples/**/README.md'];
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
  });

  test('has every error code and its status', () => {
    for (const [code, status] of Object.entries(ERROR_STATUS)) {
      expect(page('docs/guides/errors.md')).toMatch(
        new RegExp(`^\\| \`${code}\` +\\| \`\\w+\` +\\| ${status} `, 'm'),
      );
    }
  });

  test('has every event, and no other', () => {
    const files = ['core/events.ts', ...policies.map((name) => `policies/${name}/telemetry.ts`)];
    const types = files.flatMap((path) =>
      [...source(path).matchAll(/readonly type: '(.+)'/g)].map(([, type]) => type),
    );
    const listed = [...page('docs/guides/events.md').matchAll(/^\| `(.+?)`/gm)].map(
      ([, type]) => type,
    );
    expect(listed.toSorted()).toEqual(types.toSorted());
  });

  test.each(policies)('has one template: %s', (name) => {
    const text = page(`docs/policies/${name}.md`);
    const telemetry = source(`policies/${name}/telemetry.ts`);
    const told = [...telemetry.matchAll(/(?:readonly type|^ {4}name): '(.+)'/gm)];
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(TEMPLATE);
    expect(told.length).toBeGreaterThan(0);
    expect(told.flatMap(([, it]) => (text.includes(`\`${it}\``) ? [] : [it]))).toEqual([]);
  });

  test('has a reason beside every preset', () => {
    for (const name of ['http', 'rpc', 'payments', 'batch', 'realtime']) {
      expect(page('docs/policies/README.md')).toMatch(
        new RegExp(`^- \\*\\*\`${name}\`\\*\\*: \\S`, 'm'),
      );
    }
  });
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
      { name: 'docs/planted.md:3', info: '', text: '\n\n\none();\n' },
      { name: 'docs/planted.md:9', info: 'no-run: says why', text: `${'\n'.repeat(9)}two();\n` },
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

  test('finds a block that does not compile, throws, rejects or is not found', async () => {
    const faults = [
      fence('ts', "import { retry } from 'holdfast';\nretry({ maxAttempt: 3 });"),
      fence('ts', "throw new Error('thrown');"),
      fence('ts', "void Promise.reject(new Error('rejected'));"),
      fence('ts', "import { timeout } from 'holdfast';\ntimeout('1s');"),
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
      undefined,
    ]);
    expect(failures.at(-1)).toBe(null);
  }, 60_000);
});
