/** The examples of each rule's page: it is found in the one, and nothing is in the other. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { holdfast } from '../../../test/command.ts';
import { temporaryFolder } from '../../../test/folder.ts';
import type { Finding } from '../finding.ts';

const docs = new URL('../../../../../docs/audit/', import.meta.url);
const pages = (await readdir(docs)).filter((name) => name !== 'README.md');

/** A spec, and what stands beside it: files of a mesh, of gRPC. */
type Example = Partial<Readonly<Record<'spec' | 'istio' | 'grpc', string>>>;

const BLOCK = /^```(?<language>yaml|json)\n(?<code>[^]*?)^```$/gm;

/** The blocks under a heading. */
function exampleUnder(heading: string, page: string): Example {
  const [, after = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = after.split('\n## ', 1);
  const blocks = Array.from(section.matchAll(BLOCK), ({ groups }) => {
    const { language, code } = groups as { language: string; code: string };
    if (language === 'json') return ['grpc', code];
    return [/^services:/m.test(code) ? 'spec' : 'istio', code];
  });
  return Object.fromEntries(blocks) as Example;
}

async function auditOf({ spec = '', istio, grpc }: Example): Promise<readonly Finding[]> {
  const folder = await temporaryFolder();
  const written = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const args = [await written('holdfast.yaml', spec)];
  if (istio !== undefined) args.push('--istio', await written('mesh.yaml', istio));
  if (grpc !== undefined) args.push('--grpc', await written('service-config.json', grpc));
  const { out, err } = await holdfast('audit', ...args, '--format', 'json');
  expect(err).toBe('');
  return (JSON.parse(out) as { findings: readonly Finding[] }).findings;
}

describe.each(pages)('%s', (name) => {
  const rule = name.replace('.md', '');

  test('has an example in which it is found, and one that is quiet', async () => {
    const page = await readFile(new URL(name, docs), 'utf8');
    const found = exampleUnder('Found in', page);
    const quiet = exampleUnder('Quiet with', page);
    expect(Object.keys(found)).toContain('spec');
    expect(Object.keys(quiet)).not.toEqual([]);
    const rules = (await auditOf(found)).map((finding) => finding.rule);
    expect(rules).toContain(rule);
    // What is not said again stays as it is.
    const left = (await auditOf({ ...found, ...quiet })).filter(
      ({ accepted }) => accepted === null,
    );
    expect(left.map((finding) => `${finding.rule}: ${finding.message}`)).toEqual([]);
  });
});
