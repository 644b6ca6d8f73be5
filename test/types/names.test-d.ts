/** Who implements a port, or writes a callback or an option apart from where it is used, can name what that needs. */
import { expectTypeOf, test } from 'vitest';
import type { ErrorDetails, HoldfastError } from 'holdfast';
import type { AnswerHead as AnswerHeadOfExpress, keepByStatus } from 'holdfast/express';
import type { AnswerHead as AnswerHeadOfFastify } from 'holdfast/fastify';
import type { FastifyRouteConfig, RouteOptions as RouteOptionsOfFastify } from 'holdfast/fastify';
import type { AnswerHead as AnswerHeadOfHono } from 'holdfast/hono';
import type { FetchContext, RouteOptions as RouteOptionsOfHono } from 'holdfast/hono';
import type {
  Claim,
  ClaimRequest,
  Granted,
  IdempotencyStore,
  Owned,
  RecoveryPoint,
  Transacted,
  TransactionalStore,
  TransactRequest,
} from 'holdfast/idempotency';
import type { AnswerHead as AnswerHeadOfKoa } from 'holdfast/koa';
import type { AnswerHead as AnswerHeadOfNest } from 'holdfast/nest';
import type { Idempotent, RouteOptions as RouteOptionsOfNest } from 'holdfast/nest';
import type { AnswerHead, HttpIdempotencyOptions } from 'holdfast/node-http';

test('of a store of records', () => {
  type Of<Step extends keyof IdempotencyStore> = Parameters<
    Extract<IdempotencyStore[Step], (...given: never) => unknown>
  >;
  expectTypeOf<Of<'claim'>>().toEqualTypeOf<[request: ClaimRequest]>();
  expectTypeOf<Of<'checkpoint'>>().toEqualTypeOf<
    [owned: Owned, point: RecoveryPoint, lease: number]
  >();
  type Work = (tx: string) => Promise<Transacted<number>>;
  type Answer = { readonly kind: 'done'; readonly value: number } | Exclude<Claim, Granted>;
  type Transact = (request: TransactRequest, work: Work) => Promise<Answer>;
  expectTypeOf<TransactionalStore<string>['transact']>().toExtend<Transact>();
});

test('of an answer over HTTP, from wherever it is imported', () => {
  type StoreResult = NonNullable<HttpIdempotencyOptions['storeResult']>;
  expectTypeOf<Parameters<StoreResult>>().toEqualTypeOf<[answer: AnswerHead]>();
  expectTypeOf<AnswerHead>().toExtend<Parameters<typeof keepByStatus>[0]>();
  expectTypeOf<AnswerHeadOfExpress>().toEqualTypeOf<AnswerHead>();
  expectTypeOf<AnswerHeadOfFastify>().toEqualTypeOf<AnswerHead>();
  expectTypeOf<AnswerHeadOfHono>().toEqualTypeOf<AnswerHead>();
  expectTypeOf<AnswerHeadOfKoa>().toEqualTypeOf<AnswerHead>();
  expectTypeOf<AnswerHeadOfNest>().toEqualTypeOf<AnswerHead>();
});

test('of a route', () => {
  expectTypeOf<RouteOptionsOfHono | undefined>().toEqualTypeOf<FetchContext['options']>();
  expectTypeOf<RouteOptionsOfNest>().toExtend<Parameters<typeof Idempotent>[0]>();
  expectTypeOf<RouteOptionsOfFastify>().toExtend<FastifyRouteConfig['idempotent']>();
});

test('of an error', () => {
  expectTypeOf<ConstructorParameters<typeof HoldfastError>[1]>().toEqualTypeOf<ErrorDetails>();
});
