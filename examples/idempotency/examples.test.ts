import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const page = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
const [, shown] = /^```text\n([^]*?)^```$/m.exec(page)!;

test.each(['node-http', 'express', 'fastify', 'koa', 'hono', 'nest'])(
  'the example of %s prints what the page shows',
  async (name) => {
    const example = join(import.meta.dirname, `${name}.ts`);
    const { stdout } = await promisify(execFile)(process.execPath, [example]);
    expect(stdout).toBe(shown);
  },
);
