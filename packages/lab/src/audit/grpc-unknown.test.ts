import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { temporaryFolder } from '../../test/folder.ts';
import { RETRY } from '../../test/grpc.ts';
import { fleetOf } from '../spec/fleet.ts';
import { readGrpc } from './grpc.ts';
import type { LayersRead } from './layers.ts';

const fleet = fleetOf({
  name: 'shop',
  services: {
    web: { calls: [{ to: 'payments', policy: 'none', idempotent: true }] },
    payments: {},
  },
  users: { shoppers: { to: 'web', rate: 10 } },
});

async function read(config: unknown): Promise<LayersRead> {
  const file = join(await temporaryFolder(), 'grpc.json');
  await writeFile(file, JSON.stringify(config, null, 2));
  return readGrpc(file, fleet);
}

it('tells once of a service that is not in the spec, at the first of its methods', async () => {
  const methods = ['Get', 'List', 'Watch'].map((method) => ({ service: 'shop.Prices', method }));
  const found = await read({
    methodConfig: [
      { name: methods.slice(0, 2), retryPolicy: RETRY },
      { name: [methods[2], { service: 'shop.Offers' }], timeout: '1s' },
    ],
  });
  expect(found.findings).toMatchObject([
    { rule: 'mesh-name-unmatched', at: 'shop.Prices', place: { line: 5 } },
    { rule: 'mesh-name-unmatched', at: 'shop.Offers' },
  ]);
});

it('takes no list for a service config, which gRPC refuses, nor the choices of a DNS record', async () => {
  const config = { methodConfig: [{ name: [{ service: 'payments' }], retryPolicy: RETRY }] };
  const list = await read([config]);
  const choices = await read([{ clientLanguage: ['go'], percentage: 50, serviceConfig: config }]);
  for (const { layers } of [list, choices]) expect(layers).toEqual([]);
  expect(list.findings).toMatchObject([
    { severity: 'error', message: 'the document must be an object, got an array' },
  ]);
  expect(choices.findings).toMatchObject([
    {
      severity: 'error',
      message:
        'the document must be an object, got an array of choices, as a DNS record has them: give the audit the serviceConfig of one',
    },
  ]);
});

it.each([
  [{ methodConfig: [], $schema: 'a' }, '$schema is not a field'],
  [{ methodConfig: [{ name: [{}], comment: 'a' }] }, 'methodConfig[0].comment is not a field'],
  [
    { methodConfig: [{ name: [{}], retryPolicy: { ...RETRY, max_attempts: 3 } }] },
    "did you mean 'maxAttempts'",
  ],
])('does not count what gRPC ignores for more than a slip: %j', async (config, message) => {
  const { findings, layers } = await read(config);
  expect(findings).toMatchObject([{ rule: 'grpc-invalid', severity: 'warning' }]);
  expect(findings[0]?.message).toContain(message);
  // The rest is as it is.
  expect(layers.some(({ maxAttempts }) => maxAttempts === 4)).toBe(message.startsWith('did'));
});
