import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Leaving } from './leaving.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;

function setting() {
  const response = responseOf(0);
  const leaving = new Leaving();
  const log: string[] = [];
  leaving.add(response, () => log.push('left'));
  const over = (patience: number) => leaving.over(patience).then(() => log.push('over'));
  return { response, leaving, log, over };
}

/** One that holds so many numbers. */
function responseOf(numbers: number) {
  const more = { destroyed: false, writableEnded: false, held: Array(numbers).fill(0.5) };
  return Object.assign(new EventEmitter(), more);
}

test.each(['finish', 'close'])(
  'an answer that was ended is waited for until it says %s',
  async (event) => {
    const { response, log, over } = setting();
    response.writableEnded = true;
    const waited = over(3_600_000);
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(log).toEqual([]);
    response.emit(event);
    await waited;
    expect(log).toEqual(['left', 'over']);
  },
);

test('one that was not ended is not: no server that closes cuts it', async () => {
  const { log, over } = setting();
  await over(3_600_000);
  expect(log).toEqual(['over']);
});

test('one whose client does not read is waited for no longer than was said', async () => {
  const { response, log, over } = setting();
  response.writableEnded = true;
  await over(1);
  expect(log).toEqual(['over']);
});

test('what has left is not kept alive until a collection of the whole heap', () => {
  const { leaving } = setting();
  const before = oldBytes();
  const underWay: EventEmitter[] = [];
  for (let answer = 0; answer < 60_000; answer++) {
    const response = responseOf(1000);
    leaving.add(response, () => {});
    underWay.push(response);
    if (underWay.length > 50) underWay.shift()!.emit('finish');
    if (answer % 500 === 0) collect({ type: 'minor' });
  }
  expect(oldBytes() - before).toBeLessThan(10e6);
});

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!
    .space_used_size;
}
