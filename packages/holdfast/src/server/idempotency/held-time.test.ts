import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { fakeRun, holding } from '../../../test/holding.ts';
import { until } from '../../../test/serve.ts';
import { type BoundedStream, readUpTo } from './bounded-stream.ts';

/** Held until the next turn of the event loop. */
const AT_ONCE = { bytes: 1000, time: 0 };

test.each(['write', 'flushHeaders'] as const)(
  'a response that was begun by %s and does not end goes out, told as unkept',
  async (how) => {
    const run = fakeRun();
    let end!: () => void;
    const port = await holding(
      run,
      (response) => {
        response.statusCode = 201;
        if (how === 'write') response.write('do');
        else response.flushHeaders();
        end = () => response.end('ne');
      },
      1000,
      0,
    );
    const head = await new Promise<IncomingMessage>((resolve) => {
      get({ port }, resolve);
    });
    expect(head.statusCode).toBe(201);
    expect([run.unkept.length, run.finished.length]).toEqual([1, 0]);
    end();
    expect(await text(head)).toBe(how === 'write' ? 'done' : 'ne');
    expect([run.unkept.length, run.finished.length]).toEqual([1, 0]);
  },
);

test('a response of one piece is kept, however long its handler took after its head', async () => {
  const run = fakeRun();
  const port = await holding(
    run,
    async (response) => {
      response.writeHead(201);
      for (let turns = 0; turns < 20; turns++) await turn();
      response.end('done');
    },
    1000,
    0,
  );
  await (await fetch(`http://127.0.0.1:${port}`)).text();
  expect([run.unkept.length, run.finished.length]).toEqual([0, 1]);
});

test('a response that ended in time is told once, although its time passes before it is durable', async () => {
  const run = fakeRun();
  const durable = Promise.withResolvers<void>();
  run.durable = durable.promise;
  const port = await holding(
    run,
    (response) => {
      response.write('do');
      response.end('ne');
    },
    1000,
    0,
  );
  const response = fetch(`http://127.0.0.1:${port}`);
  await until('it is told', () => run.finished.length === 1);
  for (let turns = 0; turns < 20; turns++) await turn();
  durable.resolve();
  expect(await (await response).text()).toBe('done');
  expect([run.unkept.length, run.finished.length]).toEqual([0, 1]);
});

test('a stream that comes slowly is all there, in what is left to read', async () => {
  let push!: (text: string) => void;
  let close!: () => void;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      push = (piece) => controller.enqueue(Buffer.from(piece));
      close = () => controller.close();
    },
  });
  push('one, ');
  const read = await readUpTo(stream, AT_ONCE);
  expect(read.kind).toBe('beyond');
  push('two, ');
  push('three');
  close();
  expect(await textOf(read)).toBe('one, two, three');
});

test('a stream that comes slowly, and fails when its time is over, fails who reads the rest', async () => {
  let fail!: (error: Error) => void;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(Buffer.from('one'));
      fail = (error) => controller.error(error);
    },
  });
  const read = await readUpTo(stream, AT_ONCE);
  fail(new Error('disk on fire'));
  for (let turns = 0; turns < 20; turns++) await turn();
  await expect(textOf(read)).rejects.toThrow('disk on fire');
});

test.each<[what: string, piece: unknown]>([
  ['other numbers than bytes', new Float64Array([1.5])],
  ['a buffer without a view', new ArrayBuffer(2)],
  ['an object', { id: 1 }],
])('a stream of %s is refused, and closed', async (_what, piece) => {
  const cancel = vi.fn<() => void>();
  const stream = new ReadableStream({ start: (controller) => controller.enqueue(piece), cancel });
  await expect(readUpTo(stream, AT_ONCE)).rejects.toThrow('must be text or bytes, got');
  expect(cancel).toHaveBeenCalledTimes(1);
});

test('a stream of text is taken as its bytes, as servers of Node send it', async () => {
  const read = await readUpTo(ReadableStream.from(['n', 'é']) as ReadableStream<never>, AT_ONCE);
  expect(await textOf(read)).toBe('né');
});

test('a stream that has not begun is waited for', async () => {
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      for (let turns = 0; turns < 20; turns++) await turn();
      controller.close();
    },
  });
  expect((await readUpTo(stream, AT_ONCE)).kind).toBe('whole');
});

function textOf(read: BoundedStream): Promise<string> {
  return new Response(read.kind === 'beyond' ? read.stream : read.bytes).text();
}
