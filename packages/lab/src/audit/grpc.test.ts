import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RETRY } from '../../test/grpc.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { Fleet } from '../spec/model.ts';
import { readGrpc } from './grpc.ts';
import type { Layer, LayersRead } from './layers.ts';

const fleet: Fleet = fleetOf({
  name: 'shop',
  services: {
    web: { calls: [{ to: 'checkout', policy: { protocol: 'http' }, keyed: true }] },
    checkout: {
      calls: [
        { to: 'payments', policy: 'none', idempotent: true },
        { to: 'stock-levels', policy: 'none' },
      ],
    },
    payments: {},
    'stock-levels': {},
  },
  users: { shoppers: { to: 'web', rate: 10 } },
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grpc-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function readText(text: string): Promise<LayersRead> {
  const file = join(folder, 'grpc.json');
  await writeFile(file, text);
  return readGrpc(file, fleet);
}

function read(config: unknown): Promise<LayersRead> {
  return readText(JSON.stringify(config, null, 2));
}

/** One entry for payments. */
function payments(entry: object, service = 'shop.PaymentsService'): Promise<LayersRead> {
  return read({ methodConfig: [{ name: [{ service }], ...entry }] });
}

function only({ layers }: LayersRead): Layer {
  expect(layers).toHaveLength(1);
  return layers[0]!;
}

describe('a method', () => {
  it('counts the first attempt in maxAttempts', async () => {
    const found = await payments({ retryPolicy: RETRY, timeout: '2.5s' });
    expect(only(found)).toMatchObject({
      kind: 'grpc',
      from: 'checkout',
      to: 'payments',
      maxAttempts: 4,
      timeout: 2500,
      perTry: 2500,
      hedges: false,
      extraShare: Infinity,
      earnedBySuccess: false,
      retryOn: ['UNAVAILABLE'],
      implicit: false,
    });
    expect(found.findings).toEqual([]);
  });

  it('waits up to a fifth more than the backoff, which maxBackoff bounds', async () => {
    const { backoff } = only(await payments({ retryPolicy: RETRY }));
    expect([1, 2, 3, 4].map((n) => Math.round(backoff(n)))).toEqual([120, 240, 360, 360]);
  });

  it('is treated as 5 attempts above that', async () => {
    const found = await payments({ retryPolicy: { ...RETRY, maxAttempts: 8 } });
    expect(only(found).maxAttempts).toBe(5);
    expect(found.findings).toEqual([
      expect.objectContaining({ rule: 'grpc-clamped', at: 'payments', value: 8 }),
    ]);
    expect(found.findings[0]?.place.line).toBe(10);
  });

  it('has one attempt with a timeout alone', async () => {
    expect(only(await payments({ timeout: '1s' }))).toMatchObject({
      maxAttempts: 1,
      timeout: 1000,
    });
  });

  it('hedges all at once without a delay, with as many attempts', async () => {
    const layer = only(await payments({ hedgingPolicy: { maxAttempts: 3 } }));
    expect(layer).toMatchObject({ maxAttempts: 3, hedges: true });
    expect(layer.backoff(1)).toBe(0);
    const later = only(
      await payments({ hedgingPolicy: { maxAttempts: 9, hedgingDelay: '0.05s' } }),
    );
    expect([later.maxAttempts, later.backoff(2)]).toEqual([5, 50]);
  });

  it('may be hedged only if it may be repeated', async () => {
    const hedge = { hedgingPolicy: { maxAttempts: 3 } };
    expect((await payments(hedge)).findings).toEqual([]);
    const found = await payments(hedge, 'StockLevels');
    expect(found.findings).toEqual([
      expect.objectContaining({
        rule: 'grpc-hedging-not-repeatable',
        severity: 'error',
        at: 'checkout > stock-levels',
        value: 3,
      }),
    ]);
  });

  it('takes codes by name in any case and by number', async () => {
    const codes = ['unavailable', 10, 14];
    const found = await payments({ retryPolicy: { ...RETRY, retryableStatusCodes: codes } });
    expect(only(found).retryOn).toEqual(['UNAVAILABLE', 'ABORTED']);
  });

  it("warns of the codes of the caller's own errors", async () => {
    const codes = ['UNAVAILABLE', 'NOT_FOUND'];
    const found = await payments({ retryPolicy: { ...RETRY, retryableStatusCodes: codes } });
    const fix = 'Remove NOT_FOUND from retryableStatusCodes.';
    const expected = { rule: 'retry-on-4xx', value: 404, fix };
    expect(found.findings).toEqual([expect.objectContaining(expected)]);
  });

  it('advises no empty list of codes, which is not valid but where hedging stops', async () => {
    const codes = ['NOT_FOUND'];
    const [retry] = (await payments({ retryPolicy: { ...RETRY, retryableStatusCodes: codes } }))
      .findings;
    expect(retry?.fix).toBe(
      'Remove the retryPolicy: there is nothing else in its retryableStatusCodes.',
    );
    const hedgingPolicy = { maxAttempts: 2, nonFatalStatusCodes: codes };
    const hedged = (await payments({ hedgingPolicy })).findings.map(({ fix }) => fix);
    expect(hedged).toContain('Remove NOT_FOUND from nonFatalStatusCodes.');
  });

  it.each([
    ['INVALID_ARGUMENT', 400],
    ['NOT_FOUND', 404],
    ['ALREADY_EXISTS', 409],
    ['PERMISSION_DENIED', 403],
    ['FAILED_PRECONDITION', 400],
    ['OUT_OF_RANGE', 400],
    ['UNIMPLEMENTED', 501],
    ['UNAUTHENTICATED', 401],
  ])('counts %s among them', async (code, value) => {
    const found = await payments({ retryPolicy: { ...RETRY, retryableStatusCodes: [code] } });
    expect(found.findings).toEqual([expect.objectContaining({ rule: 'retry-on-4xx', value })]);
  });
});

describe('throttling', () => {
  it('bounds the extra load by its ratio, of which three decimals count', async () => {
    const methodConfig = [{ name: [{ service: 'payments' }], retryPolicy: RETRY }];
    const share = async (tokenRatio: number): Promise<number> =>
      only(await read({ methodConfig, retryThrottling: { maxTokens: 10, tokenRatio } })).extraShare;
    expect(await share(0.1)).toBe(0.1);
    expect(await share(0.5466)).toBe(0.546);
    const retryThrottling = { maxTokens: 10, tokenRatio: 0.1 };
    expect(only(await read({ methodConfig, retryThrottling })).earnedBySuccess).toBe(true);
  });

  it.each([
    [{ maxTokens: 1001, tokenRatio: 0.1 }, 'maxTokens must be an integer from 1 to 1000, got 1001'],
    [{ maxTokens: 2.5, tokenRatio: 0.1 }, 'maxTokens must be an integer'],
    [{ maxTokens: 0, tokenRatio: 0.1 }, 'maxTokens must be an integer'],
    [{ maxTokens: 10, tokenRatio: 0.0004 }, 'tokenRatio must be a number of at least 0.001'],
    [{ maxTokens: 10 }, 'tokenRatio is missing'],
  ])('says what is wrong with %j', async (retryThrottling, message) => {
    const { findings } = await read({ retryThrottling });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ rule: 'grpc-invalid', severity: 'error' });
    expect(findings[0]?.message).toContain(message);
  });
});

