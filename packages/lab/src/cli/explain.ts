import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { likeliest } from 'holdfast/spec';
import { columnsOf, terminalColumns } from './columns.ts';
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
      const text =
        rule === undefined
          ? await listed(terminalColumns(command) ?? Infinity)
          : await explained(rule, columnsOf(command));
      command.configureOutput().writeOut?.(text);
    });
}

/** In the package the pages lie beside what is built; in the repository, with the other documents. */
const [IN_PACKAGE, IN_REPOSITORY] = ['../../docs/audit/', '../../../../docs/audit/'].map(
  (path) => new URL(path, import.meta.url),
) as [URL, URL];

function pages(): URL {
  return existsSync(IN_PACKAGE) ? IN_PACKAGE : IN_REPOSITORY;
}

function pageOf(rule: string): Promise<string> {
  return readFile(new URL(`${rule}.md`, pages()), 'utf8');
}

/** Columns in which a sentence is still read with ease. */
const LEAST_ROOM = 24;

/** In order of names. */
async function rules(): Promise<readonly string[]> {
  const files = await readdir(pages());
  const names = files.filter((file) => file.endsWith('.md') && file !== 'README.md');
  return names.map((file) => file.slice(0, -'.md'.length)).toSorted();
}

/** A line each; in a terminal that is too narrow for it, in lines below the first. */
async function listed(columns: number): Promise<string> {
  const names = await rules();
  const width = Math.max(...names.map(({ length }) => length));
  const lines = names.map(async (name) => {
    const [, severity = '', summary = ''] = SUMMARY.exec(await pageOf(name)) ?? [];
    const head = `${name.padEnd(width)}  ${severity.padEnd('warning'.length)}  `;
    const room = columns - head.length;
    if (room >= LEAST_ROOM) return head + wrapped(summary, room, ' '.repeat(head.length));
    return `${name}  ${severity}\n  ${wrapped(summary, columns - 2, '  ')}`;
  });
  return `${(await Promise.all(lines)).join('\n')}\n`;
}

/** `Severity: info; warning where ... . A callee for which ...` */
const SUMMARY = /^Severity: (\w+)[^.]*\. (.*)\.$/m;

/** @throws Error if there is no such rule. */
async function explained(rule: string, columns: number): Promise<string> {
  const known = await rules();
  if (!known.includes(rule)) {
    throw new Error(`${JSON.stringify(rule)} is no rule of the audit; ${likeliest(rule, known)}`);
  }
  return forTerminals(await pageOf(rule), columns);
}

/** Markdown reads well as it is, but for lines that are not broken, and links, which lead nowhere here. */
function forTerminals(page: string, columns: number): string {
  const parts = page.split(/^(```[^]*?^```$)/m);
  return parts.map((part) => (part.startsWith('```') ? part : prose(part, columns))).join('');
}

function prose(part: string, columns: number): string {
  const lines = part.split('\n');
  return lines.map((text) => line(text, columns)).join('\n');
}

function line(text: string, columns: number): string {
  const plain = text.replaceAll(LINK, (_link, words: string, target: string) => {
    const [, rule] = /^([a-z0-9-]+)\.md$/.exec(target) ?? [];
    return rule === undefined || rule === words ? words : `${words} (${rule})`;
  });
  if (plain.startsWith('|') || plain === '') return plain;
  const [mark = ''] = LIST_MARK.exec(plain) ?? [];
  const room = columns - mark.length;
  return mark + wrapped(plain.slice(mark.length), room, ' '.repeat(mark.length));
}

/** What an item of a list begins with. */
const LIST_MARK = /^ *(?:-|\d+\.) /;

const LINK = /\[([^\]]+)\]\(([^)\s]+)\)/g;
