import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';

// Chunks of a body that are views of one buffer, as those of Node's sockets and of mocks are: the
// first was taken for all of the body, and a stream took the others' memory away.

const two = new TextEncoder().encode('one, two');

const bodies: [string, () => unknown[]][] = [
  ['one buffer', () => [two.subarray(0, 5), two.subarray(5)]],
  ['Node`s pool', () => [Buffer.from('one, '), Buffer.from('two')]],
  ['an empty chunk', () => [new Uint8Array(), two]],
];

const answering = (chunks: () => unknown[]): typeof fetch =>
  resilientFetch(dependency('shop', { protocol: 'http' }), {
    fetch: async () => new Response(ReadableStream.from(chunks()) as ReadableStream),
  });

test.each(bodies)('a body of %s is read whole', async (_, chunks) => {
  const f = answering(chunks);
  expect(await (await f('http://shop.internal/')).text()).toBe('one, two');
  const { buffer, byteLength } = await (await f('http://shop.internal/')).bytes();
  expect(Buffer.from(buffer, 0, byteLength).toString()).toBe('one, two');
});

test.each(bodies)('a body of %s is streamed whole', async (_, chunks) => {
  const parts: Uint8Array[] = [];
  for await (const part of (await answering(chunks)('http://shop.internal/')).body!) {
    parts.push(part);
  }
  expect(Buffer.concat(parts).toString()).toBe('one, two');
  expect(two.byteLength).toBe(8); // nobody has taken it away
});

test.each([
  ['text', 'text'],
  ['wider numbers', new Uint16Array([7])],
  ['a view', new DataView(new ArrayBuffer(2))],
  ['nothing at all', undefined],
])('a body of %s, which is no bytes, is refused', async (_, chunk) => {
  const response = await answering(() => [chunk])('http://shop.internal/');
  await expect(response.text()).rejects.toThrow('no bytes');
});
