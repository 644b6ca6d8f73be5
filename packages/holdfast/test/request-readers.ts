import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** Every way to read a request. */
export const READERS: Record<string, (request: IncomingMessage) => Promise<string>> = {
  'an async iterator': (request) => text(request),
  'data events': (request) =>
    new Promise((resolve, reject) => {
      let read = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (read += chunk));
      request.on('end', () => resolve(read)).on('error', reject);
    }),
  'readable events': (request) =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      request.on('readable', () => {
        for (let chunk; (chunk = request.read() as Buffer | null) !== null;) chunks.push(chunk);
      });
      request.on('end', () => resolve(Buffer.concat(chunks).toString()));
    }),
  'a pipe': async (request) => {
    const through = new PassThrough();
    const all = buffer(through);
    await pipeline(request, through);
    return (await all).toString();
  },
};
