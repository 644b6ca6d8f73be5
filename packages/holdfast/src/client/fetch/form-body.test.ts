import { describe, expect, test } from 'vitest';
import { fetching, flaky } from '../../../test/fetching.ts';
import { serve } from '../../../test/serve.ts';

const BOUNDARY = /-{4}formdata-[\w-]+?-[\da-f-]+(?=--\r|\r|$)/g;

/** Names and values with all that must be escaped, texts and files. */
function form(): FormData {
  const fields = new FormData();
  fields.append('plain', 'text');
  fields.append('a "name"\nof two lines', 'one\ntwo\rthree\r\nfour');
  fields.append('file', new File(['bytes\n'], 'a "file"\r\nü.txt', { type: 'text/plain' }));
  fields.append('blob', new Blob([new Uint8Array([0, 10, 255])]));
  fields.append('empty', new File([], 'none'));
  return fields;
}

describe('a form', () => {
  test('is the same bytes in every attempt', async () => {
    const server = await flaky();
    const response = await fetching()(server.url, { method: 'PUT', body: form() });
    expect(response.status).toBe(200);
    expect(server.seen).toHaveLength(3);
    expect(new Set(server.seen.map(({ body }) => body)).size).toBe(1);
    const types = new Set(server.seen.map(({ headers }) => headers['content-type']));
    expect(types.size).toBe(1);
  });

  test('has another boundary in every call', async () => {
    const server = await serve((response) => response.end());
    const f = fetching();
    for (let i = 0; i < 2; i++) await f(server.url, { method: 'POST', body: form() });
    expect(new Set(server.seen.map(({ body }) => body)).size).toBe(2);
  });

  test.each(['text', ''])('is encoded as fetch does it, headers included: %j', async (more) => {
    const server = await serve((response) => response.end());
    const body = more === '' ? new FormData() : form();
    for (const f of [fetch, fetching()]) {
      await f(server.url, { method: 'POST', body, headers: { 'x-own': '1' } });
    }
    const [theirs, ours] = server.seen.map(({ headers, body: sent }) => {
      const { 'content-type': type, 'x-own': own } = headers;
      return { body: sent.replaceAll(BOUNDARY, '#'), type: type!.replaceAll(BOUNDARY, '#'), own };
    });
    expect(ours).toEqual(theirs);
    expect(ours!.type).toBe('multipart/form-data; boundary=#');
  });

  test('can be read by others, and is sent on after a redirect', async () => {
    const server = await serve((response, nth) =>
      nth === 1 ? response.writeHead(307, { location: '/on' }).end() : response.end(),
    );
    await fetching()(server.url, { method: 'POST', body: form() });
    const { body, headers } = server.seen[1]!;
    expect(headers['content-length']).toBe(server.seen[0]!.headers['content-length']);
    const type = headers['content-type']!;
    const read = await new Response(body, { headers: { 'content-type': type } }).formData();
    expect([...read.keys()]).toHaveLength(5);
    expect(read.get('plain')).toBe('text');
    expect(await (read.get('file') as File).text()).toBe('bytes\n');
  });

  test('keeps a type that the caller gave it', async () => {
    const server = await serve((response) => response.end());
    const headers = { 'content-type': 'multipart/form-data; boundary=mine' };
    await fetching()(server.url, { method: 'POST', body: form(), headers });
    expect(server.seen[0]!.headers).toMatchObject(headers);
  });
});
