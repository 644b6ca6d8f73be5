import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type HeldResponse, holdResponse } from '../src/server/idempotency/held-response.ts';
import type {
  AnswerHead,
  HandlerAnswer,
  HttpAnswer,
  HttpRun,
} from '../src/server/idempotency/http-idempotency.ts';

/** A run that writes down how it ended, and answers what it is told to, when it is told to. */
export interface FakeRun extends HttpRun {
  readonly finished: HandlerAnswer[];
  readonly unkept: AnswerHead[];
  readonly failed: unknown[];
  /** What to send in place of the handler's answer. */
  instead: HttpAnswer | null;
  /** Fulfilled once what was finished is kept. */
  durable: Promise<void>;
}

export function fakeRun(): FakeRun {
  const run: FakeRun = {
    execution: null as never,
    finished: [],
    unkept: [],
    failed: [],
    instead: null,
    durable: Promise.resolve(),
    finish: async (answer) => {
      run.finished.push(answer);
      await run.durable;
      return run.instead;
    },
    finishUnkept: async (head) => {
      run.unkept.push(head);
      await run.durable;
      return run.instead;
    },
    fail: async (error) => void run.failed.push(error),
  };
  return run;
}

export type Handler = (
  response: ServerResponse,
  held: HeldResponse,
  request: IncomingMessage,
) => void;

/** A server whose responses are held. */
export async function holding(
  run: HttpRun,
  handle: Handler,
  limit = 1000,
  time = Infinity,
): Promise<number> {
  return listening((incoming, response) => {
    handle(response, holdResponse(response, run, { bytes: limit, time }), incoming);
  });
}

/** A server of node:http on a free port, gone when the test is over. */
export async function listening(
  listener: (incoming: IncomingMessage, response: ServerResponse) => unknown,
): Promise<number> {
  const server = createServer((incoming, response) => void listener(incoming, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** A response with all that `fetch` hides: raw headers, the status message, trailers. */
export interface WholeResponse {
  readonly status: number | undefined;
  readonly message: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  readonly body: string;
}

export async function get(port: number, method = 'POST'): Promise<WholeResponse> {
  const sent = request({ port, host: '127.0.0.1', method, agent: false });
  sent.end();
  const [incoming] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    status: incoming.statusCode,
    message: incoming.statusMessage,
    headers: incoming.headers,
    trailers: incoming.trailers,
    body: Buffer.concat(chunks).toString(),
  };
}
