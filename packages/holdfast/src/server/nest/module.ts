import { idempotency, type Idempotency, type IdempotencyStore } from '../../idempotency/index.ts';
import { keepAnswers } from '../fastify/keep-answers.ts';
import type { FastifyLike } from '../fastify/types.ts';
import { CLOSING } from '../idempotency/options.ts';
import { idempotencyInterceptor, type NestIdempotencyOptions } from './interceptor.ts';
import type { DynamicModuleLike, MiddlewareConsumerLike, NestRequestLike } from './types.ts';

/** What `HoldfastModule` is set up with. */
export interface HoldfastModuleOptions<Source extends object = NestRequestLike> {
  /**
   * What HTTP says of idempotency, over an engine, or over a store that gets an engine of all defaults, which is
   * closed with the application if that calls its shutdown hooks, and waits up to 5 s for handlers that still run.
   */
  readonly idempotency: NestIdempotencyOptions<Source> &
    (
      | { readonly engine: Idempotency<unknown>; readonly store?: never }
      | { readonly store: IdempotencyStore; readonly engine?: never }
    );
}

/** The same, out of what Nest injects. */
export interface HoldfastModuleFactory {
  readonly imports?: readonly unknown[];
  readonly inject?: readonly unknown[];
  readonly useFactory: (
    ...injected: never[]
  ) => HoldfastModuleOptions<never> | Promise<HoldfastModuleOptions<never>>;
}

/** Nest's `APP_INTERCEPTOR`. */
const APP_INTERCEPTOR = 'APP_INTERCEPTOR';

/**
 * `idempotencyInterceptor` as a module, for all of the application.
 *
 * ```ts
 * @Module({ imports: [HoldfastModule.forRoot({ idempotency: { store: sqliteStore('charges.db') } })] })
 * ```
 *
 * Import it first: its interceptor must be the outermost, and of several modules' the first imported is.
 */
export class HoldfastModule {
  /** Nest calls it when the application starts. On Fastify it adds the hooks in which answers are kept. */
  configure(consumer: MiddlewareConsumerLike): void {
    const adapter = consumer.getHttpAdapter();
    if (adapter.getType() === 'fastify') keepAnswers(adapter.getInstance() as FastifyLike);
  }

  /** @throws (when the application starts) TypeError, RangeError for wrong options. */
  static forRoot<Source extends object = NestRequestLike>(
    options: HoldfastModuleOptions<Source>,
  ): DynamicModuleLike {
    return HoldfastModule.forRootAsync({
      useFactory: () => options as HoldfastModuleOptions<never>,
    });
  }

  /** @throws (when the application starts) TypeError, RangeError for wrong options; what `useFactory` throws. */
  static forRootAsync(factory: HoldfastModuleFactory): DynamicModuleLike {
    const { imports = [], inject = [], useFactory } = factory;
    const make = async (...injected: never[]) => interceptorOf(await useFactory(...injected));
    return {
      module: HoldfastModule,
      imports: imports as never[],
      providers: [{ provide: APP_INTERCEPTOR, useFactory: make, inject: inject as never[] }],
    };
  }
}

function interceptorOf(options: HoldfastModuleOptions<never> | undefined) {
  // In JavaScript nothing keeps it from being left out, or its options from standing beside it.
  const { engine: given, store, ...rest } = options?.idempotency ?? {};
  if ((given === undefined) === (store === undefined)) {
    throw new TypeError('HoldfastModule: idempotency needs either an engine or a store');
  }
  if (given !== undefined) return idempotencyInterceptor(given, rest);
  const engine = idempotency({ store: store! });
  const interceptor = idempotencyInterceptor(engine, rest);
  return Object.assign(interceptor, { onApplicationShutdown: () => engine.close(CLOSING) });
}
