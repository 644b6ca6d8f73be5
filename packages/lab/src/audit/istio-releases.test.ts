import { describe, expect, it } from 'vitest';

import { meshReader, rules, sidecar } from '../../test/meshes.ts';

const read = meshReader();

/** Whether a mesh retries 503 unasked and has no inbound layer, as up to Istio 1.23; never one without the other. */
async function isOld(yaml: string): Promise<boolean> {
  const found = await read(yaml);
  const retries503 = sidecar(found).retryOn.includes('503');
  expect(found.layers.some(({ kind }) => kind === 'inbound')).toBe(!retries503);
  return retries503;
}

const CONTAINERS = 'kind: Deployment\nspec: { template: { spec: { containers: [IT] } } }';

describe('what Istio does up to 1.23', () => {
  it.each([
    ['in values', 'compatibilityVersion: "1.23"'],
    ['in values, as a number', 'compatibilityVersion: 1.21'],
    [
      "in an IstioOperator's",
      'kind: IstioOperator\nspec: { values: { compatibilityVersion: "1.23" } }',
    ],
    [
      'in a text',
      'kind: Application\nspec:\n  source:\n    helm:\n      values: |\n        compatibilityVersion: "1.22"',
    ],
    [
      "of the Sail operator's",
      'apiVersion: sailoperator.io/v1\nkind: Istio\nspec: { version: v1.23.4 }',
    ],
    [
      "of the Sail operator's, the last patch",
      'apiVersion: sailoperator.io/v1\nkind: Istio\nspec: { version: v1.22-latest }',
    ],
    [
      "of Flux's chart",
      'kind: HelmRelease\nspec: { chart: { spec: { chart: istiod, version: 1.23.x } } }',
    ],
    [
      "of Argo CD's chart",
      'kind: Application\nspec: { source: { chart: istiod, targetRevision: 1.20.1 } }',
    ],
    ["of helmfile's chart", 'releases: [{ name: istiod, chart: istio/istiod, version: 1.23.0 }]'],
    [
      'of an image',
      CONTAINERS.replace('IT', '{ image: "docker.io/istio/pilot:1.23.2-distroless" }'),
    ],
    [
      'of an image that is pinned',
      CONTAINERS.replace('IT', `{ image: "istio/pilot:1.23.2@sha256:${'0a'.repeat(32)}" }`),
    ],
    [
      "of Fleet's chart",
      'helm: { chart: istiod, repo: "https://charts.example", version: 1.23.0 }',
    ],
    [
      "of Kustomize's chart",
      'kind: Kustomization\nhelmCharts: [{ name: istiod, repo: "https://charts.example", version: 1.23.0 }]',
    ],
    [
      'of the chart that another is around',
      'name: mesh\nversion: 0.1.0\ndependencies: [{ name: istiod, repository: "https://charts.example", version: 1.23.x }]',
    ],
  ])('is taken from a release that is said %s', async (_, yaml) => {
    expect(await isOld(yaml)).toBe(true);
    const newer = yaml.replace(/1\.2\d/, '1.24');
    expect(await isOld(newer)).toBe(false);
    expect(rules(await read(newer), 'the mesh')).toEqual([]);
  });

  it('is not taken from the version of something else, nor from a range that may be more', async () => {
    expect(
      await isOld('kind: HelmRelease\nspec: { chart: { spec: { chart: web, version: 1.20.0 } } }'),
    ).toBe(false);
    expect(await isOld('releases: [{ chart: istio/istiod, version: ^1.20.0 }]')).toBe(false);
    expect(await isOld('releases: [{ chart: istio/istiod, version: 1.20 - 1.26 }]')).toBe(false);
    expect(await isOld('kind: Istio\nspec: { version: v1.20.0 }')).toBe(false);
    expect(await isOld('app: { name: istiod, version: 1.20.0 }')).toBe(false);
    expect(
      await isOld(CONTAINERS.replace('IT', '{ image: "docker.io/istio/proxyv2:1.20.0" }')),
    ).toBe(false);
    // YAML's number, which no chart finds either.
    expect(await isOld('compatibilityVersion: 1.20')).toBe(false);
  });

  it('is what a newer release does that is to be compatible with an older one', async () => {
    const chart = 'chart: { spec: { chart: istiod, version: 1.26.0 } }';
    const values = 'values: { compatibilityVersion: "1.23" }';
    expect(await isOld(`kind: HelmRelease\nspec: { ${chart}, ${values} }`)).toBe(true);
    expect(
      await isOld(`kind: HelmRelease\nspec: { ${values.replace('23', '25')}, ${chart} }`),
    ).toBe(false);
  });

  it('gives way to what the switches say', async () => {
    const env =
      '{ EXCLUDE_UNSAFE_503_FROM_DEFAULT_RETRY: "true", ENABLE_INBOUND_RETRY_POLICY: "true" }';
    expect(await isOld(`pilot: { env: ${env} }\ncompatibilityVersion: "1.23"`)).toBe(false);
  });
});
