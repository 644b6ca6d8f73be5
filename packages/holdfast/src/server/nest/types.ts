import type { Execution } from '../../idempotency/index.ts';

/**
 * As much of NestJS as is used here. Its own types are not imported, so that the declarations of this package stand
 * on their own where it is not installed.
 */
export interface ExecutionContextLike {
  getType(): string;
  getClass(): object;
  getHandler(): { readonly name: string };
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown };
}

/** `Handled` is an Observable of rxjs. */
export interface CallHandlerLike<Handled> {
  handle(): Handled;
}

export interface NestInterceptorLike {
  intercept<Handled>(
    context: ExecutionContextLike,
    next: CallHandlerLike<Handled>,
  ): Promise<Handled>;
}

/** A dynamic module, as `imports` takes it. */
export interface DynamicModuleLike {
  readonly module: new () => object;
  readonly imports?: never[];
  readonly providers: {
    readonly provide: string;
    readonly useFactory: (...given: never[]) => Promise<NestInterceptorLike>;
    readonly inject: never[];
  }[];
}

/** What Nest hands to a module's `configure`. */
export interface MiddlewareConsumerLike {
  getHttpAdapter(): { getType(): string; getInstance(): object };
}

/** The request, as a handler gets it by `@Req()` on Express and on Fastify; it is what `tenant` is given. */
export interface NestRequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly originalUrl: string;
  readonly body?: unknown;
  /** The execution that it is handled under; undefined if it takes no part, or goes on unprotected. */
  idempotency?: Execution<unknown>;
}
