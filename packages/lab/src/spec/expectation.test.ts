import { describe, expect, test } from 'vitest';
import { parseExpectation } from './expectation.ts';

const parse = (text: string) =>
  parseExpectation(text, { services: ['payments'], users: ['shoppers'] });

describe('an expectation', () => {
  test.each([
    ['amplification at payments <= 1.2', 'amplification', 'payments', 'all', '<=', 1.2],
    ['goodput at shoppers after >= 95%', 'goodput', 'shoppers', 'after', '>=', 0.95],
    ['goodput >= 95 %', 'goodput', null, 'all', '>=', 0.95],
    ['goodput before>=0.9', 'goodput', null, 'before', '>=', 0.9],
    ['goodput>=95%', 'goodput', null, 'all', '>=', 0.95],
    ['queue at payments<=5', 'queue', 'payments', 'all', '<=', 5],
    ['p99 at payments during the fault <= 250ms', 'p99', 'payments', 'fault', '<=', 250],
    ['recovers within 10s', 'recovery', null, 'all', '<=', 10_000],
    ['recovery <= 1.5m', 'recovery', null, 'all', '<=', 90_000],
    ['recovery at shoppers <= 5s', 'recovery', 'shoppers', 'all', '<=', 5000],
    ['duplicates = 0', 'duplicates', null, 'all', '=', 0],
    ['  not   metastable ', 'metastable', null, 'all', '=', 0],
  ])('is read from %j', (text, measure, at, during, is, bound) => {
    expect(parse(text)).toEqual({ text, measure, at, during, is, bound });
  });

  test.each([
    ['goodputt >= 3', "did you mean 'goodput'?"],
    ['constructor >= 3', "there is no 'constructor'"],
    [
      'goodput at x >= 95%',
      "must be at a service or at users; there is no 'x', known are payments, shoppers",
    ],
    ['queue at x <= 5', "must be at a service; there is no 'x', known are payments"],
    ['queue at shoppers <= 5', 'must be at a service: shoppers has no queue; there are payments'],
    ['amplification at shoppers <= 2', 'must be at a service: shoppers'],
    ['duplicates at shoppers = 0', 'must be at a service: shoppers'],
    ['wasted at shoppers <= 5%', 'must be at a service: shoppers'],
    [
      'recovery at payments <= 5s',
      'must be at users: payments has no recovery; there are shoppers',
    ],
    ['metastable at payments = 0', 'must be at users: payments'],
    ['recovery after <= 5s', "must not have 'after': recovery is measured over the whole run"],
    ['metastable at shoppers during the fault = 0', "must not have 'during the fault': metastable"],
    ['goodput >= 95', "must end with a share from 0 to 1, or like '95%' for goodput, got '95'"],
    ['p99 <= 5', "must end with a duration like '250ms' or '10s' for p99, got '5'"],
    ['queue <= 5ms', 'must end with a number of at least 0, without a unit for queue'],
    ['queue <= -5', "got '-5'"],
    ['recovers within soon', "got 'soon'"],
    ['goodput > 5', "or 'not metastable', got 'goodput > 5'"],
    ['goodput sometimes >= 5%', "must be '<measure>"],
    [
      'p99 at shoppers > payments <= 1s',
      'must be at a service or at users, and shoppers > payments is an edge: its calls are in the report; say at payments or at shoppers',
    ],
    ['goodput at payments>payments >= 5%', 'payments > payments is an edge'],
    ['goodput at shoppers > 95%', "must be '<measure>"],
    ['', "must be '<measure>"],
  ])('is not %j', (text, message) => expect(parse(text)).toContain(message));
});
