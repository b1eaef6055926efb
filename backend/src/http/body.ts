import type { FastifyInstance } from 'fastify';
import { ValidationError } from './errors.ts';

/**
 * Reads bodies by FastAPI's rule: JSON where the content type says so or is missing, and a text otherwise, which no schema
 * here accepts (https://fastapi.tiangolo.com/tutorial/body/). An empty body is none.
 */
export function readBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('remove', 'remove');

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (bytes.length === 0) {
      done(null);
      return;
    }
    if (request.headers['content-type'] !== json) {
      done(null, bytes.toString());
      return;
    }
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      done(Object.assign(new Error('There was an error parsing the body'), { statusCode: 400 }));
      return;
    }
    // The signature is said to return a promise, which only parsers without `done` do.
    void parseJson(request, text, (error, value) => {
      if (error) done(invalidJson(text));
      else done(null, value);
    });
  });

  // Fastify refuses a content type that is none before any parser sees it; here it is a text like another.
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    headers['content-type'] = isJson(headers['content-type']) ? json : 'text/plain';
    done();
  });
}

const json = 'application/json';

function isJson(contentType = ''): boolean {
  const mediaType = contentType.replace(/;.*/s, '').trim().toLowerCase();
  return contentType.trim() === '' || /^application\/([^/]*\+)?json$/.test(mediaType);
}

function invalidJson(text: string): ValidationError {
  let reason = 'not JSON';
  try {
    JSON.parse(text);
  } catch (error) {
    reason = (error as Error).message;
  }
  const position = Number(/at position (\d+)/.exec(reason)?.[1] ?? faultPosition(text));
  return new ValidationError([
    { type: 'json_invalid', loc: ['body', position], msg: 'JSON decode error', input: {}, ctx: { error: reason } },
  ]);
}

/** Where a text stops being the beginning of JSON; V8 does not always say. */
function faultPosition(text: string): number {
  let [right, wrong] = [0, text.length + 1];
  while (wrong - right > 1) {
    const middle = Math.floor((right + wrong) / 2);
    if (isBeginning(text.slice(0, middle))) right = middle;
    else wrong = middle;
  }
  return right;
}

function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as Error;
    return /end of JSON|Unterminated/.test(message) || message.includes(`at position ${text.length} `);
  }
}
