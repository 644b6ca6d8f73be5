import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { holdfast, type Ran } from '../../test/command.ts';
import { temporaryFolder } from '../../test/folder.ts';

const example = fileURLToPath(new URL('../../../../examples/audit/shop.yaml', import.meta.url));
/** As findings name it: a line with a long path is longer than any terminal. */
const shop = relative('', example);

/** What the command says in a terminal of so many columns. */
async function inTerminal(columns: number, ...args: readonly string[]): Promise<Ran> {
  const before = (['isTTY', 'columns'] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(process.stdout, name)] as const,
  );
  Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true });
  Object.defineProperty(process.stdout, 'columns', { value: columns, configurable: true });
  const { out, ...ran } = await holdfast(...args).finally(() => {
    for (const [name, was] of before) {
      if (was === undefined) Reflect.deleteProperty(process.stdout, name);
      else Object.defineProperty(process.stdout, name, was);
    }
  });
  // oxlint-disable-next-line no-control-regex
  return { ...ran, out: out.replaceAll(/\u001b\[\d+m/g, '') };
}

const longest = (text: string): number => Math.max(...text.split('\n').map(({ length }) => length));

const words = (text: string): string[] => text.split(/\s+/);

test('the audit fits a terminal of eighty columns, its tables by heads in two lines', async () => {
  const { out } = await inTerminal(80, 'audit', shop);
  expect(longest(out)).toBeLessThanOrEqual(80);
  expect(out).toMatch(/if all +time to\n {2}edge +layers +attempts +hang +sustained +answer\n/);
  const wide = (await holdfast('audit', shop)).out;
  expect(longest(wide)).toBeGreaterThan(80);
  expect(words(out).toSorted()).toEqual(words(wide).toSorted());
});

test('so it does with the layers of a mesh and of gRPC, which have lines of their own then', async () => {
  const beside = (name: string): string => join(shop, '..', name);
  const args = ['audit', shop, '--istio', beside('istio'), '--grpc', beside('grpc.json')];
  const { out } = await inTerminal(80, ...args);
  expect(longest(out)).toBeLessThanOrEqual(80);
  expect(out).toMatch(
    /^ {2}web > stock +27 .*\n {4}library 3 x grpc 3 x sidecar 3 x inbound 1\n {2}\S/m,
  );
  const wide = (await inTerminal(100, ...args)).out;
  expect(longest(wide)).toBeLessThanOrEqual(100);
});

test('a worst path that is longer than the terminal is broken between words', async () => {
  const { out } = await inTerminal(45, 'audit', shop);
  expect(out).toMatch(/^Worst path: shoppers > web > checkout >\npayments: 4 x 4 x 4 = 64$/m);
});

test.each([80, 45])(
  'a page and the list of rules fit a terminal of %d columns',
  async (columns) => {
    const page = (await inTerminal(columns, 'explain', 'no-jitter')).out;
    const prose = page.replaceAll(/^```[^]*?^```$/gm, '');
    expect(longest(prose)).toBeLessThanOrEqual(columns);
    const list = (await inTerminal(columns, 'explain')).out;
    expect(longest(list)).toBeLessThanOrEqual(columns);
    expect(words(list)).toEqual(words((await holdfast('explain')).out));
  },
);

test.each([80, 45])('a simulation fits a terminal of %d columns', async (columns) => {
  const spec = join(await temporaryFolder(), 'holdfast.yaml');
  await writeFile(
    spec,
    `services: { web: { serviceTime: 12.3ms } }
users: { shoppers: { to: web, rate: 10 } }
scenarios:
  outage:
    about: Nobody is there for as long as it takes to tell of it in more than one line of a terminal.
    duration: 20s
    warmUp: 1s
    faults: [{ outage: web, from: 5s, for: 2s }]
    expect: [not metastable]\n`,
  );
  const { out } = await inTerminal(columns, 'simulate', spec);
  expect(longest(out)).toBeLessThanOrEqual(columns);
  expect(out).toMatch(/^lane +naive +holdfast\n─+\ngoodput before +100 % +100 %\n/m);
  expect(out).toMatch(/^verdict +degraded +degraded$/m);
  expect(out).toMatch(/^holdfast {2}[▁-█]{10,}$/m);
});

test('a terminal that says that it has no columns is taken for one of a hundred', async () => {
  const { out } = await inTerminal(0, 'explain', 'no-jitter');
  expect(out).toBe((await holdfast('explain', 'no-jitter')).out);
});

test.each(['--help', 'audit --help', 'compile --help', 'simulate --help'])(
  '%s has no line of more than eighty columns',
  async (line) => {
    const { out } = await holdfast(...line.split(' '));
    expect(longest(out)).toBeLessThanOrEqual(80);
  },
);
