import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outputOf, rival, startStore, temporaryFolder } from '../../../test/sqlite-files.ts';
import { sqliteStore } from './sqlite.ts';

const folder = temporaryFolder();

const KEYS = 200;
/** Claims every key once it is told to, in an order of its own, some at a time. */
const CLAIM_ALL = `
  await store.check();
  console.log('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  const keys = Array.from({ length: ${KEYS} }, (_, at) => 'key-' + at);
  if (name === 'second') keys.reverse();
  while (keys.length > 0) {
    const some = keys.splice(0, 7);
    const claims = await Promise.all(some.map((id) => store.claim(request(id))));
    for (const [at, { kind }] of claims.entries()) console.log(some[at] + ' ' + kind);
  }
  process.stdin.destroy();
`;

test('two processes that claim the same keys have each key once between them', async () => {
  const path = join(folder, 'two.db');
  const children = ['first', 'second'].map((name) => startStore(CLAIM_ALL, path, name));
  const outputs = children.map((child) => outputOf(child));
  await Promise.all(
    children.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))),
  );
  for (const child of children) child.stdin.write('go\n');
  const lines = (await Promise.all(outputs)).flatMap((output) => output.trim().split('\n'));
  for (let at = 0; at < KEYS; at++) {
    const answers = lines.filter((line) => line.startsWith(`key-${at} `)).toSorted();
    expect(answers).toEqual([`key-${at} claimed`, `key-${at} in-progress`]);
  }
});

/** Claims and completes for ever, and says what was acknowledged. */
const WORK_ON = `
  const worker = async (n) => {
    for (let at = 0; ; at++) {
      const id = 'key-' + n + '-' + at;
      await store.claim(request(id));
      console.log('claimed ' + id);
      await store.complete(request(id), JSON.stringify(id), 60_000);
      console.log('completed ' + id);
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(worker));
`;

test('what was acknowledged is there after kill -9, whenever that comes', async () => {
  for (const enough of [1, 500, 3000]) {
    const path = join(folder, `killed-${enough}.db`);
    const child = startStore(WORK_ON, path, 'killed');
    let lines = 0;
    child.stdout.on('data', (text: string) => {
      lines += text.split('\n').length - 1;
      if (lines >= enough) child.kill('SIGKILL');
    });
    const output = await outputOf(child);
    // The last line may be cut.
    const acknowledged = output.split('\n').slice(0, -1);
    expect(acknowledged.length).toBeGreaterThanOrEqual(enough);

    const store = sqliteStore(path);
    const states = new Map(
      acknowledged.map((line) => line.split(' ').toReversed() as [string, string]),
    );
    const lost: string[] = [];
    for (const [id, state] of states) {
      const claim = await store.claim(rival(id));
      const isWhole = claim.kind === 'completed' && claim.result === JSON.stringify(id);
      // It may have done more than it came to say.
      if (!isWhole && !(state === 'claimed' && claim.kind === 'in-progress')) lost.push(id);
    }
    expect(lost).toEqual([]);
    await store.close();
  }
});

test('a store that has nothing to do does not hold its process', async () => {
  const child = startStore(
    `console.log((await store.claim(request('a'))).kind);`,
    join(folder, 'left.db'),
    'leaver',
  );
  child.stdin.end();
  expect(await outputOf(child)).toBe('claimed\n');
});

test('where there is no node:sqlite, the import works and the steps say what is missing', async () => {
  const child = startStore(
    `await store.claim(request('a')).catch((error) => console.log(error.message));`,
    join(folder, 'none.db'),
    'old',
    ['--no-experimental-sqlite'],
  );
  child.stdin.end();
  expect(await outputOf(child)).toBe('the SQLite store needs `node:sqlite`: Node 22.13 or later\n');
});
