import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { expect, it } from 'vitest';
import { fakeRun, get, holding } from '../../../test/holding.ts';

it('leaves all responses of one hidden class, since Node is slow with those that are of none', async () => {
  setFlagsFromString('--allow-natives-syntax');
  const isOfOneClass = new Function('a', 'b', 'return %HasFastProperties(a) && %HaveSameMap(a, b)');
  const responses: ServerResponse[] = [];
  const port = await holding(fakeRun(), (response) => {
    responses.push(response);
    response.end('done');
  });
  for (let i = 0; i < 4; i++) await get(port);
  expect(isOfOneClass(responses[2], responses[3])).toBe(true);
});
