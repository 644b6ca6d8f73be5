/** What the examples share: a card that is charged, and a client that asks twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Order {
  readonly amount: number;
}

export interface Receipt {
  readonly id: number;
  readonly charged: number;
}

/** How often the card was charged. */
let charges = 0;

/** Charges the card, which is what must not happen twice. */
export async function charge(order: Order): Promise<Receipt> {
  charges++;
  return { id: charges, charged: order.amount };
}

/** Where the records of a run are; a service would have them beside its data. */
const folder = mkdtempSync(join(tmpdir(), 'holdfast-example-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
export const database = join(folder, 'charges.db');

/** Asks for the same charge twice, as a client does that has lost the first answer, then for another by the same key. */
export async function askTwice(port: number): Promise<void> {
  for (const amount of [5, 5, 6]) {
    const response = await fetch(`http://127.0.0.1:${port}/charge`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'order-1' },
      body: JSON.stringify({ amount }),
    });
    const replayed = response.headers.get('Idempotent-Replayed') === 'true' ? ' (replayed)' : '';
    const { id, charged, title } = (await response.json()) as Receipt & { readonly title?: string };
    const said = title ?? `receipt ${id} of ${charged} EUR`;
    console.log(`${amount} EUR: ${response.status} ${said}${replayed}`);
  }
  console.log(`The card was charged ${charges === 1 ? 'once' : `${charges} times`}.`);
}
