import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { expect, it } from 'vitest';
import { fakeRun, get, holding, listening } from '../../../test/holding.ts';
import { until } from '../../../test/serve.ts';
import { holdResponse } from './held-response.ts';

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

it('looks sent as soon as one of two that hold it is told of its end', async () => {
  const [outer, inner] = [fakeRun(), fakeRun()];
  const { promise, resolve } = Promise.withResolvers<void>();
  outer.durable = promise;
  let held: ServerResponse | undefined;
  const port = await listening((_request, response) => {
    holdResponse(response, outer, { bytes: 100, time: Infinity });
    holdResponse(response, inner, { bytes: 1, time: Infinity });
    // Too much for the inner one, which lets it through to the outer one.
    response.write('a little');
    setImmediate(() => response.end(' and the end'));
    held = response;
  });
  const got = get(port);
  await until('the outer one is told', () => outer.finished.length === 1);
  expect([inner.unkept.length, held!.headersSent, held!.writableEnded]).toEqual([1, true, true]);
  resolve();
  expect((await got).body).toBe('a little and the end');
});
