import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Leaving } from './leaving.ts';

function setting() {
  const response = Object.assign(new EventEmitter(), { destroyed: false, writableEnded: false });
  const leaving = new Leaving();
  const log: string[] = [];
  leaving.add(response, () => log.push('left'));
  const over = (patience: number) => leaving.over(patience).then(() => log.push('over'));
  return { response, log, over };
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
