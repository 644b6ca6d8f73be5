import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

import { MESH_RULES } from '../mesh-findings.ts';
import { ACCEPT_WITHOUT_FINDING, RULES } from './table.ts';

const docs = new URL('../../../../../docs/audit/', import.meta.url);
const ALL = [...RULES, ACCEPT_WITHOUT_FINDING, ...MESH_RULES];

async function pages(): Promise<readonly string[]> {
  return (await readdir(docs)).filter((name) => name !== 'README.md').toSorted();
}

describe('the pages', () => {
  test('are one for each rule, and all are in the index', async () => {
    const rules = new Set(ALL.map(({ id }) => id));
    const expected = [...rules].map((id) => `${id}.md`).toSorted();
    expect(await pages()).toEqual(expected);
    const index = await readFile(new URL('README.md', docs), 'utf8');
    const listed = Array.from(index.matchAll(/\]\(([a-z0-9-]+\.md)\)/g), ([, page]) => page);
    expect([...new Set(listed)].toSorted()).toEqual(expected);
  });

  test('begin with the same four parts', async () => {
    for (const page of await pages()) {
      const text = await readFile(new URL(page, docs), 'utf8');
      expect(text.split('\n')[0]).toBe(`# ${page.replace('.md', '')}`);
      const parts = Array.from(text.matchAll(/^## (.*)$/gm), ([, title]) => title);
      expect([page, ...parts.slice(0, 4)]).toEqual([
        page,
        'What it finds',
        'Why it matters',
        'How to fix it',
        'How to accept it',
      ]);
    }
  });

  test('say in one line what the index says, and the code', async () => {
    const index = await readFile(new URL('README.md', docs), 'utf8');
    const inCode = ALL.map(({ id, severity, looksFor }) => `${id}: ${severity}. ${looksFor}`);
    const inPages: string[] = [];
    for (const page of await pages()) {
      const text = await readFile(new URL(page, docs), 'utf8');
      const [, severity, summary] = /^Severity: (\w+)[^.]*\. (.*)\.$/m.exec(text) ?? [];
      inPages.push(`${page.replace('.md', '')}: ${severity}. ${summary}`);
    }
    const rows = index.matchAll(/^\| \[([a-z0-9-]+)\]\(\S+ +\| (\w+) +\| (.*\S) +\|$/gm);
    const inIndex = Array.from(
      rows,
      ([, id, severity, summary]) => `${id}: ${severity}. ${summary}`,
    );
    expect([...new Set(inIndex)].toSorted()).toEqual(inPages.toSorted());
    expect([...new Set(inCode)].toSorted()).toEqual(inPages.toSorted());
  });
});
