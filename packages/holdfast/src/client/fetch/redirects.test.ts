import { describe, expect, test } from 'vitest';
import { fetching } from '../../../test/fetching.ts';
import { serve } from '../../../test/serve.ts';

/** Answers /307 with that redirect to /there, and all else with what it was asked. */
const redirecting = () =>
  serve((response, _nth, { method, url, headers, body }) => {
    if (url === '/there') {
      response.end(JSON.stringify([method, body, headers['content-type'], headers['x-a']]));
    } else {
      response.writeHead(Number(url!.slice(1)), { location: '/there' }).end();
    }
  });

const told = async (response: Response): Promise<unknown> => [
  response.redirected,
  response.url,
  await response.json(),
];

describe('redirects are followed as fetch does:', () => {
  const bodies: [string, (url: string) => Parameters<typeof fetch>][] = [
    ['a GET', (url) => [url, { headers: { 'x-a': '1' } }]],
    ['a POST', (url) => [url, { method: 'POST', body: 'text', headers: { 'x-a': '1' } }]],
    ['a PUT', (url) => [url, { method: 'PUT', body: new URLSearchParams({ a: 'b' }) }]],
    ['a Request', (url) => [new Request(url, { method: 'PUT', body: 'text' })]],
  ];

  describe.each(bodies)('%s', (_, given) => {
    test.each([301, 302, 303, 307, 308])('%i', async (status) => {
      const server = await redirecting();
      const url = `${server.url}/${status}`;
      const ours = await told(await fetching()(...given(url)));
      expect(ours).toEqual(await told(await fetch(...given(url))));
      expect(server.seen).toHaveLength(4);
    });
  });

  test('redirects that are wanted by hand, or not at all', async () => {
    const { url } = await serve((response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const byHand = await fetching()(url, { redirect: 'manual' });
    expect(byHand.status).toBe(302);
    const refused = fetching()(url, { redirect: 'error' });
    await expect(refused).rejects.toThrow(new TypeError('fetch failed'));
  });
});
