import { describe, expectTypeOf, test } from 'vitest';
import { bulkhead } from '../policies/bulkhead/bulkhead.ts';
import { retry } from '../policies/retry/retry.ts';
import { timeout } from '../policies/timeout/timeout.ts';
import { classify } from './classify.ts';
import { type MissingClassifier, type Pipeline, pipeline } from './pipeline.ts';

const wrong = () =>
  pipeline(
    timeout(),
    // @ts-expect-error it was not called
    bulkhead,
  );

describe('pipeline', () => {
  test('takes any number of policies that need nothing beside them', () => {
    expectTypeOf(pipeline()).toEqualTypeOf<Pipeline>();
    expectTypeOf(pipeline(timeout())).toEqualTypeOf<Pipeline>();
    expectTypeOf(pipeline(bulkhead(), timeout())).toEqualTypeOf<Pipeline>();
  });

  test('takes a retry with a classifier, and only then', () => {
    const judged = pipeline(
      classify((outcome: { ok: boolean }) => (outcome.ok ? 'success' : 'transient')),
      retry(),
      timeout(),
    );
    expectTypeOf(judged).toEqualTypeOf<Pipeline>();
    // @ts-expect-error nobody says what an outcome means
    expectTypeOf(pipeline(retry(), timeout())).toEqualTypeOf<Pipeline>();
  });

  test('says of the very part that does not fit what is wrong with it', () => {
    type Parts = Parameters<
      typeof pipeline<[ReturnType<typeof timeout>, ReturnType<typeof retry>]>
    >;
    expectTypeOf<Parts[0]>().not.toExtend<MissingClassifier>();
    expectTypeOf<Parts[1]>().toExtend<MissingClassifier>();
    expectTypeOf(wrong).toBeFunction();
  });
});
