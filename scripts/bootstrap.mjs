/**
 * Runs one task: `node scripts/bootstrap.mjs <task> [arguments]`, after the set-up that it still needs.
 *
 * Plain JavaScript without dependencies, since it must run straight after a clone on any Node from
 * 18 on; the task itself runs on the pinned Node 24. Stdout and the exit code are the task's own.
 * Set-up talks on stderr only, and 2 is the exit code when it fails.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What each task needs besides the npm packages, and the commands that it runs one after another. */
const tasks = {
  bench: { needs: ['build'], run: ['node --expose-gc bench/main.ts'] },
  'bench:idempotency': { needs: ['build', 'servers'], run: ['node bench/idempotency/main.ts'] },
  build: { needs: ['clean'], run: ['tsc -b'] },
  'check:package': { needs: ['clean', 'build', 'node22'], run: ['node scripts/check-package.ts'] },
  demo: { needs: ['build'], run: ['node examples/black-friday/demo.ts'] },
  format: { needs: [], run: ['oxfmt', 'oxlint --fix'] },
  lint: { needs: [], run: ['oxlint', 'oxfmt --check', 'knip --treat-config-hints-as-errors'] },
  mutation: { needs: [], run: ['stryker run'] },
  oracles: { needs: ['build'], run: ['node packages/lab/oracles/main.ts'] },
  reality: { needs: ['build'], run: ['node packages/lab/reality/main.ts'] },
  reference: {
    needs: ['build'],
    run: ['node scripts/texts.ts', 'node scripts/reference.ts', 'node scripts/spec-reference.ts'],
  },
  test: {
    needs: ['build', 'node22', 'browser', 'servers'],
    run: [
      'vitest run',
      'node22 node_modules/vitest/vitest.mjs run --typecheck.enabled=false packages/holdfast/ test/regressions/',
    ],
  },
  'torture:idempotency': {
    needs: ['build', 'servers'],
    run: ['node packages/holdfast/torture/main.ts'],
  },
  types: { needs: [], run: ['tsc -b tsconfig.test.json'] },
};

/** How each need is met that is not a program. What is met already costs next to nothing. */
const setups = {
  packages: () => install('.', 'the development packages'),
  node22: () => install('test/node-22', 'Node 22'),
  clean: () => {
    for (const name of ['holdfast', 'lab']) {
      rmSync(`packages/${name}/dist`, { recursive: true, force: true });
    }
  },
  build: () => setup('tsc', '-b'),
};

/**
 * How the other needs are met: by programs of the machine's. `apt` is the package's name there, `variable` one
 * of the environment that names the program itself. Without a program set-up fails, unless it says `otherwise`.
 */
const programs = {
  browser: [
    {
      apt: 'chromium',
      isThere: () =>
        isOnPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'),
      variable: 'HOLDFAST_BROWSER',
      otherwise: 'tests that need one are skipped',
    },
  ],
  servers: [
    {
      apt: 'redis-server',
      isThere: () => isOnPath('redis-server', 'valkey-server'),
      variable: 'HOLDFAST_REDIS_SERVER',
    },
    {
      apt: 'postgresql',
      isThere: () => isOnPath('postgres') || hasDebianPostgres(),
      variable: 'HOLDFAST_POSTGRES_BIN',
    },
  ],
};

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const machine = `${process.platform}-${process.arch}`;
const isPinned = ['linux-x64', 'linux-arm64'].includes(machine); // as package.json has them
const isNew = Number.parseInt(process.versions.node, 10) >= 24;

const [name = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(tasks, name)) fail(`no task "${name}"; ${Object.keys(tasks).join(', ')}`);
if (!isPinned && !isNew) {
  fail(`this is Node ${process.version}, and none is pinned for ${machine}. nvm install 24`);
}

await alone(async () => {
  await setups.packages();
  useNode24();
  const { needs } = tasks[name];
  await provide(needs.flatMap((need) => programs[need] ?? []));
  for (const need of needs) if (!(need in programs)) await setups[need]();
});

// Arguments are meant for the first command, and then only that one runs.
for (const command of tasks[name].run.slice(0, args.length > 0 ? 1 : undefined)) {
  if (command.startsWith('node22 ') && !isPinned) {
    say(`no Node 22 is pinned for ${machine}: not run again under it`);
    continue;
  }
  const code = await run([...command.split(' '), ...args], 'inherit');
  if (code !== 0) process.exit(code);
}

