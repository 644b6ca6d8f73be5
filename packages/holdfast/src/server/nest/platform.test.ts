/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type INestApplication, Module, Req, Version, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { FastifyInstance } from 'fastify';
import { memoryStore } from 'holdfast/memory';
import { HoldfastModule, Idempotent } from 'holdfast/nest';
import { describe, expect, test } from 'vitest';
import { fakeIdempotency } from '../../../test/fake-idempotency.ts';
import { adapterOf, PLATFORMS, send, serveCharge } from '../../../test/nest-charge.ts';

test('an application starts on a platform that is made from Express', async () => {
  const adapter = Object.assign(new ExpressAdapter(), { getType: () => 'own' });
  class App {}
  Module({ imports: [HoldfastModule.forRoot({ idempotency: { store: memoryStore() } })] })(App);
  const app = await NestFactory.create(App, adapter, { logger: false, abortOnError: false });
  await expect(app.init()).resolves.toBe(app);
  await app.close();
});

describe.each(PLATFORMS)('on %s', (platform) => {
  async function scopesOf(set: (app: INestApplication) => unknown, path: string) {
    const engine = fakeIdempotency();
    const port = await serveCharge({
      adapter: adapterOf(platform),
      handler: () => 'done',
      decorators: [Idempotent(), Version('1')],
      options: { idempotency: { engine } },
      set,
    });
    const answer = await send(port, path, { headers: { 'X-Version': '1' } });
    expect(answer.text).toBe('done');
    return engine.asked.map(({ scope }) => scope);
  }

  test('a key belongs to a route by its template, with its prefix and a version in its path', async () => {
    const scopes = await scopesOf(prefix, '/eu/v1/charge?x=1');
    expect(scopes).toEqual([['http', 'POST', '/:shop/v1/charge']]);
  });

  test('versions in a header share their keys', async () => {
    expect(await scopesOf(versionByHeader, '/charge')).toEqual([['http', 'POST', '/charge']]);
  });

  test('a form that is left to the handler is compared by its bytes, and can still be read', async () => {
    const about = { handler: formOf, parameters: [Req()], set: takeForms };
    const port = await serveCharge({ adapter: adapterOf(platform), ...about });
    const first = await send(port, '/charge', form('one'));
    expect([first.status, first.text]).toEqual([201, form('one').body]);
    expect((await send(port, '/charge', form('one'))).replayed).toBe('true');
    expect((await send(port, '/charge', form('two'))).status).toBe(422);
  });
});

function prefix(app: INestApplication): void {
  app.setGlobalPrefix(':shop').enableVersioning({ type: VersioningType.URI });
}

function versionByHeader(app: INestApplication): void {
  app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' });
}

function form(file: string) {
  return {
    headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    body: `--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n${file}\r\n--b--\r\n`,
  };
}

/** Has Fastify leave forms to handlers, as @fastify/multipart does; Express has no parser that takes them. */
function takeForms(app: INestApplication): void {
  const instance = app.getHttpAdapter().getInstance() as Partial<FastifyInstance>;
  instance.addContentTypeParser?.('multipart/form-data', (_request, _payload, done) => done(null));
}

function formOf(request: Readable & { readonly raw?: Readable }): Promise<string> {
  return text(request.raw ?? request);
}
