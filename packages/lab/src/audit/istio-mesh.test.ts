import { describe, expect, it } from 'vitest';

import { meshReader, rules, service, sidecar } from '../../test/meshes.ts';
import { budgetShare } from './istio-destinations.ts';
import type { Layer, LayersRead } from './layers.ts';

const read = meshReader();

function rule(trafficPolicy: string): string {
  return `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: payments }
spec: { host: payments.shop.svc.cluster.local, trafficPolicy: ${trafficPolicy} }
`;
}

function inbound({ layers }: LayersRead): readonly Layer[] {
  return layers.filter(({ kind }) => kind === 'inbound');
}

async function floorOf(policy: string): Promise<number> {
  return sidecar(await read(rule(policy))).concurrentFloor;
}

/** What is invalid, in words. */
const wrong = ({ findings }: LayersRead): readonly string[] =>
  findings.filter((one) => one.rule === 'invalid-mesh-config').map(({ message }) => message);

describe('DestinationRule', () => {
  it('turns the budget of concurrent retries into long-run load', async () => {
    expect(budgetShare(20)).toBeCloseTo(0.25, 12);
    expect(budgetShare(0)).toBe(0);
    expect(budgetShare(100)).toBe(Infinity);
    const layer = sidecar(await read(rule('{ retryBudget: { percent: 50 } }')));
    expect(layer.extraShare).toBeCloseTo(1, 12);
    const byDefault = sidecar(await read(rule('{ retryBudget: {} }')));
    expect(byDefault.extraShare).toBeCloseTo(0.25, 12);
    expect(sidecar(await read('kind: Other')).extraShare).toBe(Infinity);
  });

  it('gives each sidecar the retries at once that its budget allows in any case', async () => {
    expect(await floorOf('{ retryBudget: {} }')).toBe(3);
    expect(await floorOf('{ retryBudget: { minRetryConcurrency: 0 } }')).toBe(3);
    expect(await floorOf('{ retryBudget: { minRetryConcurrency: 50 } }')).toBe(50);
    expect(await floorOf('{ connectionPool: { http: { maxRetries: 3 } } }')).toBe(0);
  });

  it('takes the worst of the subsets, which inherit', async () => {
    const yaml = `kind: DestinationRule
spec:
  host: payments
  trafficPolicy: { retryBudget: { percent: 10 } }
  subsets: [{ name: a }, { name: b, trafficPolicy: { retryBudget: { percent: 20 } } }]`;
    expect(sidecar(await read(yaml)).extraShare).toBeCloseTo(0.25, 12);
  });

  it.each([
    // A port with settings of its own has neither the budget nor the pool of the others.
    ['{ retryBudget: {}, portLevelSettings: [{ port: { number: 443 }, tls: {} }] }', '', Infinity],
    // A subset with a pool has nothing of the other pool, and goes on with the budget.
    ['{ retryBudget: {} }', '{ connectionPool: { tcp: { maxConnections: 5 } } }', 0.25],
    ['{ retryBudget: {} }', '{ portLevelSettings: [{ port: { number: 443 } }] }', 0.25],
  ])('knows what a port or a subset does not inherit: %s %s', async (general, subset, share) => {
    const subsets = subset === '' ? '[]' : `[{ name: a, trafficPolicy: ${subset} }]`;
    const spec = `{ host: payments, trafficPolicy: ${general}, subsets: ${subsets} }`;
    const budgeted = await read(`kind: DestinationRule\nspec: ${spec}`);
    expect(sidecar(budgeted).extraShare).toBeCloseTo(share, 12);
    const pool = '{ connectionPool: { http: { maxRetries: 3 } }';
    const limited = spec.replace('{ retryBudget: {}', pool);
    const found = await read(`kind: DestinationRule\nspec: ${limited}`);
    expect(rules(found, 'payments')).toContain('unbounded-retry-concurrency');
  });

  it('counts for nobody if it is for some callers only, but is checked', async () => {
    const some = 'workloadSelector: { matchLabels: { app: web } }, trafficPolicy';
    const yaml = rule('{ retryBudget: { percent: 20 } }').replace('trafficPolicy', some);
    expect(sidecar(await read(yaml)).extraShare).toBe(Infinity);
    expect(rules(await read(yaml.replace('20', '120')))).toContain('invalid-mesh-config');
  });

  it.each([
    ['{}', 'shop', 0.25],
    ['{ matchLabels: {} }', 'shop', 0.25],
    ['{ matchLabels: null }', 'shop', 0.25],
    // In another namespace that is everybody there.
    ['{}', 'other', Infinity],
  ])(
    'counts for all of its namespace if it selects nothing: %s in %s',
    async (selector, namespace, share) => {
      const metadata = `{ name: it, namespace: ${namespace} }`;
      const host = 'payments.shop.svc.cluster.local';
      const policy = 'trafficPolicy: { retryBudget: { percent: 20 } }';
      const own = `kind: DestinationRule\nmetadata: ${metadata}\nspec: { host: ${host}, workloadSelector: ${selector}, ${policy} }`;
      const others = ['web', 'stock'].map(
        (name) =>
          `---\nkind: DestinationRule\nmetadata: { namespace: shop }\nspec: { host: ${name} }`,
      );
      const found = await read([own, ...others].join('\n'));
      expect(sidecar(found).extraShare).toBeCloseTo(share, 12);
      expect(rules(found)).not.toContain('invalid-mesh-config');
    },
  );

  it("knows the selector of a Sidecar, which has labels, for a DestinationRule's misspelt", async () => {
    const yaml = `kind: DestinationRule\nspec: { host: payments, workloadSelector: { labels: { app: web } } }`;
    const said = (await read(yaml)).findings.map(({ message }) => message);
    expect(said.join()).toContain('spec.workloadSelector.labels is not a field');
  });

  it('takes of two budgets of the same share the one with more retries in any case', async () => {
    const subsets = [3, 500, 5].map((least, i) => {
      const policy = `{ retryBudget: { percent: 20, minRetryConcurrency: ${least} } }`;
      return `{ name: s${i}, trafficPolicy: ${policy} }`;
    });
    const general = 'trafficPolicy: { retryBudget: { percent: 20 } }';
    const yaml = `kind: DestinationRule\nspec: { host: payments, ${general}, subsets: [${subsets.join(', ')}] }`;
    expect(sidecar(await read(yaml)).concurrentFloor).toBe(500);
  });

  it('holds for all own services with a wildcard, unless one has its own', async () => {
    const wildcard = `---\nkind: DestinationRule\nspec: { host: "*.local", trafficPolicy: { retryBudget: { percent: 20 } } }`;
    const found = await read(rule('{ retryBudget: { percent: 50 } }') + wildcard);
    expect(sidecar(found, 'stock').extraShare).toBeCloseTo(0.25, 12);
    expect(sidecar(found).extraShare).toBeCloseTo(1, 12);
  });

  const unbounded = 'unbounded-retry-concurrency';

  it.each([
    '{}',
    '{ connectionPool: { http: { maxRetries: 2147483647 } } }',
    '{ connectionPool: { http: { maxRetries: 0 } } }',
    '{ retryBudget: { percent: 100 } }',
    '{ retryBudget: { minRetryConcurrency: 2147483647 } }',
    '{ retryBudget: { percent: 100 }, connectionPool: { http: { maxRetries: 3 } } }',
  ])('bounds no concurrent retries with %s', async (policy) => {
    const found = await read(`${service('retries: { attempts: 1 }')}---\n${rule(policy)}`);
    const finding = found.findings.find((one) => one.rule === unbounded && one.at === 'payments');
    expect(finding).toMatchObject({ severity: 'warning', value: 4_294_967_295 });
  });

  it('bounds them with maxRetries or a budget, and needs no bound where nothing is retried', async () => {
    for (const policy of [
      '{ connectionPool: { http: { maxRetries: 3 } } }',
      '{ retryBudget: {} }',
    ]) {
      const found = await read(`${service('retries: { attempts: 1 }')}---\n${rule(policy)}`);
      expect(rules(found, 'payments')).not.toContain(unbounded);
    }
    expect(rules(await read(service('retries: { attempts: 0 }')), 'payments')).toEqual([]);
  });

  it('finds outlier detection that can eject nobody', async () => {
    const small = 'outlier-ejection-too-small';
    const found = await read(rule('{ outlierDetection: { consecutive5xxErrors: 5 } }'));
    const finding = found.findings.find((one) => one.rule === small);
    expect(finding).toMatchObject({ at: 'payments', value: 10, place: { line: 4 } });
    expect(finding?.fix).toContain('25');
    const enough = await read(rule('{ outlierDetection: { maxEjectionPercent: 25 } }'));
    expect(rules(enough)).not.toContain(small);
    const zero = await read(rule('{ outlierDetection: { maxEjectionPercent: 0 } }'));
    expect(zero.findings.find((one) => one.rule === small)?.message).toContain(
      '10 %, for which 0 ',
    );
    const stock = rule('{ outlierDetection: {} }').replace('payments.shop', 'stock.shop');
    expect(rules(await read(stock))).not.toContain(small);
  });
});

