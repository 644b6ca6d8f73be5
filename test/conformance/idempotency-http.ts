import { describe } from 'vitest';
import { bodies, boundedBodies } from './idempotency-http/bodies.ts';
import { closing } from './idempotency-http/closing.ts';
import { departures, failingHooks, failures } from './idempotency-http/failures.ts';
import { keys, usedKeys } from './idempotency-http/keys.ts';
import { payloads } from './idempotency-http/payloads.ts';
import { replayedRequests, replays } from './idempotency-http/replays.ts';
import { settling } from './idempotency-http/settling.ts';
import type { Serve } from './idempotency-http/site.ts';
import { durability, stores } from './idempotency-http/stores.ts';
import { unkept } from './idempotency-http/unkept.ts';

/**
 * What every adapter of idempotency does, over a real server of its framework and real connections. `serve`
 * starts one on a free port, with the routes of `Call.route`.
 */
export function httpConformance(name: string, serve: Serve): void {
  describe(`idempotency over HTTP with ${name}`, () => {
    conformance(serve);
    // These speak HTTP/1 by themselves.
    describe('a key, as it is sent', () => keys(serve));
    describe('a store, before an answer', () => durability(serve));
  });
}

/** As much of it as does not speak HTTP/1 by itself, over HTTP/2. */
export function http2Conformance(name: string, serve: Serve): void {
  describe(`idempotency over HTTP/2 with ${name}`, () => conformance(serve));
}

function conformance(serve: Serve): void {
  describe('a replay', () => {
    replays(serve);
    replayedRequests(serve);
  });
  describe('a key', () => usedKeys(serve));
  describe('a payload', () => payloads(serve));
  describe('a body', () => {
    bodies(serve);
    boundedBodies(serve);
    unkept(serve);
  });
  describe('a failure', () => {
    failures(serve);
    failingHooks(serve);
    departures(serve);
  });
  describe('a request that is settled', () => settling(serve));
  describe('a store', () => stores(serve));
  describe('a close that waits', () => closing(serve));
}