describe('names', () => {
  it.each(['shop.PaymentsService', 'Payments', 'a.b.payments', 'paymentsservice'])(
    'finds payments as %s',
    async (service) => {
      expect(only(await payments({ retryPolicy: RETRY }, service)).to).toBe('payments');
    },
  );

  it('does not mind hyphens', async () => {
    expect(only(await payments({ retryPolicy: RETRY }, 'shop.StockLevelsService')).to).toBe(
      'stock-levels',
    );
  });

  it('tells of names that are no services', async () => {
    const found = await payments({ retryPolicy: RETRY }, 'shop.Prices');
    expect(found.layers).toEqual([]);
    expect(found.findings).toEqual([
      expect.objectContaining({ rule: 'mesh-name-unmatched', severity: 'info', at: 'shop.Prices' }),
    ]);
  });

  it('tells edges of the same two apart, by what each speaks', async () => {
    const call = { to: 'stock', idempotent: true };
    const both = [
      { ...call, policy: { protocol: 'grpc' } },
      { ...call, policy: { protocol: 'http' } },
    ];
    const mixed = fleetOf({ services: { web: { calls: both }, stock: {} } });
    const file = join(folder, 'mixed.json');
    await writeFile(file, JSON.stringify({ methodConfig: [{ name: [{}], retryPolicy: RETRY }] }));
    const { layers } = await readGrpc(file, mixed);
    expect(layers.map(({ edge, maxAttempts }) => [edge, maxAttempts])).toEqual([
      ['web > stock', 4],
    ]);
  });

  it('takes the empty name for what no other names, unless that speaks HTTP', async () => {
    const found = await read({
      methodConfig: [
        { name: [{ service: 'shop.Payments' }], retryPolicy: { ...RETRY, maxAttempts: 2 } },
        { name: [{}], retryPolicy: RETRY },
      ],
    });
    const attempts = found.layers.map(({ to, maxAttempts }) => [to, maxAttempts]);
    expect(attempts).toEqual([
      ['payments', 2],
      ['stock-levels', 4],
    ]);
  });

  it('takes the worst of the entries for the methods of a service', async () => {
    const found = await read({
      methodConfig: [
        { name: [{ service: 'Payments', method: 'List' }], retryPolicy: RETRY },
        { name: [{ service: 'Payments' }], timeout: '1s' },
      ],
    });
    expect(only(found).maxAttempts).toBe(4);
  });

  it.each([
    [{ service: 'Payments', method: 'List' }, 4],
    [{ service: 'Payments' }, 1],
  ])('takes the empty name for the methods that no entry names: %j', async (name, attempts) => {
    const forAll = { name: [{}], retryPolicy: RETRY };
    const found = await read({ methodConfig: [{ name: [name], timeout: '1s' }, forAll] });
    const layer = found.layers.find(({ to }) => to === 'payments');
    expect(layer?.maxAttempts).toBe(attempts);
  });
});

