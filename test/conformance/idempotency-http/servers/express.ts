import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Express, json, NextFunction, Request, Response } from 'express';
import { idempotent, idempotentErrors } from 'holdfast/express';
import { FOR_ALL, type Handle, type Reply, type Serve } from '../site.ts';
import { listening } from './listening.ts';

interface Framework {
  (): Express;
  readonly json: typeof json;
}

/** Express, the middleware before each handler and behind the parser of bodies. */
export function serveExpress(framework: Framework): Serve {
  return async (handle, { engine, http, route }) => {
    const app = framework();
    // Its log of errors is no part of the tests.
    app.set('env', 'test');
    app.use((_request, response, next) => (response.set(FOR_ALL), next()));
    app.use(framework.json({ limit: '10mb' }));
    const once = idempotent(engine, { ...http, ...route });
    for (const path of ['/charge', '/binary', '/stream', '/fail']) {
      app.post(path, once, answering(handle, `POST ${path}`));
    }
    app.put('/thing/:id', once, answering(handle, 'PUT /thing/:id'));
    app.get('/charge', once, answering(handle, 'GET /charge'));
    app.use(idempotentErrors);
    return listening(createServer(app));
  };
}

function answering(handle: Handle, route: string) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const { method, idempotency: execution } = request;
    // Express 4 makes an empty object of no body.
    const body: unknown = request.headers['content-type'] === undefined ? undefined : request.body;
    const id = request.params['id'] as string | undefined;
    try {
      await send(response, await handle({ method, route, id, body, execution }));
    } catch (error) {
      // Express 4 knows no promises.
      next(error);
    }
  };
}

async function send(response: Response, { status, headers, body }: Reply): Promise<void> {
  response.status(status).set(headers);
  if (typeof body === 'object' && Symbol.asyncIterator in body) {
    await pipeline(Readable.from(body), response);
  } else if (body === undefined) {
    response.end();
  } else {
    response.send(typeof body === 'string' ? body : Buffer.from(body));
  }
}
