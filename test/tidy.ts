/** What a tidy house looks like: each rule takes the files and gives its complaints, one line each. */
export interface File {
  readonly path: string;
  readonly text: string;
}

type Rule = (files: readonly File[]) => readonly string[];

/** The policies that the house has at least; any other folder beside them must be as complete. */
const POLICIES = [
  'bulkhead',
  'circuit-breaker',
  'deadline',
  'fallback',
  'retry',
  'retry-budget',
  'timeout',
];

const MAX_LINES = 350;

const isCode = (path: string): boolean => /\.(ts|js|mjs)$/.test(path);
const text = (files: readonly File[], path: string): string =>
  files.find((file) => file.path === path)?.text ?? '';

/** Every policy has the same four files, a page and a bench. */
export const policiesAreComplete: Rule = (files) => {
  const folder = /^packages\/holdfast\/src\/policies\/([^/]+)\//;
  const found = files.flatMap(({ path }) => folder.exec(path)?.[1] ?? []);
  const benches = files.filter(({ path }) => path.startsWith('bench/'));
  return [...new Set([...POLICIES, ...found])].flatMap((name) => {
    const parts = [`${name}.ts`, 'options.ts', 'telemetry.ts', `${name}.test.ts`];
    const wanted = parts.map((part) => `packages/holdfast/src/policies/${name}/${part}`);
    return [
      ...[...wanted, `docs/policies/${name}.md`]
        .filter((path) => !files.some((file) => file.path === path))
        .map((path) => `${name} lacks ${path}`),
      ...(benches.some((bench) => bench.text.includes(`'${name}'`))
        ? []
        : [`${name} lacks an entry in bench/`]),
    ];
  });
};

/** `exports` names what was built; every built `index.js` is an entry that `exports` names. */
export const exportsAreBuilt: Rule = (files) => {
  const { exports } = JSON.parse(text(files, 'packages/holdfast/package.json')) as {
    exports: Record<string, string | Record<string, string>>;
  };
  const named = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : Object.values(target),
  );
  const built = files.flatMap(({ path }) => {
    const inside = /^packages\/holdfast\/(dist\/.*)$/.exec(path)?.[1];
    return inside === undefined ? [] : [`./${inside}`];
  });
  return [
    ...named
      .filter((target) => !built.includes(target))
      .map((target) => `exports names ${target}, which is not built`),
    ...built
      .filter((path) => path.endsWith('/index.js') && !named.includes(path))
      .map((path) => `${path} is built, but exports does not name it`),
  ];
};

/** Code is short, wherever it stands: what ships, its tests, the tools around it. */
export const filesAreShort: Rule = (files) =>
  files
    .filter(({ path }) => isCode(path))
    .map((file) => ({ ...file, lines: file.text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines, more than ${MAX_LINES}`);

/** A line that may not be there, in which files, and why. */
const banned: readonly { where: RegExp; what: RegExp; why: string }[] = [
  { where: /\.test\.ts$/, what: /\.only\(/, why: 'silences all other tests' },
  {
    where: /./,
    what: /\b(TODO|FIXME|XXX)\b(?!: \S+ \S+ \S+)/,
    why: 'must say what is to be done: `TODO: three words or more`',
  },
  {
    where: /\/options\.ts$/,
    what: /^\s*(readonly )?\w+(Ms|Millis|Seconds|Minutes)\??:/,
    why: 'is a duration with a unit in its name; durations take any unit',
  },
  {
    where: /\.(ts|mjs|md)$/,
    // A colour of digits only, in a style sheet, is none.
    what: /(^|[\s(])#\d+\b(?!;)/,
    why: 'points to an issue, which readers may not have; say what it was',
  },
  {
    where: /./,
    what: /(^|[\s'"`(=])\/(home|root|tmp|Users|work(space)?)\/\w/,
    why: "is a path on somebody's own machine",
  },
  { where: /package-lock\.json$/, what: /"resolved": "http/, why: 'ties the lockfile to a host' },
  {
    where: /package\.json$/,
    what: /^ {4}"(?!node")[^"]+": "[~^><*]/,
    why: 'is a range; dependencies are pinned to one version',
  },
  { where: /./, what: /\b(black|white)list/i, why: 'has a plainer word: deny list, allow list' },
];

export const linesAreFit: Rule = (files) =>
  files.flatMap((file) =>
    banned
      .filter(({ where }) => where.test(file.path))
      .flatMap(({ what, why }) =>
        file.text
          .split('\n')
          .flatMap((line, i) =>
            what.test(line) ? [`${file.path}:${i + 1} ${line.trim().slice(0, 80)} <- ${why}`] : [],
          ),
      ),
  );

/** Relative links in the documents lead somewhere. */
export const linksLead: Rule = (files) =>
  files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap((page) =>
      [...page.text.matchAll(/\]\((?!\w+:|#)([^)\s#]+)/g)].flatMap(([, link = '']) => {
        const target = decodeURI(new URL(link, `file:///${page.path}`).pathname).slice(1);
        const there = files.some(({ path }) => path === target || path.startsWith(`${target}/`));
        return there || target === '' ? [] : [`${page.path} links to ${link}, which is not there`];
      }),
    );

/** ARCHITECTURE.md says what is in each folder of the packages, down to those in `src/`. */
export const foldersAreExplained: Rule = (files) => {
  const page = text(files, 'ARCHITECTURE.md');
  const folders = files.flatMap(({ path }) => {
    const [, folder, name] = /^(packages\/[^/]+\/(?:src\/)?([^/]+)\/)/.exec(path) ?? [];
    const plain = ['bin', 'dist', 'node_modules', 'src', 'test'].includes(name ?? '');
    return folder === undefined || plain ? [] : [folder];
  });
  return [...new Set(folders)]
    .filter((folder) => !page.includes(`| \`${folder}\``))
    .map((folder) => `ARCHITECTURE.md does not say what is in ${folder}`);
};

/** docs/dependencies.md says why each dependency is there, and names no other. */
export const dependenciesAreExplained: Rule = (files) => {
  const { devDependencies, optionalDependencies } = JSON.parse(text(files, 'package.json')) as {
    devDependencies: Record<string, string>;
    optionalDependencies: Record<string, string>;
  };
  const { dependencies: ofTheLab } = JSON.parse(text(files, 'packages/lab/package.json')) as {
    dependencies: Record<string, string>;
  };
  const used = Object.keys({ ...devDependencies, ...optionalDependencies, ...ofTheLab }).filter(
    (name) => name !== 'holdfast',
  );
  const explained = [...text(files, 'docs/dependencies.md').matchAll(/^\| `([^`]+)`/gm)].map(
    ([, name = '']) => name,
  );
  return [
    ...used
      .filter((name) => !explained.includes(name))
      .map((name) => `docs/dependencies.md does not explain ${name}`),
    ...explained
      .filter((name) => !used.includes(name))
      .map((name) => `docs/dependencies.md explains ${name}, which is not used`),
  ];
};
