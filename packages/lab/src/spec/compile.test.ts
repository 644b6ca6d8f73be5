import { fleetFrom } from 'holdfast/spec';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';
import { compileSpec } from './compile.ts';
import { fleetOf } from './fleet.ts';
import { initSpec } from './init.ts';
import { readSpec } from './load.ts';

const careful = { protocol: 'http', timeout: '300ms' } as const;
const fleet = fleetOf({
  policies: { careful },
  services: {
    web: {
      calls: [
        { to: 'stock', policy: 'careful' },
        {
          together: [
            { to: 'stock', policy: { ...careful } },
            { to: 'stock', policy: 'none' },
          ],
        },
        { to: 'payments' },
      ],
    },
    stock: {},
    payments: { external: true },
  },
});

test('a spec is compiled to the dependencies of its own services', () => {
  const none = { retry: false, breaker: false, bulkhead: false, deadline: false };
  expect(compileSpec(fleet)).toEqual({
    holdfast: 1,
    services: {
      web: { dependencies: { stock: careful, 'stock (3)': none, payments: {} } },
      stock: { dependencies: {} },
    },
  });
});

test('services run what was compiled', async () => {
  const runtime = testRuntime();
  const json = JSON.stringify(compileSpec(fleet));
  const web = fleetFrom(JSON.parse(json), runtime).service('web');
  expect(web.dependencies).toEqual(['stock', 'stock (3)', 'payments']);
  expect(web.dependency('stock').explain()).toContain('300ms');
  expect(
    await web.dependency('stock (3)').call(() => ({ status: 200, headers: new Headers() })),
  ).toMatchObject({ status: 200 });
  expect(() => web.dependency('payments')).toThrow('classify is needed');
});

test('every edge of the spec to start from can be made', () => {
  const started = fleetOf(readSpec(initSpec(), 'holdfast.yaml').spec);
  const run = fleetFrom(structuredClone(compileSpec(started)), testRuntime());
  for (const { name, external, stages } of started.services.values()) {
    const wanted = stages.flat().map(({ to }) => to);
    const made = external ? [] : run.service(name).dependencies;
    expect(made).toEqual(wanted);
    for (const to of wanted) expect(run.service(name).dependency(to).name).toBe(to);
  }
});
