/** The documents: every `ts` block is a module of its own, type-checked and run; links lead somewhere. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..');

/** How long one block may run, in milliseconds. */
const RUN_LIMIT = 20_000;

export interface Page {
  readonly path: string;
  readonly text: string;
}

/** One `ts` block of a page. */
export interface Block {
  /** `docs/guides/errors.md:12`: the page, and the line of the block's fence. */
  readonly name: string;
  /** The module: every line stands where it does in the page, so that errors name the page's lines. */
  readonly text: string;
  /** What follows `ts` on the fence: nothing, or `no-run` and why it must not run. */
  readonly info: string;
  /** What the page says that it prints: comments after `console.log(...)`, and a `text` block next to it. */
  readonly prints: readonly string[];
}

/** A fence, and before it what the module needs but a reader does not: `<!-- before` to `-->`. */
const BLOCK =
  /(?<before>^<!-- before\n[^]*?^-->\n\s*)?^```ts\b[ ]*(?<info>.*)\n(?<code>[^]*?)^```$(\n+^```text\n(?<text>[^]*?)\n```$)?/gm;

/** The blocks of a page, each a module. */
export function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(BLOCK)].map(({ index, groups = {} }) => {
    const { before = '', info = '', code = '', text: printed } = groups;
    const above = text.slice(0, index).replaceAll(/.+/g, '');
    const hidden = before.replaceAll(/^(<!-- before|-->)$/gm, '');
    const line = (above + before).split('\n').length;
    const comments = [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, it]) => it!);
    const prints = printed === undefined ? comments : [...comments, printed];
    return { name: `${path}:${line}`, info, prints, text: `${above}${hidden}\n${code}` };
  });
}

/** Fences that would escape the test, and blocks that do not say why they must not run. */
export function unfitFences({ path, text }: Page): string[] {
  const isFit = /^(ts|ts no-run: \S+ \S+.*|sh|json|jsonc|text|mermaid|yaml|)$/;
  let open = false;
  return text.split('\n').flatMap((line, i) => {
    const info = /^\s*```+(.*)$/.exec(line)?.[1];
    if (info === undefined) return [];
    open = !open;
    return !open || isFit.test(info) ? [] : [`${path}:${i + 1} begins an unfit block: ${line}`];
  });
}

/** Diagrams in which a message holds a `;`, which ends it: the whole diagram is then refused. */
export function brokenDiagrams({ path, text }: Page): string[] {
  const diagrams = [...text.matchAll(/^```mermaid\n([^]*?)^```$/gm)].map(([, diagram]) => diagram!);
  return diagrams.flatMap((diagram) =>
    diagram
      .split('\n')
      .filter((line) => line.includes(';'))
      .map((line) => `${path} has a diagram with a semicolon: ${line.trim()}`),
  );
}

/** Links to a heading that no page has. Whether the pages are there, the tidy test sees. */
export function brokenAnchors(pages: readonly Page[]): string[] {
  const anchors = new Map(pages.map(({ path, text }) => [path, anchorsOf(text)]));
  return pages.flatMap(({ path, text }) =>
    [...proseOf(text).matchAll(/\]\((?!\w+:)([^)\s#]*)#([^)\s]+)\)/g)].flatMap(
      ([, file, anchor]) => {
        const target = file === '' ? path : join(dirname(path), file!);
        return anchors.get(target)?.has(anchor!) === false
          ? [`${path} links to ${file}#${anchor}, which is not there`]
          : [];
      },
    ),
  );
}

/** A page's headings as code hosts name them: lower case, hyphens for blanks, no punctuation. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .replaceAll(/\]\(.*?\)/g, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

function proseOf(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '');
}

/** The rows of a page's tables whose first cell is code, by that: its other cells. */
export function rowsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const rows = [...text.matchAll(/^\| `([^`]+)` +\|(.+)\|$/gm)].map(
    ([, name, rest]) => [name!, rest!.split(' | ').map((cell) => cell.trim())] as const,
  );
  return new Map(rows);
}

const fileOf = ({ name }: Block): string => `${name.replace(':', '.')}.ts`;

/** Blocks as files of one project, inside the repository, so that `holdfast` is found. */
export class Snippets {
  /** The folder that they are in. */
  readonly home: string;

  constructor(blocks: readonly Block[]) {
    mkdirSync(join(root, '.tmp'), { recursive: true });
    this.home = mkdtempSync(join(root, '.tmp/docs-'));
    for (const block of blocks) {
      const path = join(this.home, fileOf(block));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, block.text);
    }
  }

  /** What the compiler says, line by line; it builds what ships first, if that is not up to date. */
  async typeErrors(): Promise<readonly string[]> {
    const layers = ['runtime', 'system', 'core', 'edge'];
    const project = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: {
        types: ['node'],
        noEmit: true,
        // Frameworks' declarations ask for the DOM, or do not fit one another.
        skipLibCheck: true,
        // As NestJS has them.
        experimentalDecorators: true,
      },
      include: ['**/*.ts'],
      references: [
        ...layers.map((layer) => ({
          path: join(root, `packages/holdfast/tsconfig.${layer}.json`),
        })),
        { path: join(root, 'packages/lab') },
      ],
    };
    writeFileSync(join(this.home, 'tsconfig.json'), JSON.stringify(project));
    const { stdout } = await node(this.home, tsc, '-b', '--pretty', 'false');
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** Runs a block in a process of its own: null when it did and printed what it should, else what it printed. */
  async failure(block: Block): Promise<string | null> {
    const { failed, stdout, stderr } = await node(this.home, fileOf(block));
    if (failed) return `${stdout}\n${stderr}`;
    const missing = block.prints.find((text) => !`\n${stdout}\n`.includes(`\n${text}\n`));
    return missing === undefined ? null : `It prints\n${stdout}\nand not\n${missing}`;
  }
}

const tsc = join(root, 'node_modules/typescript/bin/tsc');

async function node(
  cwd: string,
  ...args: string[]
): Promise<{ failed: boolean; stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, args, { cwd, timeout: RUN_LIMIT }).then(
    ({ stdout, stderr }) => ({ failed: false, stdout, stderr }),
    (error: { stdout: string; stderr: string }) => ({ ...error, failed: true }),
  );
}
