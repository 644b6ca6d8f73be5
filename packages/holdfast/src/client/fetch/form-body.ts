import type { Random } from '../../runtime/random.ts';
import { type FetchInit, headersOf, uuid } from './request.ts';

/**
 * `init` with its form encoded, once for all attempts. Fetch would encode it anew for each, with another
 * boundary: a server that recognises a repetition by its bytes would take it for another request.
 */
export function withEncodedForm(
  request: Request | null,
  init: FetchInit,
  random: Random,
): FetchInit {
  const form = init?.body;
  if (!(form instanceof FormData)) return init;
  const boundary = `----formdata-holdfast-${uuid(random)}`;
  const headers = new Headers(headersOf(request, init));
  if (!headers.has('content-type')) {
    headers.set('content-type', `multipart/form-data; boundary=${boundary}`);
  }
  return { ...init, headers, body: encoded(form, boundary) };
}

/** A form encoded as HTML says ("multipart/form-data encoding algorithm"). Its files are not read yet. */
function encoded(form: FormData, boundary: string): Blob {
  const parts: (string | Blob)[] = [];
  for (const [name, value] of form) {
    const field = `name="${escaped(withCrLf(name))}"`;
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; ${field}`);
    if (typeof value === 'string') {
      parts.push(`\r\n\r\n${withCrLf(value)}`);
    } else {
      const type = value.type || 'application/octet-stream';
      const file = `filename="${escaped(value.name)}"\r\nContent-Type: ${type}`;
      parts.push(`; ${file}\r\n\r\n`, value);
    }
    parts.push('\r\n');
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts);
}

function withCrLf(text: string): string {
  return text.replaceAll(/\r\n?|\n/g, '\r\n');
}

function escaped(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}
