import { expect, test } from 'vitest';

import { fleetOf } from '../spec/fleet.ts';
import { serviceOf } from './grpc-names.ts';

const named = (...names: readonly string[]): ReturnType<typeof fleetOf> =>
  fleetOf({ services: Object.fromEntries(names.map((name) => [name, {}])) });

test.each([
  ['ledger.Transfers', 'ledger.Transfers'],
  ['shop.v1.PaymentsService', 'payments.shop'],
  ['shop.v1.StockLevels', 'stock-levels.shop'],
  ['payments.v1.Transfers', 'transfers'],
  ['api.bank.com', null],
])('%s is %s', (name, service) => {
  const fleet = named(
    'payments.shop',
    'stock-levels.shop',
    'transfers',
    'ledger.Transfers',
    'bank',
  );
  expect(serviceOf(name, fleet)).toBe(service);
});

test('a name that is the same as a whole goes before one whose last part is', () => {
  expect(serviceOf('shop.payments', named('payments', 'shop.payments'))).toBe('shop.payments');
});
