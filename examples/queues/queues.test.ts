import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../../test/servers/redis.ts';

const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');

/** What the page says that an example prints. */
function printedBy(name: string): string {
  const [, text = ''] = new RegExp(`node .*/${name}\n\`\`\`\n\n\`\`\`\n([^]*?)\`\`\``).exec(
    readme,
  )!;
  return text;
}

async function outputOf(name: string, environment: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, ...environment };
  const example = join(import.meta.dirname, name);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [example], { env });
  expect(stderr).toBe('');
  return stdout;
}

test('messages of a queue like SQS have their effect once, or go to a person', async () => {
  expect(await outputOf('sqs.ts')).toBe(printedBy('sqs.ts'));
});

test('jobs of BullMQ have their effect once, although their workers are killed', async () => {
  // As it has to be for what is promised: the engine warns of anything else.
  const { url, stop } = await startRedis({ appendonly: true, appendfsync: 'always' });
  onTestFinished(stop);
  expect(await outputOf('bullmq.ts', { REDIS_URL: url })).toBe(printedBy('bullmq.ts'));
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  const left = (await redis.keys('*')).filter((key) => !key.startsWith('holdfast:'));
  expect(left).toEqual([]);
});

test('the example ends when a job fails, says why, and leaves nothing behind', async () => {
  const { url, stop } = await startRedis({ appendonly: true, appendfsync: 'always' });
  onTestFinished(stop);
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  // A bank that can neither charge nor say what it did.
  await redis.set('broken:bank', 'closed');
  const env = { ...process.env, REDIS_URL: url };
  const example = join(import.meta.dirname, 'bullmq.ts');
  const run = promisify(execFile)(process.execPath, [example, 'broken'], { env });
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('job 1 has failed: broken: a request with this key was begun'),
  });
  expect(await redis.keys('bull:*')).toEqual([]);
});
