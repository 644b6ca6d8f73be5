import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faster } from './faster.ts';
import { holdfastLane } from './lanes/holdfast.ts';
import { LANES, lengthOf, limits, type Plan, PROVIDER, RATE } from './plan.ts';
import { LANE_STYLE, type Paint, time, wrap } from './style.ts';

const WIDTH = 78;

/** What is about to happen, and both lanes' code as it runs. */
export function intro(plan: Plan, paint: Paint): string {
  const { workers, serviceTime, slowness, line } = PROVIDER;
  const capacity = (workers * 1000) / serviceTime;
  const story =
    `${RATE} shoppers a second check out, and each checkout charges a payment provider that can ` +
    `take ${capacity} a second. Then the provider's database fails over: charges take ${slowness} ` +
    `times as long, then none gets through, then all is well again. It charges once for an ` +
    `idempotency key; the naive lane sends none. Both lanes get the same shoppers, each at a ` +
    `provider of its own, with room for ${line} in line. Who waits longer than ` +
    `${time(limits(plan).attempt)} has left; the bars show the share that paid.`;
  const tempo =
    plan.speedup === 1
      ? `Nothing is sped up, so this takes ${time(lengthOf(plan))}.`
      : `Time runs ${plan.speedup} times faster than life: for the outage, and for every ` +
        `duration of either lane's policy. What a charge takes is as in life.`;
  const titles = { naive: 'naive, as most code has it', holdfast: 'holdfast, as it comes' };
  const lanes = LANES.flatMap((lane) => [
    '',
    `  ${paint(LANE_STYLE[lane], titles[lane])}`,
    '',
    ...code(lane).map((text) => (text === '' ? '' : paint('dim', `    ${text}`))),
  ]);
  const { payments } = holdfastLane(faster(plan.speedup));
  return [
    `seed ${plan.seed}`,
    '',
    `  ${paint('bold', 'Black Friday')}`,
    '',
    ...[story, tempo].map((text) => wrap(`  ${text}`, WIDTH, '  ')),
    ...lanes,
    '',
    ...payments
      .explain()
      .split('\n')
      .map((text) => wrap(`    ${text}`, WIDTH, '        ')),
    '',
  ].join('\n');
}

function code(lane: string): string[] {
  const file = join(import.meta.dirname, 'lanes', `${lane}.ts`);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}
