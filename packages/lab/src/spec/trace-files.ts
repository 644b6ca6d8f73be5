import { dirname, isAbsolute, join } from 'node:path';
import type { SpecPath } from './model.ts';
import { isRecord, pathText, type SpecProblem } from './problems.ts';
import { textOf, UnreadableError } from './text-file.ts';
import { parseTrace } from './trace.ts';

/** Bytes of a trace: a million lines of sixty characters. */
const MAX_BYTES = 64_000_000;

/**
 * Puts the moments that files hold into the spec, in place of the files' names.
 *
 * @param spec as it was read; what is wrong with it otherwise is not seen here.
 * @param file of the spec, from which the others' paths go out.
 * @returns what is wrong with the files. Such a trace has one moment, so that the rest can be checked.
 */
export async function readTraces(spec: unknown, file: string): Promise<SpecProblem[]> {
  const problems: SpecProblem[] = [];
  for (const [arrivals, path] of arrivalsIn(spec)) {
    if (typeof arrivals['trace'] !== 'string') continue;
    const read = await readTrace(arrivals['trace'], file, [...path, 'trace']);
    problems.push(...read.problems);
    arrivals['trace'] = read.problems.length === 0 ? read.moments : [0];
  }
  return problems;
}

async function readTrace(
  name: string,
  spec: string,
  path: SpecPath,
): Promise<{ readonly moments: readonly number[]; readonly problems: readonly SpecProblem[] }> {
  const file = isAbsolute(name) ? name : join(dirname(spec), name);
  try {
    const { moments, problems } = parseTrace(await textOf(file, MAX_BYTES));
    return {
      moments,
      problems: problems.map(({ line, message }) => ({
        path,
        message,
        place: { file, line, column: 1, path: [] },
      })),
    };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const message = `${pathText(path)}: ${file} ${error.message}`;
    return { moments: [], problems: [{ path, message }] };
  }
}

/** All that says when requests come: of users, and of scenarios in their place. */
function arrivalsIn(spec: unknown): (readonly [Record<string, unknown>, SpecPath])[] {
  const loads = recordsIn(spec, 'scenarios').flatMap(([scenario, path]) =>
    recordsIn(scenario, 'load', path),
  );
  return [...recordsIn(spec, 'users'), ...loads];
}

/** The records by name under a key, with their paths; none where something else is. */
function recordsIn(
  around: unknown,
  key: string,
  path: SpecPath = [],
): (readonly [Record<string, unknown>, SpecPath])[] {
  const map = isRecord(around) && Object.hasOwn(around, key) ? around[key] : undefined;
  if (!isRecord(map)) return [];
  return Object.entries(map).flatMap(([name, value]) =>
    isRecord(value) ? [[value, [...path, key, name]] as const] : [],
  );
}