describe('what is not valid', () => {
  it.each([
    [{ ...RETRY, maxAttempts: 1 }, 'maxAttempts must be an integer from 2'],
    [{ ...RETRY, maxAttempts: '4' }, 'got "4"'],
    [{ ...RETRY, maxAttempts: undefined }, 'maxAttempts is missing'],
    [{ ...RETRY, initialBackoff: undefined }, 'initialBackoff is missing'],
    [{ ...RETRY, initialBackoff: '100ms' }, 'initialBackoff must be a duration in decimal seconds'],
    [{ ...RETRY, initialBackoff: '0s' }, 'longer than 0s'],
    [{ ...RETRY, maxBackoff: 1 }, 'maxBackoff must be'],
    [{ ...RETRY, backoffMultiplier: 0 }, 'backoffMultiplier must be a number above 0'],
    [{ ...RETRY, retryableStatusCodes: [] }, 'retryableStatusCodes is empty'],
    [{ ...RETRY, retryableStatusCodes: undefined }, 'retryableStatusCodes is missing'],
    [{ ...RETRY, retryableStatusCodes: ['OK'] }, 'other than OK'],
    [{ ...RETRY, retryableStatusCodes: ['503'] }, 'got "503"'],
    [{ ...RETRY, retryableStatusCodes: [17] }, 'got 17'],
    [{ ...RETRY, retryableStatusCodes: 'UNAVAILABLE' }, 'must be a list'],
    ['often', 'retryPolicy must be an object'],
  ])('is said of the retryPolicy %j', async (retryPolicy, message) => {
    const { findings, layers } = await payments({ retryPolicy });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ rule: 'grpc-invalid', severity: 'error' });
    expect(findings[0]?.message).toContain(message);
    expect(findings[0]?.message).toContain('methodConfig[0].retryPolicy');
    expect(layers).toEqual([]);
  });

  it.each([
    [{ retryPolicy: RETRY, hedgingPolicy: { maxAttempts: 2 } }, 'one of the two'],
    [{ timeout: '0s' }, 'timeout must be longer than 0s'],
    [{ timeout: 2 }, 'timeout must be a duration'],
    [{ timeout: '315576000001s' }, 'timeout must be a duration'],
    [{ name: undefined }, 'name is missing'],
    [{ name: [] }, 'name is empty'],
    [{ waitForReady: 'yes' }, 'waitForReady must be true or false, got "yes"'],
    [{ name: [{ method: 'Charge' }] }, 'has a method, but no service'],
    [{ name: [{ service: 'a' }, { service: 'a' }] }, 'a second time'],
    [{ name: [{ service: 5 }] }, 'service must be a string'],
  ])('is said of the entry %j', async (entry, message) => {
    const { findings } = await payments(entry);
    const bad = findings.filter(({ rule }) => rule === 'grpc-invalid');
    expect(bad).toHaveLength(1);
    expect(bad[0]?.message).toContain(message);
  });

  it.each([
    ['methodConfig: []', 'is not JSON'],
    ['{"methodConfig": [}', 'is not JSON'],
    ['', 'is not JSON'],
    ['\uFEFF{"methodConfig": []}', 'begins with a byte order mark'],
    ['name: shop\nservices: {}\n', `"name: shop "... is not valid JSON`],
    ['[1]', 'the document must be an object'],
    ['null', 'must be an object, got null'],
    ['{"methodConfig": {}}', 'methodConfig must be a list'],
    ['{"methodConfigs": []}', "did you mean 'methodConfig'"],
    [
      `{"methodConfig": ${'['.repeat(3000)}${']'.repeat(3000)}}`,
      'nested more than 200 levels deep',
    ],
  ])('is said of a file with %s', async (text, message) => {
    const { findings, layers } = await readText(text);
    expect(layers).toEqual([]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ rule: 'grpc-invalid', severity: 'error' });
    expect(findings[0]?.message).toContain(message);
  });

  it('is not a file that does not exist: that is an error', async () => {
    const nowhere = readGrpc(join(folder, 'nowhere.json'), fleet);
    await expect(nowhere).rejects.toThrow('nowhere.json does not exist');
  });

  it('is not below another file: that is said as of a spec', async () => {
    await writeFile(join(folder, 'file.json'), '{}');
    const below = readGrpc(join(folder, 'file.json', 'grpc.json'), fleet);
    await expect(below).rejects.toThrow('does not exist: a part of its path is no folder');
  });
});
