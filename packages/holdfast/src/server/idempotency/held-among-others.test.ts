import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { fakeRun, get, holding, listening } from '../../../test/holding.ts';
import { holdResponse } from './held-response.ts';
import { problem } from './problems.ts';

/** Codes each body as `compression` does: by a header that it adds to the head, unless that was sent. */
function coding(response: ServerResponse): void {
  const { writeHead, end } = response;
  let codes = false;
  response.writeHead = ((status: number) => {
    codes = true;
    response.removeHeader('Content-Length');
    response.setHeader('Content-Encoding', 'upper');
    return writeHead.call(response, status);
  }) as typeof writeHead;
  response.end = ((body: string | Uint8Array) => {
    if (!response.headersSent) response.writeHead(response.statusCode);
    const text = Buffer.from(body).toString();
    return end.call(response, codes ? text.toUpperCase() : text, 'utf8');
  }) as typeof end;
}

it.each([
  ['an answer', null, 'DONE'],
  ['what is sent in its place', problem('idempotency-lease-lost'), '"CODE":'],
])('what codes bodies in front codes %s', async (_what, instead, body) => {
  const run = { ...fakeRun(), instead };
  const port = await listening((_incoming, response) => {
    coding(response);
    holdResponse(response, { ...run, finish: async () => instead }, { bytes: 1000, time: 1000 });
    response.end('done');
  });
  const got = await get(port);
  expect(got.headers).toMatchObject({ 'content-encoding': 'upper' });
  expect(got.body).toContain(body);
});

it('what takes one end only, as sessions behind do, has had the one of the handler', async () => {
  const run = fakeRun();
  run.instead = problem('idempotency-lease-lost');
  const port = await holding(run, (response) => {
    const { end } = response;
    response.end = ((body: string) => {
      response.end = () => response;
      return end.call(response, body, 'utf8');
    }) as typeof end;
    response.end('done');
  });
  expect(await get(port)).toMatchObject({ status: 409 });
});
