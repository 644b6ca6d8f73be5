import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf, Snippets } from '../docs.ts';

const root = join(import.meta.dirname, '../..');
/** Bytes: more than systems hold for a connection. */
const LONG = 16_000_000;

const bodies = {
  /** Only once the process was told to end, which it is when the request has come. */
  late: `
const bodyOf = (_response: object): Promise<Buffer> => new Promise((resolve) => {
  process.once('SIGTERM', () => setImmediate(() => resolve(Buffer.alloc(${LONG}))));
  process.kill(process.pid, 'SIGTERM');
});
`,
  /** At once, and the process is told to end when the answer was ended, of which most has not left then. */
  early: `
const bodyOf = async (response: { readonly writableEnded: boolean }): Promise<Buffer> => {
  const tell = (): unknown =>
    response.writableEnded ? process.kill(process.pid, 'SIGTERM') : setImmediate(tell);
  tell();
  return Buffer.alloc(${LONG});
};
`,
};

const fastify = {
  path: 'docs/middleware/fastify.md',
  changes: {
    'await app.listen({ port: 8080 });':
      'const config = { holdfast: { idempotent: true } };\n' +
      "app.post('/', { config }, (_request, reply) => void bodyOf(reply.raw).then((body) => reply.send(body)));\n" +
      'await app.listen({ port: 0 });\nconsole.log(app.server.address().port);',
  },
} as const;
const guide = {
  path: 'docs/guides/idempotency.md',
  changes: {
    'void response.writeHead(201).end()':
      'void bodyOf(response).then((body) => response.end(body))',
    'server.listen(8080);': 'server.listen(0, () => console.log(server.address().port));',
  },
} as const;

test.each([
  { ...guide, when: 'late' },
  { ...fastify, when: 'late' },
  { ...fastify, when: 'early' },
] as const)(
  'the way down in $path cuts off no $when answer that a slow client reads',
  async ({ path, changes, when }) => {
    const page = { path, text: readFileSync(join(root, path), 'utf8') };
    const block = blocksOf(page).find(({ text }) =>
      text.includes("process.once('SIGTERM', stop)"),
    )!;
    let { text } = block;
    for (const [from, to] of Object.entries(changes)) {
      expect(text).toContain(from);
      text = text.replace(from, to);
    }
    const { home } = new Snippets([{ ...block, name: 'server:1', text: text + bodies[when] }]);
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    const server = spawn(process.execPath, [join(home, 'server.1.ts')], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void server.kill('SIGKILL'));
    const ended = once(server, 'exit');
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    expect(await readSlowly(Number(line.toString()))).toBeGreaterThan(LONG);
    expect(await ended).toEqual([0, null]);
  },
);

/** The bytes of the answer that came, with its head, until the server ended the connection. */
async function readSlowly(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k1\r\nContent-Length: 0\r\n\r\n');
  await once(socket, 'readable');
  // Its other end has ended the answer by now, and cannot get rid of it.
  await sleep(500);
  let size = 0;
  for await (const chunk of socket) size += (chunk as Buffer).length;
  return size;
}