/** `npm ci`, once for every state of the lockfile. */
async function install(folder, what) {
  const lockfile = readFileSync(join(folder, 'package-lock.json'));
  const state = createHash('sha256').update(lockfile).update(machine).digest('hex');
  const stamp = join(folder, 'node_modules/.holdfast-setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;

  say(`installing ${what} (once)`);
  const cli = process.env.npm_execpath ?? '';
  const npm = cli.endsWith('npm-cli.js') ? ['node', cli] : ['npm'];
  const flags = `--prefix ${folder} --include=optional --ignore-scripts --loglevel=error
    --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=9000`.split(/\s+/);
  if (folder === '.' && !isNew) {
    // npm leaves out what its own Node is too old for. So first Node 24 alone, then by it the rest.
    await setup(...npm, 'ci', ...flags, '--omit=dev');
    useNode24();
  }
  await setup(...npm, 'ci', ...flags, '--include=dev');
  if (isPinned && !existsSync(nodeIn(folder))) fail(`there came no ${nodeIn(folder)}; try again`);
  writeFileSync(stamp, state);
}

/** From here on `node` is 24, and the repository's own tools come before those of the machine. */
function useNode24() {
  const node = isPinned ? nodeIn('.') : process.execPath;
  if (!existsSync(node)) fail(`there is no ${node}; is the npm registry within reach?`);
  const path = [dirname(node), resolve('node_modules/.bin'), process.env.PATH];
  process.env.PATH = path.join(delimiter);
}

function nodeIn(folder) {
  return resolve(folder, `node_modules/node-${machine}/bin/node`);
}

/** Installs by apt what is missing, if that needs no password; then sees what still is. */
async function provide(wanted) {
  const missing = wanted.filter(isMissing);
  const isRoot = process.getuid?.() === 0;
  if (missing.length > 0 && isOnPath('apt-get') && (isRoot || isOnPath('sudo'))) {
    // Whoever would have to type a password is told what to install instead.
    const get = `${isRoot ? '' : 'sudo -n '}env DEBIAN_FRONTEND=noninteractive
      apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=30`.split(/\s+/);
    let isUpdated = false;
    for (const { apt, otherwise } of missing) {
      // What set-up can do without is not tried twice.
      const stamp = `node_modules/.holdfast-${apt}`;
      if (otherwise && existsSync(stamp)) continue;
      say(`installing ${apt} (once)`);
      if (otherwise) writeFileSync(stamp, '');
      if (!isUpdated) await run([...get, 'update'], ['ignore', 2, 2]);
      isUpdated = true;
      // One by one: a package that apt does not know must not keep the others out.
      await run([...get, 'install', '-y', '--no-install-recommends', apt], ['ignore', 2, 2]);
    }
  }
  for (const { apt, variable, otherwise } of wanted.filter(isMissing)) {
    const hint = `Install ${apt}, or set ${variable} to the program`;
    if (otherwise) say(`no ${apt}: ${otherwise}. ${hint}`);
    else fail(`there is no ${apt}, which the tests need. ${hint}`);
  }
}

function isMissing({ variable, isThere }) {
  return !process.env[variable] && !isThere();
}

function isOnPath(...names) {
  const folders = process.env.PATH.split(delimiter);
  return names.some((each) => folders.some((folder) => existsSync(join(folder, each))));
}

/** Debian keeps the programs of each version in a folder of its own, off the PATH. */
function hasDebianPostgres() {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return false;
  return readdirSync(versions).some((version) =>
    existsSync(join(versions, version, 'bin/postgres')),
  );
}

async function setup(...command) {
  const code = await run(command, ['ignore', 2, 2]);
  const hint = command.includes('ci') ? '; is the npm registry within reach?' : '';
  if (code !== 0) fail(`\`${command.join(' ')}\` ended with ${code}${hint}`);
}

/** Runs a command to its end, hands it the signals that come meanwhile, and gives its exit code. */
function run([program, ...given], stdio) {
  return new Promise((done) => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const child = spawn(program === 'node22' ? nodeIn('test/node-22') : program, given, { stdio });
    const forward = (signal) => {
      // A terminal tells the child itself.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    const end = (code) => {
      for (const signal of signals) process.off(signal, forward);
      done(code);
    };
    for (const signal of signals) process.on(signal, forward);
    child.once('error', (error) => end(127, console.error(error.message)));
    child.once('exit', (code, signal) => end(code ?? 128 + constants.signals[signal]));
  });
}

/** One set-up at a time. A lock whose owner is no more counts for nothing. */
async function alone(work) {
  const lock = '.setup-lock';
  for (let told = false; ; await sleep(100)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(error.message);
    }
    if (isLeft(lock)) rmSync(lock, { force: true });
    else if (!told) say(`another set-up runs; waiting until it has removed ${lock}`);
    told = true;
  }
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  await work();
  process.off('exit', release);
  release();
}

function isLeft(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function say(message) {
  console.error(`setting up: ${message}`);
}

function fail(message) {
  console.error(`cannot set up: ${message}`);
  process.exit(2);
}
