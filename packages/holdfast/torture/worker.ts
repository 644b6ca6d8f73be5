/**
 * A process of the fleet that is tortured: it asks for keys, or goes through the steps of the port
 * and records them. Its parent may kill it at any time.
 */
import { flushCompileCache } from 'node:module';
import { recordSteps } from './linearizable/client.ts';
import { Callers } from './caller.ts';
import { withDefect } from './defects.ts';
import { Gate, gated } from './gate.ts';
import { connect } from './links/link.ts';
import type { FromWorker, Request, Setup, ToWorker } from './protocol.ts';

const setup = JSON.parse(process.argv[2] ?? '') as Setup;
const link = await connect(setup, setup.link);
const gate = new Gate(() => tell({ kind: 'at-boundary' }));
const store = withDefect(link.store, setup.defect);
const callers = new Callers(setup, link, gated(store, gate), gate);

process.on('message', ({ id, request }: ToWorker) => void answer(id, request));
process.once('disconnect', () => process.exit());
// A process that is killed has no time for it.
flushCompileCache();
await tell({ kind: 'ready' });

async function answer(id: number, request: Request): Promise<void> {
  try {
    await tell({ kind: 'answer', id, answer: await perform(request) });
  } catch (error) {
    await tell({ kind: 'failed', id, message: String((error as Error).stack) });
  }
}

async function perform(request: Request) {
  if (request.do === 'record') {
    await recordSteps(store, request);
    return null;
  }
  gate.stopAt = request.stopAt;
  return await callers.ask(request);
}

/** Resolves once the parent's end of the pipe has it. */
function tell(message: FromWorker): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}
