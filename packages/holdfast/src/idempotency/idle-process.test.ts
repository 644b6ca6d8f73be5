import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const PROLOGUE = `
  const { idempotency } = await import(${at('engine.ts')});
  const { memoryStore } = await import(${at('../stores/memory/memory.ts')});
  const never = () => new Promise(() => {});
`;

/** How a process ends that has nothing else to do than this. One that is held is killed. */
async function endOf(program: string): Promise<string> {
  const args = ['--no-warnings', '--input-type=module', '--eval', PROLOGUE + program];
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 20_000 });
  return stdout;
}

test('a claim that was not answered is given back, and holds nobody up', async () => {
  const answers = endOf(`
    const engine = idempotency({
      store: Object.assign(memoryStore(), { claim: never, release: never }),
      storeTimeout: '20ms',
      startCheck: false,
    });
    await engine.idempotent('k', () => 1).catch(({ code }) => console.log(code));
  `);
  expect(await answers).toBe('IDEMPOTENCY_STORE\n');
}, 30_000);

test('the heartbeat of work that never ends does not hold the process', async () => {
  const answers = endOf(`
    void idempotency({ store: memoryStore() }).idempotent('k', () => (console.log('begun'), never()));
  `);
  expect(await answers).toBe('begun\n');
}, 30_000);

test('the heartbeat of work that holds the process goes on', async () => {
  const answers = endOf(`
    const store = memoryStore();
    const { promise: extended, resolve } = Promise.withResolvers();
    const extend = store.extend.bind(store);
    let beats = 0;
    store.extend = (...given) => {
      if (++beats === 3) resolve();
      return extend(...given);
    };
    const held = setInterval(() => {}, 1000);
    await idempotency({ store, lease: 100 }).idempotent('k', () => extended);
    clearInterval(held);
    console.log('done');
  `);
  expect(await answers).toBe('done\n');
}, 30_000);
