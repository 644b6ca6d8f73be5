import { expect, test } from 'vitest';
import { audit } from '../audit/audit.ts';
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

test('the audit has no finding in it but the one that it accepts', () => {
  const { spec, placeOf } = readSpec(initSpec(), 'holdfast.yaml');
  const { findings } = audit(fleetOf(spec), { placeOf });
  expect(findings.map(({ rule, at }) => `${rule} ${at}`)).toEqual(['no-fallback checkout > stock']);
  expect(findings[0]!.accepted).not.toBeNull();
});
