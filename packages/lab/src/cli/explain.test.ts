import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';

import { holdfast } from '../../test/command.ts';

const pages = (await readdir(new URL('../../../../docs/audit/', import.meta.url)))
  .filter((name) => name !== 'README.md')
  .map((name) => name.replace('.md', ''))
  .toSorted();

test('prints the page of a rule, in lines that a terminal has room for, without links', async () => {
  const { code, out, err } = await holdfast('explain', 'no-budget');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^# no-budget\n\nSeverity: warning\. /);
  expect(out).toContain('\n## How to accept it\n');
  expect(out).toContain("\n  - { rule: no-budget, at: 'web > checkout', because: ");
  expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  expect(out).not.toMatch(/\]\(/);
});

test('breaks the items of a list below their text, not below their mark', async () => {
  const { out } = await holdfast('explain', 'unsafe-retry');
  const [, item = ''] = /^(- \*\*The library\*\*[^]*?)\n(?=-|$)/m.exec(out) ?? [];
  expect(item.split('\n').map((line) => line.slice(0, 2))).toEqual(['- ', '  ']);
});

test('names the rule that a link leads to', async () => {
  const { out } = await holdfast('explain', 'grpc-hedging-not-repeatable');
  expect(out.replaceAll('\n', ' ')).toContain(
    'have the callee remember keys (key-not-remembered).',
  );
  const { out: plain } = await holdfast('explain', 'no-jitter');
  expect(plain).toContain("are fixed-interval's.");
});

test('lists every rule with its severity and what it looks for', async () => {
  const { code, out, err } = await holdfast('explain');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(pages);
  for (const line of lines) expect(line).toMatch(/^[a-z0-9-]+ {2,}(error|warning|info) +[A-Z]/);
});

test.each([
  ['no-bugdet', 'holdfast: "no-bugdet" is no rule of the audit; did you mean \'no-budget\'?\n'],
  ['README', 'holdfast: "README" is no rule of the audit; '],
  ['../dependencies', 'holdfast: "../dependencies" is no rule of the audit; '],
])('%s is no rule, and ends with 2', async (rule, says) => {
  const { code, out, err } = await holdfast('explain', rule);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err.startsWith(says)).toBe(true);
  expect(err).toMatch(/^[^\n]+\n$/);
});
