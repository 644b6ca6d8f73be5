import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SpecError } from './fleet.ts';
import { loadFleet } from './load.ts';

const SHOP = `services:
  web:
    calls:
      - { to: db, policy: &short { timeout: 100ms } }
      - together:
          - to: cache
            policy: *short
  db: {}
  cache:
`;

describe('a spec in a file', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-spec-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (text: string | Uint8Array, name = 'holdfast.yaml'): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  /** What is said of it, without the folder. */
  const wrong = async (file: string): Promise<string> => {
    try {
      await loadFleet(file);
    } catch (error) {
      if (error instanceof SpecError) return error.message.replaceAll(`${folder}/`, '');
      throw error;
    }
    return '';
  };

  test('says where an option of keys is wrong', async () => {
    const text = 'services:\n  till:\n    idempotency: { lease: 1m, retention: 2s, wiat: 1s }\n';
    expect((await wrong(write(text, 'keys.yaml'))).split('\n')).toEqual([
      "keys.yaml:3:46 services.till.idempotency.wiat is not an option; did you mean 'wait'?",
      'keys.yaml:3:31 services.till.idempotency.retention must be at least the lease, 1m; got 2s',
    ]);
  });

  test('knows where everything is, or what is around it', async () => {
    const file = write(SHOP.replace('cache:\n', 'cache: {}\n'));
    const { fleet, placeOf, ...loaded } = await loadFleet(file);
    expect(loaded.file).toBe(file);
    const at = (...path: (string | number)[]): string => {
      const { line, column } = placeOf(path);
      return `${line}:${column}`;
    };
    expect(at()).toBe('1:1');
    expect(at('services', 'web')).toBe('2:3');
    expect(at('services', 'web', 'calls', 0, 'to')).toBe('4:11');
    expect(at('services', 'web', 'calls', 1, 'together', 0)).toBe('6:13');
    expect(at('services', 'web', 'calls', 1, 'together', 0, 'policy', 'timeout')).toBe('4:36');
    expect(at('services', 'db', 'workers')).toBe('8:3');
    expect(at('users', 'nobody')).toBe('1:1');
    for (const { path } of fleet.services.get('web')!.stages.flat()) {
      expect(placeOf(path).path).toBe(path);
    }
  });

  test('may be JSON, with tabs', async () => {
    const text = JSON.stringify(
      { services: { web: { calls: [{ to: 'db' }] }, db: {} } },
      null,
      '\t',
    );
    const { fleet, placeOf } = await loadFleet(write(text, 'holdfast.json'));
    expect(fleet.services.size).toBe(2);
    expect(placeOf(['services', 'web', 'calls', 0])).toMatchObject({ line: 5, column: 5 });
  });

  test('is told with the place of each thing that is wrong', async () => {
    const text = 'services:\n  web:\n    workerz: 3\n    calls: [{ to: dv }]\n  db: {}\n';
    expect(await wrong(write(text))).toBe(
      "holdfast.yaml:3:5 services.web.workerz is not an option; did you mean 'workers'?\n" +
        "holdfast.yaml:4:15 services.web.calls[0].to must be the name of a service; there is no 'dv', did you mean 'db'?",
    );
  });

  test('says one thing of one place, where the parser has two errors', async () => {
    const said = await wrong(write('services:\n  db:\n    workers: 5\n      replicas: 2\n'));
    expect(said.split('\n')).toHaveLength(1);
  });

  test('tells of a time in no unit how one is written', async () => {
    const text = `services: { web: {} }\nscenarios: { day: { duration: 2min } }\n`;
    expect(await wrong(write(text))).toBe(
      `holdfast.yaml:2:21 scenarios.day.duration must be a duration from 1ms to 24h, written like '250ms', '5s', '1m', '1h', '7d', got "2min"`,
    );
  });

  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', ':1:1 services is missing: an object of at most 1000 by name, each an object'],
    ['a word', 'hello', ':1:1 the spec must be an object, like { services: ... }, got "hello"'],
    [
      'a call by its name alone',
      'services: { web: { calls: [db] }, db: {} }',
      ':1:28 services.web.calls[0] must be an object, like { to: ... }, got "db"',
    ],
    ['a slip', 'services: [\nname: x\n', ':2:1 the spec is not YAML: Flow sequence'],
    ['a key twice', 'name: a\nname: b\n', ":2:1 the spec has the key 'name' twice"],
    [
      'no space behind a colon',
      'services:\n  db:\n    workers:5\n    replicas: 2\n',
      ':3:5 the spec is not YAML: what should be a key goes over several lines: a space may be missing behind a colon',
    ],
    [
      'no space behind a colon in braces',
      'services: { web: { calls: [{ to:db }] }, db: {} }',
      ":1:30 the spec has the key 'to:db' and nothing behind it: a space may be missing behind its colon",
    ],
    [
      'a key under a value',
      'services:\n  db:\n    workers: 5\n      replicas: 2\n',
      ':3:14 the spec is not YAML: a key stands where a value is already: look at the indentation',
    ],
    [
      'a merge key',
      'services:\n  db: &db { workers: 5 }\n  other:\n    <<: *db\n',
      ':4:5 the spec has the merge key <<, which YAML 1.2 has not: write out what it merges, or name what policies share under `policies`',
    ],
    ['a key that is a map', '? { a: 1 }\n: 3\n', ':1:3 the spec has a key that is no text'],
    ['two documents', 'name: a\n---\nname: b\n', ':2:1 the spec begins a second document'],
    ['a tag', 'name: !!js/function "x"\n', ':1:7 the spec has a tag that a spec cannot have'],
    [
      'a set, whose keys nobody would see',
      'services:\n  web: !!set { workerz }\n',
      ':2:8 the spec has a tag that a spec cannot have',
    ],
    [
      'words of YAML 1.1',
      '%YAML 1.1\n---\nservices: { web: { external: yes } }\n',
      ':3:20 services.web.external must be true or false, got "yes"',
    ],
    [
      'a probe that asks itself',
      'services:\n  web: { livenessAsks: [db, web] }\n  db: {}\n',
      ':2:29 services.web.livenessAsks[1] is the service itself',
    ],
    [
      'an alias of nothing',
      'name: &b x\nusers: *a\n',
      ':2:8 the spec has the alias *a, and no &a before it',
    ],
    ['another encoding', new Uint8Array([0xff, 0xfe, 0]), ' is not UTF-8 text'],
    ['too much', '#'.repeat(1_000_001), ' is larger than 1000000 bytes'],
    ['depth', '['.repeat(100_000), ' the spec is nested too deeply'],
    [
      'depth by maps',
      'a: '.concat('{a: '.repeat(5000), '1', '}'.repeat(5000)),
      'nested too deeply',
    ],
    [
      'a spec in itself',
      'services: &s\n  web: { calls: *s }\n',
      ':2:10 services.web.calls is an alias of something that contains it',
    ],
    [
      'a value without end, where any value may be',
      'policies:\n  page: { fallback: { value: &x [1, *x] } }\nservices: { web: {} }\n',
      ':2:37 policies.page.fallback.value[1] is an alias of something that contains it',
    ],
    [
      'many keys',
      `services:\n${manyKeys(60_000)}`,
      ':1:1 services must be at most 1000, got 60000',
    ],
    // As arguments of one call, so many problems are more than the stack holds.
    [
      'one key again and again',
      `services: {}\n${'a: 1\n'.repeat(150_000)}`,
      ":3:1 the spec has the key 'a' twice in one place",
    ],
    [
      'aliases of nothing',
      `a: [${'*b,'.repeat(150_000)}]\n`,
      ':1:5 the spec has the alias *b, and no &b before it',
    ],
    [
      'a billion laughs',
      laughs(),
      ':4:14 the spec has too many aliases: from here on write them out; what policies share can have a name under `policies`',
    ],
    [
      'one alias again and again',
      `a: &a 1\nb: [\n${'  *a,\n'.repeat(300)}]\n`,
      ':202:3 the spec has too many aliases',
    ],
  ])('with %s is refused, and soon', async (_what, text, message) => {
    const said = await wrong(write(text));
    expect(said).toContain(`holdfast.yaml${message.startsWith(':') ? message : ''}`);
    expect(said).toContain(message);
  });

  test('with depth is told so, and nothing of the rest that was not read', async () => {
    expect((await wrong(write('['.repeat(100_000)))).split('\n')).toHaveLength(1);
  });

  test('that is not there, a folder or a device is refused', async () => {
    expect(await wrong(join(folder, 'nope.yaml'))).toBe(
      'nope.yaml does not exist; `holdfast init` writes a spec to start from',
    );
    expect(await wrong(folder)).toContain('is a folder: name the spec in it');
    // No pipe either, for which whoever opens it waits.
    expect(await wrong('/dev/null')).toBe('/dev/null is no regular file');
  });
});

function manyKeys(count: number): string {
  return Array.from({ length: count }, (_, i) => ` a${i}:\n`).join('');
}

function laughs(): string {
  const lines = Array.from({ length: 9 }, (_, i) => {
    const nine = Array.from({ length: 9 }, () => `*a${i}`).join(',');
    return `a${i + 1}: &a${i + 1} [${nine}]\n`;
  });
  return `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${lines.join('')}`;
}
