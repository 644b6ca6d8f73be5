/** A request takes one of several routes or methods: what may repeat its effect is looked for on each of them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { placeOf } from '../../test/cases.ts';
import { temporaryFolder } from '../../test/folder.ts';
import { RETRY } from '../../test/grpc.ts';
import { meshReader } from '../../test/meshes.ts';
import { fleetOf } from '../spec/fleet.ts';
import { audit } from './audit.ts';
import type { Finding } from './finding.ts';
import { readGrpc } from './grpc.ts';
import type { LayersRead } from './layers.ts';

/** Nobody says of the one call that it may be repeated. */
const fleet = fleetOf({
  name: 'shop',
  services: { web: { calls: [{ to: 'stock', policy: 'none' }] }, stock: {} },
  users: { shoppers: { to: 'web', rate: 10 } },
});
const read = meshReader(fleet);

const UNSAFE: ReadonlySet<string> = new Set(['unsafe-retry', 'grpc-hedging-not-repeatable']);

function unsafeIn(given: LayersRead): readonly Finding[] {
  const { findings } = audit(fleet, { ...given, placeOf });
  return findings.filter(({ rule }) => UNSAFE.has(rule));
}

async function inRoutes(...http: readonly string[]): Promise<readonly Finding[]> {
  const routes = http.map((one) => `{ ${one}, route: [{ destination: { host: stock } }] }`);
  const spec = `spec: { hosts: [stock], http: [${routes.join(', ')}] }`;
  return unsafeIn(await read(`kind: VirtualService\n${spec}`));
}

async function inRule(match: string): Promise<readonly Finding[]> {
  return unsafeIn(
    await read(`kind: HTTPRoute
spec:
  parentRefs: [{ group: "", kind: Service, name: stock }]
  rules: [{ matches: [${match}], backendRefs: [{ name: stock }], retry: { codes: [500] } }]`),
  );
}

async function inMethods(...policies: readonly object[]): Promise<readonly Finding[]> {
  const methodConfig = policies.map((policy, i) => ({
    name: [{ service: 'shop.Stock', method: `M${i}` }],
    ...policy,
  }));
  const file = join(await temporaryFolder(), 'grpc.json');
  await writeFile(file, JSON.stringify({ methodConfig }));
  return unsafeIn(await readGrpc(file, fleet));
}

function on(retryOn: string, attempts: number): string {
  return `retries: { attempts: ${attempts}, retryOn: "${retryOn}" }`;
}

describe('of the routes of a VirtualService', () => {
  const some = 'match: [{ uri: { prefix: /a } }]';

  test('one that repeats effects counts beside one with more attempts that does not', async () => {
    const found = await inRoutes(`${some}, ${on('connect-failure', 4)}`, on('5xx', 1));
    expect(found).toMatchObject([
      {
        rule: 'unsafe-retry',
        message:
          'web > stock is neither idempotent nor keyed, but its sidecar layer repeats it on 5xx (up to 2 attempts)',
        value: 2,
      },
    ]);
    // Nobody has asked for the three attempts of the first.
    expect(await inRoutes(some, on('reset', 1))).toHaveLength(1);
    expect(await inRoutes(some, on('refused-stream', 1))).toEqual([]);
  });

  test.each([
    '{ method: { exact: GET } }',
    '{ method: { regex: GET|HEAD } }',
    '{ method: { regex: ^(GET|OPTIONS)$ } }',
    '{ method: { exact: GET } }, { method: { exact: HEAD }, uri: { prefix: / } }',
  ])('one for what has no effect may repeat it: %s', async (matches) => {
    const reads = `match: [${matches}], ${on('5xx', 3)}`;
    expect(await inRoutes(reads, 'retries: { attempts: 0 }')).toEqual([]);
    expect(await inRoutes(reads, on('connect-failure', 2))).toEqual([]);
    expect(await inRoutes(reads, on('reset', 2))).toMatchObject([{ value: 3 }]);
  });

  test.each([
    '{ method: { exact: POST } }',
    '{ method: { regex: GET|POST } }',
    '{ method: { prefix: G } }',
    '{ method: { exact: GET } }, { uri: { prefix: /a } }',
  ])('one for others may not: %s', async (matches) => {
    const others = `match: [${matches}], ${on('5xx', 3)}`;
    expect(await inRoutes(others, 'retries: { attempts: 0 }')).toMatchObject([{ value: 4 }]);
  });
});

test('of the rules of an HTTPRoute, one for GET alone may repeat it', async () => {
  expect(await inRule('{ method: GET }')).toEqual([]);
  expect(await inRule('{ method: POST }')).toHaveLength(1);
});

describe('of the methods of gRPC', () => {
  const refused = { retryPolicy: { ...RETRY, retryableStatusCodes: ['RESOURCE_EXHAUSTED'] } };

  test('one that repeats effects counts beside one with more attempts that does not', async () => {
    const unavailable = { retryPolicy: { ...RETRY, maxAttempts: 2 } };
    expect(await inMethods(refused, unavailable)).toMatchObject([
      { rule: 'unsafe-retry', value: 2 },
    ]);
    expect(await inMethods(refused, { timeout: '1s' })).toEqual([]);
  });

  test('one that hedges counts beside one that retries more often', async () => {
    const hedging = { hedgingPolicy: { maxAttempts: 2, hedgingDelay: '0.1s' } };
    expect(await inMethods(refused, hedging)).toMatchObject([
      { rule: 'grpc-hedging-not-repeatable', value: 2 },
    ]);
  });
});

test('of several routes each has to limit the time of an attempt', async () => {
  const unlimited = { timeout: false, deadline: false, retry: false };
  const patient = fleetOf({
    name: 'shop',
    services: { web: { calls: [{ to: 'stock', policy: unlimited }] }, stock: {} },
  });
  const missing = async (rest: string): Promise<readonly Finding[]> => {
    const to = 'route: [{ destination: { host: stock } }]';
    const some = `match: [{ uri: { prefix: /a } }], retries: { attempts: 1 }, timeout: 1s, ${to}`;
    const http = `[{ ${some} }, { retries: { attempts: 0 }, ${rest} ${to} }]`;
    const given = await read(`kind: VirtualService\nspec: { hosts: [stock], http: ${http} }`);
    const { findings } = audit(patient, { ...given, placeOf });
    return findings.filter(({ rule }) => rule === 'missing-timeout');
  };
  expect(await missing('')).toMatchObject([
    {
      severity: 'error',
      message: 'Some routes or methods of web > stock have a timeout for one attempt, but not all',
    },
  ]);
  expect(await missing('timeout: 2s,')).toEqual([]);
});
