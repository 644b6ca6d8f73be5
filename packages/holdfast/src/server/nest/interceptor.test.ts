import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { idempotencyInterceptor } from 'holdfast/nest';
import { expect, test } from 'vitest';

test.each([[null], [5], [new Map()]])('an interceptor takes no %o for options', (options) => {
  const engine = idempotency({ store: memoryStore() });
  expect(() => idempotencyInterceptor(engine, options as never)).toThrow(
    /^idempotent\.options must be an object of options, got/,
  );
});
