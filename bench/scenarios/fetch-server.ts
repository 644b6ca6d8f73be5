/** A server in a process of its own: answers every request with a few bytes, but /never. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

let open = 0;

const server = createServer((request, response) => {
  if (request.url !== '/never') {
    response.end('{"answer":42}');
    return;
  }
  open++;
  response.once('close', () => open--);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('message', () => process.send!(open));
process.once('disconnect', () => process.exit());
