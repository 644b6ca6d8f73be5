/* oxlint-disable typescript/no-extraneous-class -- Nest knows controllers and modules by their classes. */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { memoryStore } from 'holdfast/memory';
import { HoldfastModule } from 'holdfast/nest';
import { expect, test } from 'vitest';

/** An application of this platform, as its adapter says, is started. */
async function startedOn(platform: string): Promise<string> {
  const adapter = Object.assign(new ExpressAdapter(), { getType: () => platform });
  class App {}
  Module({ imports: [HoldfastModule.forRoot({ idempotency: { store: memoryStore() } })] })(App);
  const app = await NestFactory.create(App, adapter, { logger: false, abortOnError: false });
  try {
    await app.init();
    return 'started';
  } finally {
    await app.close();
  }
}

test('on the Fastify platform no application starts: its first charge would have failed', async () => {
  await expect(startedOn('fastify')).rejects.toThrow(
    'HoldfastModule needs the Express platform (@nestjs/platform-express), got fastify',
  );
});

test('on Express it starts, and on what is made from it', async () => {
  await expect(startedOn('express')).resolves.toBe('started');
  await expect(startedOn('own')).resolves.toBe('started');
});
