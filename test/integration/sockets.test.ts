import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { serve } from '../../packages/holdfast/test/serve.ts';
import { AT_ONCE, runFile } from './child.ts';
import type { Left } from './programs/left.ts';

const CALLS = 10_000;
/** Bytes that the heap may grow by: what fetch keeps for itself comes and goes by a third of it. */
const NOISE = 3_000_000;
/** How many calls must have ended each way; a machine that is busy makes timeouts of most. */
const MANY = 10;
/** More than a socket takes in that nobody reads from. */
const LARGE = 'x'.repeat(200_000);

/** What the server does, by the path; `-first` behind it: with first attempts alone. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  small: (response) => void response.end('small'),
  large: (response) => void response.end(LARGE),
  unavailable: (response) => void response.writeHead(503).end(LARGE),
  reset: (response) => void response.socket!.destroy(),
  silent: () => {},
  stuck: (response) => void response.write('some of it'),
};

test('ten thousand HTTP calls leave no socket, listener, timer or memory', async () => {
  const server = await serve((response, _, { url, headers }) => {
    const [, what, first] = /^\/(\w+)(-first)?$/.exec(url!)!;
    const again = !/\battempt=1\b/.test(String(headers['holdfast-context']));
    ANSWERS[first !== undefined && again ? 'small' : what!]!(response);
  });
  const args = [server.url, String(CALLS)];
  const { code, stdout, stderr, lingered } = await runFile('programs/sockets.ts', args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { grown, open, listeners, outcomes } = JSON.parse(stdout) as Left;
  expect({ open, listeners }).toEqual({ open: [], listeners: 0 });
  expect(grown).toBeLessThan(NOISE);
  expect(lingered).toBeLessThan(AT_ONCE);
  const endings = ['200', '503', 'aborted', 'ATTEMPT_TIMEOUT'];
  expect(endings.filter((how) => !(outcomes[how]! > MANY))).toEqual([]);
}, 160_000);
