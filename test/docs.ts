/** The code in the documents: every `ts` block is a module of its own, type-checked and run. */
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
}

/** A fence, and before it what the module needs but a reader does not: `<!-- before` to `-->`. */
const BLOCK =
  /(?<before>^<!-- before\n[^]*?^-->\n\s*)?^```ts\b[ ]*(?<info>.*)\n(?<code>[^]*?)^```$/gm;

/** The blocks of a page, each a module. */
export function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(BLOCK)].map(({ index, groups = {} }) => {
    const { before = '', info = '', code = '' } = groups;
    const above = text.slice(0, index).replaceAll(/.+/g, '');
    const hidden = before.replaceAll(/^(<!-- before|-->)$/gm, '');
    const line = (above + before).split('\n').length;
    return { name: `${path}:${line}`, info, text: `${above}${hidden}\n${code}` };
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

const fileOf = ({ name }: Block): string => `${name.replace(':', '.')}.ts`;

/** Blocks as files of one project, inside the repository, so that `holdfast` is found. */
export class Snippets {
  readonly #home: string;

  constructor(blocks: readonly Block[]) {
    mkdirSync(join(root, '.tmp'), { recursive: true });
    this.#home = mkdtempSync(join(root, '.tmp/docs-'));
    for (const block of blocks) {
      const path = join(this.#home, fileOf(block));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, block.text);
    }
  }

  get home(): string {
    return this.#home;
  }

  /** What the compiler says, line by line; it builds what ships first, if that is not up to date. */
  async typeErrors(): Promise<readonly string[]> {
    const layers = ['runtime', 'system', 'core', 'edge'];
    const project = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { types: ['node'], noEmit: true },
      include: ['**/*.ts'],
      references: layers.map((layer) => ({
        path: join(root, `packages/holdfast/tsconfig.${layer}.json`),
      })),
    };
    writeFileSync(join(this.#home, 'tsconfig.json'), JSON.stringify(project));
    const { stdout } = await node(this.#home, tsc, '-b', '--pretty', 'false');
    return stdout.split('\n').filter((line) => line !== '');
  }

  /** Runs a block in a process of its own: null when all went well, else what it printed. */
  async failure(block: Block): Promise<string | null> {
    const { failed, stdout, stderr } = await node(this.#home, fileOf(block));
    return failed ? `${stdout}\n${stderr}` : null;
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
