import { connect, type Socket } from 'node:net';

const BODY = '{"amount":995,"currency":"EUR","card":"tok_1"}';

/** What a server did. */
interface Load {
  /** Answers a second, once it was warm. */
  readonly perSecond: number;
  /** All answers, those of the warm-up included. */
  readonly answered: number;
}

/**
 * Keep-alive clients that ask as fast as they are answered, each request with a key of its own. The client is as small
 * as it can be, since it shares the machine with what is measured: it writes bytes and looks for the end of the answer.
 */
export async function load(port: number, clients: number, milliseconds: number): Promise<Load> {
  let answered = 0;
  const prefix = `${process.pid}-${Math.round(performance.now())}`;
  const sockets = await Promise.all(Array.from({ length: clients }, () => opened(port)));
  const failures: Error[] = [];
  sockets.forEach((socket, client) => {
    let sent = 0;
    const next = (): void => {
      socket.write(requestOf(`${prefix}-${client}-${sent++}`));
    };
    let rest = '';
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      const end = endOfAnswer(rest);
      if (end === -1) return;
      if (!rest.startsWith('HTTP/1.1 200')) failures.push(new Error(rest.split('\r\n', 1)[0]));
      rest = rest.slice(end);
      answered++;
      next();
    });
    next();
  });
  await passed(milliseconds / 4); // to warm up
  const [before, begin] = [answered, performance.now()];
  await passed(milliseconds);
  const perSecond = (1000 * (answered - before)) / (performance.now() - begin);
  for (const socket of sockets) socket.destroy();
  if (failures.length > 0) throw failures[0]!;
  return { perSecond, answered };
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.setNoDelay(true)));
    socket.once('error', reject);
  });
}

function requestOf(key: string): string {
  return (
    `POST /charge HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Idempotency-Key: ${key}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`
  );
}

/** Where the first answer ends; -1 if it has not all come. */
function endOfAnswer(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return -1;
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1]);
  const end = head + 4 + length;
  return text.length >= end ? end : -1;
}

function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
