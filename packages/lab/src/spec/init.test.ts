import { expect, test } from 'vitest';
import { fleetOf } from './fleet.ts';
import { initSpec } from './init.ts';
import { readSpec } from './load.ts';

test('the spec to start from has everything, and nothing wrong', () => {
  const fleet = fleetOf(readSpec(initSpec(), 'holdfast.yaml').spec);
  expect([...fleet.services.keys()]).toEqual(['web', 'checkout', 'stock', 'payments']);
  expect([...fleet.scenarios.keys()]).toEqual(['payments-slow']);
  const [scenario] = fleet.scenarios.values();
  expect(scenario!.expectations).toHaveLength(3);
});

test('so has what is commented out in it', () => {
  const whole = initSpec().replace('# accept:\n#   - ', 'accept:\n  - ');
  const { spec } = readSpec(
    whole.replace('because', 'at: web, because').replace("at: 'web > checkout', ", ''),
    'x',
  );
  expect(fleetOf(spec).accepted).toHaveLength(1);
});
