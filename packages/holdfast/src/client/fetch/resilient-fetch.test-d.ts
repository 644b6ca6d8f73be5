import { expectTypeOf, test } from 'vitest';
import type { Classifier } from '../../core/outcome.ts';
import { dependency } from '../dependency.ts';
import type { HoldfastEvent } from '../events.ts';
import { resilientFetch } from './index.ts';

const ofResponses: Classifier<Response> = ({ ok }) => (ok ? 'success' : 'transient');
const ofRows: Classifier<readonly string[]> = () => 'success';
const shop = dependency('shop', { protocol: 'http' });

test('resilientFetch has fetch`s own signature', () => {
  expectTypeOf(resilientFetch(shop)).toEqualTypeOf<typeof fetch>();
  expectTypeOf(resilientFetch(shop, { bodyIdleTimeout: '5s' })).toExtend<typeof fetch>();
});

test('what it tells is one of Holdfast`s events', () => {
  expectTypeOf<Extract<HoldfastEvent, { type: 'fetch.body-failed' }>['why']>().toEqualTypeOf<
    'timeout' | 'error'
  >();
});

// oxlint-disable-next-line vitest/expect-expect -- the compiler expects
test('resilientFetch takes a dependency that knows what a response means', () => {
  resilientFetch(dependency('shop', { classify: ofResponses }));
  resilientFetch(dependency('shop', { preset: 'http' }));
  resilientFetch(dependency('shop', { preset: 'payments', protocol: 'http' }));
  resilientFetch(dependency('shop', { protocol: 'http', fallback: { value: new Response() } }));
});

// oxlint-disable-next-line vitest/expect-expect -- the compiler expects
test('resilientFetch takes no other', () => {
  // @ts-expect-error nobody says what an answer means
  resilientFetch(dependency('shop', { retry: false }));
  // @ts-expect-error it means rows, not answers
  resilientFetch(dependency('shop', { classify: ofRows }));
  const withText = dependency('shop', { protocol: 'http', fallback: { value: 'instead' } });
  // @ts-expect-error its fallback is no response
  resilientFetch(withText);
  // @ts-expect-error a misspelt option
  resilientFetch(shop, { bodyTimeout: '5s' });
});