describe('MeshConfig', () => {
  const policy = 'defaultHttpRetryPolicy: { attempts: 4, perTryTimeout: 1s, retryOn: "503" }';
  it.each([
    ['bare', policy],
    ['of a kind', `kind: MeshConfig\n${policy}`],
    ["an IstioOperator's", `kind: IstioOperator\nspec:\n  meshConfig:\n    ${policy}`],
    ["a ConfigMap's", `kind: ConfigMap\ndata:\n  mesh: |-\n    ${policy}`],
    ["Helm's", `meshConfig:\n  ${policy}`],
    ["a Sail operator's", `kind: Istio\nspec:\n  values:\n    meshConfig:\n      ${policy}`],
    [
      "one of its revisions'",
      `kind: IstioRevision\nspec: { values: { meshConfig: { ${policy} } } }`,
    ],
    ["Flux's", `kind: HelmRelease\nspec:\n  values:\n    meshConfig:\n      ${policy}`],
    [
      "Argo CD's",
      `kind: Application\nspec: { source: { helm: { valuesObject: { meshConfig: { ${policy} } } } } }`,
    ],
    [
      "Argo CD's with several sources",
      `kind: Application\nspec:\n  sources:\n    - { chart: base }\n    - helm: { valuesObject: { meshConfig: { ${policy} } } }`,
    ],
    [
      "Argo CD's, as a text",
      `kind: Application\nspec: { source: { helm: { values: "meshConfig: { ${policy.replaceAll('"', "'")} }" } } }`,
    ],
    [
      "Argo CD's for several clusters",
      `kind: ApplicationSet\nspec: { template: { spec: { source: { helm: { valuesObject: { meshConfig: { ${policy} } } } } } } }`,
    ],
    ['of a chart around the chart', `istiod:\n  meshConfig:\n    ${policy}`],
    [
      "Kustomize's",
      `kind: Kustomization\nhelmCharts: [{ name: istiod, valuesInline: { meshConfig: { ${policy} } } }]`,
    ],
    ["helmfile's", `releases: [{ name: istiod, values: [{ meshConfig: { ${policy} } }] }]`],
    [
      'values in a ConfigMap',
      `kind: ConfigMap\ndata:\n  values.yaml: |\n    meshConfig:\n      ${policy}`,
    ],
    ['beside what is no value of the chart', `trustDomain: shop\nmeshConfig: { ${policy} }`],
  ])('replaces the default mesh-wide, all but perTryTimeout: %s', async (_, yaml) => {
    const found = await read(yaml);
    for (const layer of [sidecar(found), sidecar(found, 'stock')]) {
      expect(layer).toMatchObject({ maxAttempts: 5, perTry: Infinity, implicit: false });
      expect(layer.retryOn).toEqual(['retriable-status-codes', '503']);
    }
    expect(rules(found)).not.toContain('istio-default-retries');
    expect(found.findings).toContainEqual(
      expect.objectContaining({ rule: 'invalid-mesh-config', severity: 'warning' }),
    );
  });

  it.each([
    'kind: ConfigMap\ndata:\n  mesh: |\n    POLICY',
    'meshConfig: { POLICY }',
    'kind: IstioOperator\nspec: { meshConfig: { POLICY } }',
    'POLICY',
  ])('may be named as the .proto file has it, which istiod reads as well: %s', async (yaml) => {
    const snake =
      'default_http_retry_policy: { attempts: 1, retry_on: "404", per_try_timeout: 2s, retry_remote_localities: true }';
    const found = await read(yaml.replace('POLICY', snake));
    expect(sidecar(found)).toMatchObject({ maxAttempts: 2, perTry: Infinity });
    expect(sidecar(found).retryOn).toEqual(['retriable-status-codes', '404']);
    const said = found.findings.filter(({ at }) => at === 'the mesh');
    expect(said.map(({ message, fix }) => [message, fix].join(' '))).toEqual([
      expect.stringContaining('default_http_retry_policy.per_try_timeout has no effect'),
      expect.stringContaining('from retry_on'),
    ]);
  });

  it('has one of its two names, and in what a cluster checks that of its schema', async () => {
    const twice = 'meshConfig: { defaultHttpRetryPolicy: { retryOn: 5xx, retry_on: reset } }';
    expect(wrong(await read(twice))).toEqual([
      'meshConfig.defaultHttpRetryPolicy.retry_on is the same field as retryOn, which is given as well',
    ]);
    const whole =
      'meshConfig: { defaultHttpRetryPolicy: { attempts: 1 }, default_http_retry_policy: { attempts: 4 } }';
    expect(wrong(await read(whole))).toEqual([
      'meshConfig.default_http_retry_policy is the same field as defaultHttpRetryPolicy, which is given as well',
    ]);
    const sail =
      'kind: Istio\nspec: { values: { meshConfig: { default_http_retry_policy: { attempts: 0 } } } }';
    expect(wrong(await read(sail))).toEqual([
      "spec.values.meshConfig.default_http_retry_policy is not a field; did you mean 'defaultHttpRetryPolicy'?",
    ]);
  });

  it('keeps the place of what stands in a ConfigMap', async () => {
    const found = await read(
      `kind: ConfigMap\ndata:\n  mesh: |-\n    rootNamespace: istio-system\n    ${policy}`,
    );
    expect(sidecar(found).place).toMatchObject({ line: 5, column: 5 });
  });

  it('does not reach routes with a block of their own', async () => {
    const found = await read(`${service('retries: { attempts: 1 }')}---\n${policy}`);
    expect(sidecar(found).maxAttempts).toBe(2);
    expect(sidecar(found).retryOn).toContain('connect-failure');
  });

  it('has inbound layers that multiply nothing, unless they are switched off', async () => {
    const on = inbound(await read('kind: Other'));
    expect(on.map(({ to }) => to)).toEqual(['web', 'checkout', 'payments', 'stock']);
    expect(on[0]).toMatchObject({ from: null, maxAttempts: 1, retryOn: ['reset-before-request'] });
    const env =
      'components: { pilot: { k8s: { env: [{ name: ENABLE_INBOUND_RETRY_POLICY, value: "false" }] } } }';
    expect(inbound(await read(`kind: IstioOperator\nspec: { ${env} }`))).toEqual([]);
    const pilot = 'pilot: { env: { ENABLE_INBOUND_RETRY_POLICY: "false" } }';
    for (const kind of ['Istio', 'HelmRelease', 'IstioOperator']) {
      expect(inbound(await read(`kind: ${kind}\nspec: { values: { ${pilot} } }`))).toEqual([]);
    }
    expect(inbound(await read(pilot))).toEqual([]);
    for (const word of ['"False"', '"FALSE"', '"0"', 'f']) {
      expect(inbound(await read(pilot.replace('"false"', word)))).toEqual([]);
    }
    expect(inbound(await read(`istiod: { ${pilot} }`))).toEqual([]);
    const container = 'env: [{ name: ENABLE_INBOUND_RETRY_POLICY, value: "false" }]';
    const deployment = `kind: Deployment\nspec: { template: { spec: { containers: [{ ${container} }] } } }`;
    expect(inbound(await read(deployment))).toEqual([]);
  });

  it('is not stated by what installs something else', async () => {
    const found = await read('kind: HelmRelease\nspec: { values: { replicas: 2 } }');
    expect(rules(found, 'the mesh')).toEqual(['mesh-name-unmatched']);
  });

  it('is not stated by a schema of it', async () => {
    const schema = '{ spec: { properties: { meshConfig: { type: object } } } }';
    const found = await read(`kind: CustomResourceDefinition\nspec: ${schema}`);
    expect(rules(found, 'the mesh')).toEqual(['mesh-name-unmatched']);
  });

  it("is that in an IstioOperator's values before its own, as istioctl merges the two", async () => {
    const [own, other] = [1, 7].map(
      (attempts) => `meshConfig: { defaultHttpRetryPolicy: { attempts: ${attempts} } }`,
    );
    for (const spec of [`${own}, values: { ${other} }`, `values: { ${other} }, ${own}`]) {
      const found = await read(`kind: IstioOperator\nspec: { ${spec} }`);
      expect(sidecar(found).maxAttempts).toBe(8);
    }
  });

  it.each(['values.yaml', 'istiod-values.yml', 'values-prod.yaml', 'values.prod.yaml'])(
    "is found in a ConfigMap's %s",
    async (key) => {
      const values = 'meshConfig: { defaultHttpRetryPolicy: { attempts: 7 } }';
      const found = await read(`kind: ConfigMap\ndata:\n  ${key}: |\n    ${values}`);
      expect(sidecar(found).maxAttempts).toBe(8);
      expect(sidecar(found).place.line).toBe(4);
    },
  );

  it('is found among the properties of what installs a chart, which are no schema', async () => {
    const values = 'values: { meshConfig: { defaultHttpRetryPolicy: { attempts: 7 } } }';
    const installed = (type: string): string =>
      `resources: { istiod: { type: ${type}, properties: { ${values} } } }`;
    expect(sidecar(await read(installed('kubernetes:helm.sh/v3:Release'))).maxAttempts).toBe(8);
    expect(sidecar(await read(installed('object'))).maxAttempts).toBe(3);
  });

  it('tells of values that are a template', async () => {
    const found = await read(
      'kind: Application\nspec:\n  source:\n    helm:\n      values: |\n        meshConfig: {{ mesh }}\n',
    );
    expect(found.findings).toContainEqual(
      expect.objectContaining({
        rule: 'invalid-mesh-config',
        message: 'spec.source.helm.values is a template ({{ }})',
        place: expect.objectContaining({ line: 6 }) as unknown,
      }),
    );
  });

  it('is quiet on a mesh that retries nowhere', async () => {
    const found = await read('defaultHttpRetryPolicy: { attempts: 0 }');
    expect(found.findings).toEqual([]);
    expect(sidecar(found).maxAttempts).toBe(1);
  });
});
