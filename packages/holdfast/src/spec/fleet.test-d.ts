import { expectTypeOf, test } from 'vitest';
import type { Dependency } from '../client/dependency.ts';
import type { HttpAnswer } from '../client/http.ts';
import type { Classifier } from '../core/outcome.ts';
import type { SpecService } from './fleet.ts';

declare const checkout: SpecService;
const ofRows: Classifier<readonly string[]> = () => 'success';

const ofFetch = () => checkout.dependency('a');
const ofOwn = () => checkout.dependency('a', { classify: ofRows });
// Of an outcome that nobody names, nothing is known.
const ofAny = () =>
  checkout.dependency('a', { classify: ({ ok }) => (ok ? 'success' : 'transient') });
const ofGrpc = () => checkout.dependency('a', { protocol: 'grpc' });
const wrapped = (...args: Parameters<SpecService['dependency']>): unknown =>
  checkout.dependency(...args);

test('what code gives says what a dependency understands', () => {
  expectTypeOf(ofFetch).returns.toEqualTypeOf<Dependency<HttpAnswer>>();
  expectTypeOf(ofOwn).returns.toEqualTypeOf<Dependency<readonly string[]>>();
  expectTypeOf(ofAny).returns.toEqualTypeOf<Dependency>();
  expectTypeOf(ofGrpc).returns.toEqualTypeOf<Dependency>();
});

test('a wrapper takes all that it takes', () => {
  expectTypeOf(wrapped).toBeCallableWith('a');
  expectTypeOf(wrapped).toBeCallableWith('a', { classify: () => 'success' });
  expectTypeOf(wrapped).toBeCallableWith('a', { protocol: 'grpc' });
  expectTypeOf(wrapped).toBeCallableWith('a', { fallback: { value: 'instead' } });
  // @ts-expect-error it belongs in the spec
  expectTypeOf(wrapped).toBeCallableWith('a', { timeout: '9s' });
});
