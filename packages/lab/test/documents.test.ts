/** Every YAML block of the documents, a piece of a spec or of a mesh's configuration, is YAML. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const BLOCK = /^```yaml\n(?<code>[^]*?)^```$/gm;

const blocks = globSync(['docs/**/*.md', 'examples/**/*.md', 'packages/lab/README.md'], {
  cwd: root,
})
  .toSorted()
  .flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return [...text.matchAll(BLOCK)].map(({ index, groups }) => ({
      name: `${path}:${text.slice(0, index).split('\n').length}`,
      code: groups!['code']!,
    }));
  });

test('there are some', () => expect(blocks.length).toBeGreaterThan(10));

test.each(blocks)('$name', ({ code }) => {
  const said = parseAllDocuments(code);
  expect([...said].flatMap(({ errors }) => errors)).toEqual([]);
});
