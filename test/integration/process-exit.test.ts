import { describe, expect, test } from 'vitest';
import { AT_ONCE, runProgram } from './child.ts';

/** What still keeps the process open, one turn later. */
const whatRemains = `
  import { setImmediate as turn } from 'node:timers/promises';
  const remains = async () => {
    await turn();
    const all = process.getActiveResourcesInfo();
    return JSON.stringify(all.filter((name) => name !== 'PipeWrap'));
  };
`;
const everyDefault = `
  ${whatRemains}
  const up = holdfast.dependency('up', {
    classify: (outcome) => (outcome.ok ? 'success' : 'transient'),
    timeout: '60s',
    deadline: '120s',
  });
`;

describe.concurrent('a process', () => {
  test('whose only work is an operation that hangs stays until its timeout, and then exits', async () => {
    const { code, stdout, stderr, lingered } = await runProgram(`
      ${whatRemains}
      const { pipeline, timeout, pending } = holdfast;
      const startedAt = performance.now();
      pipeline(timeout('700ms')).call(() => pending).catch(async (error) => {
        const lasted = performance.now() - startedAt;
        console.log(error.code, await remains(), lasted);
      });
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ATTEMPT_TIMEOUT \[\] /);
    expect(Number(stdout.split(' ')[2])).toBeGreaterThanOrEqual(700);
    expect(lingered).toBeLessThan(AT_ONCE);
  });

  test('with a call in backoff stays until the next attempt', async () => {
    const { code, stdout, lingered } = await runProgram(`
      const { pipeline, classify, retry } = holdfast;
      pipeline(
        classify((outcome) => (outcome.ok ? 'success' : 'transient')),
        retry({ backoff: { base: 300, jitter: 'none' } }),
      ).call(({ number }) => {
        if (number === 1) throw new Error('down');
        return number;
      }, { idempotent: true }).then((number) => console.log('attempt', number));
    `);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'attempt 2\n' });
    expect(lingered).toBeLessThan(AT_ONCE);
  });

  test('with a call in a queue stays until its deadline ends it', async () => {
    const { code, stdout } = await runProgram(`
      const { pipeline, deadline, bulkhead, pending } = holdfast;
      const one = bulkhead({ maxConcurrent: 1 });
      pipeline(one).call(() => pending);
      pipeline(deadline('300ms'), one).call(() => pending).catch(({ code }) => console.log(code));
    `);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^(DEADLINE_EXCEEDED|BULKHEAD_FULL)\n$/);
  });

  test('whose dependencies are idle exits at once', async () => {
    const { code, stdout, lingered } = await runProgram(`
      ${everyDefault}
      console.log(up.snapshot().dependency, await remains());
    `);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'up []\n' });
    expect(lingered).toBeLessThan(AT_ONCE);
  });

  test.each([
    ['has succeeded', `up.call(async () => 'value')`],
    ['has failed', `up.call(async () => { throw new Error('down'); })`],
    ['took a while', `up.call(() => new Promise((resolve) => setTimeout(resolve, 50)))`],
    [
      'was aborted',
      `(setTimeout(() => abort.abort(), 50), up.call(() => new Promise(() => {}), { signal: abort.signal }))`,
    ],
    [
      'has opened a breaker',
      `Promise.all(Array.from({ length: 200 }, () => up.call(() => { throw 1; })))`,
    ],
  ])('exits at once when its last call, with a minute left, %s', async (_, call) => {
    const { code, stdout, stderr, lingered } = await runProgram(`
      ${everyDefault}
      const abort = new AbortController();
      (${call}).catch(() => {}).then(async () => console.log('done', await remains()));
    `);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done []\n', stderr: '' });
    expect(lingered).toBeLessThan(AT_ONCE);
  });

  test('in which one call has ended stays for the other', async () => {
    const { stdout } = await runProgram(`
      const { pipeline, timeout, pending } = holdfast;
      const limited = pipeline(timeout('400ms'));
      const late = pipeline(timeout('10m'));
      late.call(async () => 1).then(() => console.log('first'));
      limited.call(() => pending).catch(() => console.log('second'));
    `);
    expect(stdout).toBe('first\nsecond\n');
  });

  test('in which a call begins just as the last one ends stays for it', async () => {
    const { stdout } = await runProgram(`
      const { pipeline, timeout, pending } = holdfast;
      const limited = pipeline(timeout('200ms'));
      await limited.call(async () => 1);
      // The turn in which the clock lets go of the process.
      setImmediate(() => limited.call(() => pending).catch(() => console.log('timed out')));
    `);
    expect(stdout).toBe('timed out\n');
  });
});
