import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

interface Bundler {
  build(options: object): Promise<{ readonly output: readonly [{ readonly code: string }] }>;
}

/** The one that Vitest itself runs on. */
const bundler = createRequire(import.meta.resolve('vitest'))('rolldown') as Bundler;

/** What these entries of the package export, as a bundle with short names for everything inside. */
async function minified(...entries: string[]): Promise<Readonly<Record<string, unknown>>> {
  const source = entries.map((entry) => `export * from '${entry}';`).join('\n');
  const { output } = await bundler.build({
    input: 'entry',
    plugins: [
      {
        name: 'entry',
        resolveId: (id: string) => (id === 'entry' ? `${import.meta.dirname}/entry.js` : null),
        load: (id: string) => (id.endsWith('/entry.js') ? source : null),
      },
    ],
    platform: 'node',
    output: { minify: true },
    write: false,
  });
  return (await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`)) as Readonly<
    Record<string, unknown>
  >;
}

test('errors have their names in a bundle that has other names for their classes', async () => {
  const exported = await minified('holdfast', 'holdfast/idempotency');
  const classes = Object.entries(exported).filter(
    (entry): entry is [string, new () => Error] =>
      typeof entry[1] === 'function' && entry[1].prototype instanceof Error,
  );
  expect(classes.length).toBeGreaterThan(8);
  expect(classes.map(([name, { prototype }]) => [name, prototype.name])).toEqual(
    classes.map(([name]) => [name, name]),
  );
  expect(classes.every(([name, errorClass]) => errorClass.name === name)).toBe(false);
});

test('a store whose scripts a bundle has left behind says what to do', async () => {
  await expect(minified('holdfast/redis')).rejects.toThrow(
    'holdfast reads its file redis/claim.lua, which is not beside its code: keep holdfast out of bundles',
  );
});
