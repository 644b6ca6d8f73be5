import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { serve, until } from '../../packages/holdfast/test/serve.ts';

// Many a caller looks at the status and drops the response, body unread. The runtime frees its
// socket once it is collected; a signal that lives as long as the process kept it from that.

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a response that its caller dropped is collected, and its socket with it', async () => {
  const { signal } = new AbortController();
  const server = await serve((response) => response.writeHead(404).write('and so on'));
  const f = resilientFetch(dependency('shop', { protocol: 'http' }));
  for (const _ of [1, 2, 3]) expect((await f(server.url, { signal })).status).toBe(404);
  expect(server.sockets.size).toBe(3);
  await until('the sockets are closed', () => {
    collect();
    return server.sockets.size === 0;
  });
}, 60_000);
