import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { holdfast } from '../../test/command.ts';
import { temporaryFolder } from '../../test/folder.ts';
import { fleetOf, SpecError } from './fleet.ts';
import { loadFleet } from './load.ts';

const SPEC = `services: { web: {} }
users:
  replayed:
    to: web
    trace: traces/monday.csv
  others: { to: web, rate: 10 }
scenarios:
  rush:
    duration: 10s
    load: { others: { trace: traces/rush.csv } }
`;

/** A folder with a spec and its traces; the spec's path. */
async function specWith(traces: Readonly<Record<string, string | Uint8Array>>, spec = SPEC) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'traces'));
  for (const [name, text] of Object.entries(traces)) {
    await writeFile(join(folder, 'traces', name), text);
  }
  await writeFile(join(folder, 'holdfast.yaml'), spec);
  return join(folder, 'holdfast.yaml');
}

/** What is said of a spec, without its folder. */
async function wrong(file: string): Promise<string> {
  try {
    await loadFleet(file);
    return '';
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return error.message.replaceAll(file.replace(/holdfast\.yaml$/, ''), '');
  }
}

test('traces of users and of scenarios are read from beside the spec', async () => {
  const file = await specWith({ 'monday.csv': 'at\n5ms\n7\n', 'rush.csv': '1s\n1s\n2s\n' });
  const { fleet, spec } = await loadFleet(file);
  const monday = { kind: 'trace', at: [5, 7] };
  expect(fleet.users.get('replayed')!.arrivals).toEqual(monday);
  expect(fleet.scenarios.get('rush')!.load.get('others')).toEqual({
    kind: 'trace',
    at: [1000, 1000, 2000],
  });
  // So that a sweep needs no files.
  expect(fleetOf(spec).users.get('replayed')!.arrivals).toEqual(monday);
});

test('a trace replays in a run, and in each run of a sweep', async () => {
  const file = await specWith({ 'monday.csv': '5ms\n7\n', 'rush.csv': '1s\n1s\n2s\n' });
  const args = ['simulate', file, '--lanes', 'holdfast', '--json'];
  const { code, out } = await holdfast(...args);
  expect(code).toBe(0);
  const { users } = JSON.parse(out.trim().split('\n').at(-1)!).scenarios[0];
  expect(users.map((each: { total: object }) => each.total)).toMatchObject([
    { arrivals: 2 },
    { arrivals: 3 },
  ]);
  const swept = await holdfast(...args, '--sweep', 'services.web.serviceTime=5ms..10ms/5ms');
  expect(swept.code).toBe(0);
});

test('services run a spec without its traces', async () => {
  const file = await specWith({ 'monday.csv': '5\n', 'rush.csv': '5\n' });
  const { out } = await holdfast('compile', file);
  expect(JSON.parse(out)).toEqual({ holdfast: 1, services: { web: { dependencies: {} } } });
});

test('what is wrong is told with the trace’s line, along with all else', async () => {
  const spec = SPEC.replace('to: web, rate', 'to: wob, rate');
  const file = await specWith({ 'monday.csv': 'at,path\n5,/\nnoon,/\n' }, spec);
  expect((await wrong(file)).split('\n')).toEqual([
    "traces/monday.csv:3:1 must begin with a moment: milliseconds, a duration like '250ms', or a time like '2026-03-02T09:00:00.250Z'; got \"noon\"",
    'holdfast.yaml:10:23 scenarios.rush.load.others.trace: traces/rush.csv does not exist',
    "holdfast.yaml:6:13 users.others.to must be the name of a service; there is no 'wob', did you mean 'web'?",
  ]);
});

test.each<[string, string | Uint8Array, string]>([
  ['is no text', new Uint8Array([0xff, 0xfe, 0]), 'is not UTF-8 text'],
  ['is huge', new Uint8Array(64_000_001).fill(0x31), 'is larger than 64000000 bytes'],
])('a trace that %s is refused', async (_, content, message) => {
  const file = await specWith({ 'monday.csv': content, 'rush.csv': '1\n' });
  expect(await wrong(file)).toBe(
    `holdfast.yaml:5:5 users.replayed.trace: traces/monday.csv ${message}`,
  );
});

test('what is wrong with a trace of an absolute path is told with that path', async () => {
  const traces = await specWith({ 'monday.csv': 'at\nnoon\n', 'rush.csv': '1\n' });
  const folder = dirname(traces);
  const [monday, absent] = ['traces/monday.csv', 'absent.csv'].map((name) => join(folder, name));
  const spec = SPEC.replace('traces/monday.csv', monday!).replace('traces/rush.csv', absent!);
  const lines = (await wrong(await specWith({}, spec))).split('\n');
  expect(lines[0]).toContain(`${monday}:2:1 must begin with a moment`);
  expect(lines[1]).toContain(`trace: ${absent} does not exist`);
});

test('a folder is refused, and so is a spec that is no file', async () => {
  const file = await specWith({ 'rush.csv': '1\n' }, SPEC.replace('traces/monday.csv', 'traces'));
  expect(await wrong(file)).toContain('users.replayed.trace: traces is a folder');
  const small = { services: { web: {} }, users: { u: { to: 'web', trace: 'monday.csv' } } };
  expect(() => fleetOf(small)).toThrow('users.u.trace is a file, which only `loadFleet` reads');
});

test('what is no spec at all is refused as ever', async () => {
  for (const text of ['users: 5', 'users: { u: [] }', 'scenarios: { s: { load: 5 } }']) {
    expect(await wrong(await specWith({}, text))).toContain('services is missing');
  }
});
