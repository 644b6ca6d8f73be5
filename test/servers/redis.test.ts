import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../conformance/idempotency-store/stage.ts';
import { type RedisOptions, type RedisServer, startRedis } from './redis.ts';

const starter = fileURLToPath(new URL('redis.ts', import.meta.url));

afterEach(() => vi.unstubAllEnvs());

test.each(['SIGKILL', 'exit', 'uncaught'])(
  'no server and no folder outlives the process that started them: %s',
  async (end) => {
    const program = `
      const { startRedis } = await import(${JSON.stringify(starter)});
      const server = await startRedis({ appendonly: true });
      server.pause();
      console.log(JSON.stringify(server));
      if (${end === 'SIGKILL'}) process.kill(process.pid, 'SIGKILL');
      if (${end === 'uncaught'}) throw new Error('planned');
    `;
    const { port, dir } = await started(program);
    expect(dir).toMatch(/holdfast-/);
    await until(
      'the end of the server',
      async () => await isListening(port),
      (listens) => !listens,
    );
    await until(
      'the removal of its folder',
      async () => existsSync(dir),
      (there) => !there,
    );
  },
);

test('a server keeps its port and its folder when it is started again', async () => {
  const server = await start({ appendonly: true, appendfsync: 'always' });
  await asked(server, (client) => client.set('a', '1'));
  await server.kill();
  expect(await isListening(server.port)).toBe(false);
  await server.restart();
  expect(await asked(server, (client) => client.get('a'))).toBe('1');
  await server.stop();
  expect(await isListening(server.port)).toBe(false);
});

test('a server that is paused answers nothing until it is resumed', async () => {
  const server = await start();
  await asked(server, async (client) => {
    await client.ping();
    server.pause();
    let answered = false;
    const pong = client.ping().then(() => (answered = true));
    // A whole conversation with another server, which this one would have had its share of.
    const other = await start();
    await asked(other, (second) => second.ping());
    expect(answered).toBe(false);
    server.resume();
    expect(await pong).toBe(true);
  });
});

test('a server that cannot start says why', async () => {
  await expect(start({ args: ['--no-such-setting', '1'] })).rejects.toThrow(
    /did not become ready. It said:[^]*no-such-setting/,
  );
  const { port } = await start();
  await expect(start({ port })).rejects.toThrow('Address already in use');
});

test('a program that is not there is named, with what to install', async () => {
  vi.stubEnv('PATH', '');
  vi.stubEnv('HOLDFAST_REDIS_SERVER', '');
  await expect(startRedis()).rejects.toThrow(
    'redis-server or valkey-server is not on the PATH. Install redis-server (apt-get install ' +
      'redis-server, brew install redis), or set HOLDFAST_REDIS_SERVER to the program.',
  );
  vi.unstubAllEnvs();
  vi.stubEnv('HOLDFAST_REDIS_SERVER', 'no-such-program');
  await expect(startRedis()).rejects.toThrow('spawn no-such-program');
});

async function start(options?: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.kill());
  return server;
}

async function asked<T>({ port }: RedisServer, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis({ port });
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

/** What a program that starts a server prints of it, once the program has ended. */
async function started(program: string): Promise<RedisServer> {
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(printed) as RedisServer;
}

async function isListening(port: number): Promise<boolean> {
  const client = new Redis({ port, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
