import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { likeliest } from 'holdfast/spec';
import { wrapped } from './text-table.ts';

/** `holdfast explain [rule]`: the page of a rule of the audit, or all the rules there are. */
export function addExplain(program: Command): void {
  program
    .command('explain')
    .description(
      'print what a rule of the audit finds, why it matters, and how to fix or accept it',
    )
    .argument('[rule]', 'as findings name it; without one, all rules are listed')
    .action(async (rule: string | undefined, _options: unknown, command: Command) => {
      const text = rule === undefined ? await listed() : await explained(rule);
      command.configureOutput().writeOut?.(text);
    });
}

/** In the package the pages lie beside what is built; in the repository, with the other documents. */
const [IN_PACKAGE, IN_REPOSITORY] = ['../../docs/audit/', '../../../../docs/audit/'].map(
  (path) => new URL(path, import.meta.url),
) as [URL, URL];
const WIDTH = 100;

function pages(): URL {
  return existsSync(IN_PACKAGE) ? IN_PACKAGE : IN_REPOSITORY;
}

function pageOf(rule: string): Promise<string> {
  return readFile(new URL(`${rule}.md`, pages()), 'utf8');
}

/** In order of names. */
async function rules(): Promise<readonly string[]> {
  const files = await readdir(pages());
  const names = files.filter((file) => file.endsWith('.md') && file !== 'README.md');
  return names.map((file) => file.slice(0, -'.md'.length)).toSorted();
}

async function listed(): Promise<string> {
  const names = await rules();
  const width = Math.max(...names.map(({ length }) => length));
  const lines = names.map(async (name) => {
    const [, severity = '', summary = ''] = SUMMARY.exec(await pageOf(name)) ?? [];
    return `${name.padEnd(width)}  ${severity.padEnd('warning'.length)}  ${summary}`;
  });
  return `${(await Promise.all(lines)).join('\n')}\n`;
}

/** `Severity: info; warning where ... . A callee for which ...` */
const SUMMARY = /^Severity: (\w+)[^.]*\. (.*)\.$/m;

/** @throws Error if there is no such rule. */
async function explained(rule: string): Promise<string> {
  const known = await rules();
  if (!known.includes(rule)) {
    throw new Error(`${JSON.stringify(rule)} is no rule of the audit; ${likeliest(rule, known)}`);
  }
  return forTerminals(await pageOf(rule));
}

/** Markdown reads well as it is, but for lines that are not broken, and links, which lead nowhere here. */
function forTerminals(page: string): string {
  const parts = page.split(/^(```[^]*?^```$)/m);
  return parts
    .map((part) => (part.startsWith('```') ? part : part.split('\n').map(line).join('\n')))
    .join('');
}

function line(text: string): string {
  const plain = text.replaceAll(LINK, (_link, words: string, target: string) => {
    const [, rule] = /^([a-z0-9-]+)\.md$/.exec(target) ?? [];
    return rule === undefined || rule === words ? words : `${words} (${rule})`;
  });
  return plain.startsWith('|') || plain === '' ? plain : wrapped(plain, WIDTH);
}

const LINK = /\[([^\]]+)\]\(([^)\s]+)\)/g;
