import { Ajv, type ErrorObject } from 'ajv';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { ValidationError, type ValidationItem } from './errors.ts';

/** What Ajv tells of a broken rule; which of these it tells depends on the rule. */
interface Params {
  missingProperty: string;
  type: string | string[];
  pattern: string;
}

/** Where FastAPI says that a part of the request lies. */
const places: Record<string, string> = { body: 'body', querystring: 'query', params: 'path', headers: 'header' };

/**
 * Checks requests against their schemas and tells faults as FastAPI does, that is as pydantic 2
 * (https://docs.pydantic.dev/latest/errors/validation_errors/): one item for each faulty value.
 */
export function validateRequests(app: FastifyInstance): void {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    // Formats stand in answers alone, for readers of the document.
    validateFormats: false,
    // TypeBox makes schemas that are right: checking them again costs a fifth of the start.
    meta: false,
    validateSchema: false,
  });

  // As with pydantic's `strip_whitespace`: lengths are those of what is kept, in code points, and told before the pattern is.
  const lengthKeyword = { type: 'string', schemaType: 'number', before: 'pattern' } as const;
  ajv.removeKeyword('minLength').addKeyword({
    ...lengthKeyword,
    keyword: 'minLength',
    validate: (least: number, text: string) => Array.from(text.trim()).length >= least,
  });
  ajv.addKeyword({
    ...lengthKeyword,
    keyword: 'x-trimmed-length',
    validate: (most: number, text: string) => text.length <= most || Array.from(text.trim()).length <= most,
  });

  // JSON can write half of a surrogate pair ("\\ud800"), which no text can hold. A pattern that says so is one that few clients read.
  ajv.addKeyword({
    keyword: 'x-well-formed',
    type: 'string',
    validate: (_schema: true, text: string) => text.isWellFormed(),
  });

  app.setValidatorCompiler<TSchema & { $id?: string; $ref?: string }>(({ schema, httpPart = 'body' }) => {
    for (const shared of Object.values(app.getSchemas())) {
      const { $id } = shared as { $id: string };
      if (!ajv.getSchema($id)) ajv.addSchema(shared as object);
    }
    const validate = ajv.compile(schema);
    return (raw: unknown) => {
      // A body says of which type its values are ("5" is no integer); in a path and a query all are texts.
      const value = httpPart === 'body' ? raw : fromText(schema, raw as Record<string, unknown>);
      if (validate(value)) return { value };
      return { error: new ValidationError(items(validate.errors ?? [], places[httpPart] ?? httpPart, raw)) };
    };
  });
}

/** Reads integers as pydantic does; of a parameter that is given several times the last one counts, as in Starlette. */
function fromText(schema: TSchema, raw: Record<string, unknown>): Record<string, unknown> {
  const { properties } = schema as { properties: Record<string, { type?: string }> };
  return Object.fromEntries(
    Object.entries(raw).map(([name, given]) => {
      const text: unknown = Array.isArray(given) ? given.at(-1) : given;
      const isInteger = properties[name]?.type === 'integer' && /^\s*[+-]?\d+(_\d+)*(\.0+)?\s*$/.test(String(text));
      return [name, isInteger ? Number(String(text).replaceAll('_', '')) : text];
    }),
  );
}

function items(errors: ErrorObject[], place: string, raw: unknown): ValidationItem[] {
  const found = new Map<string, ValidationItem>();
  for (const error of errors) {
    const item = asItem(error, place, raw);
    const where = item.loc.join('/');
    // Of a value one fault is told; and of a list that is too long none of its items'.
    const list = found.get(item.loc.slice(0, -1).join('/'));
    if (!found.has(where) && list?.type !== 'too_long') found.set(where, item);
  }
  return [...found.values()];
}

function asItem(error: ErrorObject, place: string, raw: unknown): ValidationItem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  const params = error.params as Params;
  const limit = error.schema as number;
  const given = place === 'body' ? error.data : lastOf((raw as Record<string, unknown>)[String(path[0])]);
  const item = (type: string, msg: string, ctx?: Record<string, unknown>): ValidationItem => ({
    type,
    loc: [place, ...path],
    msg,
    input: given ?? null,
    ...(ctx && { ctx }),
  });

  switch (error.keyword) {
    case 'required':
      return { ...item('missing', 'Field required'), loc: [place, ...path, params.missingProperty] };
    case 'type':
      return wrongType([params.type].flat()[0], error, item);
    case 'minLength':
      return item('string_too_short', `String should have at least ${characters(limit)}`, { min_length: limit });
    case 'x-trimmed-length':
      return item('string_too_long', `String should have at most ${characters(limit)}`, { max_length: limit });
    case 'pattern':
      return item('string_pattern_mismatch', `String should match pattern '${params.pattern}'`, {
        pattern: params.pattern,
      });
    case 'x-well-formed':
      return item('string_unicode', 'Input should be a valid string, unable to parse raw data as a unicode string');
    case 'minimum':
      return item('greater_than_equal', `Input should be greater than or equal to ${limit}`, { ge: limit });
    case 'maximum':
      return item('less_than_equal', `Input should be less than or equal to ${limit}`, { le: limit });
    case 'maxItems': {
      const { length } = error.data as unknown[];
      return item('too_long', `List should have at most ${limit} items after validation, not ${length}`, {
        field_type: 'List',
        max_length: limit,
        actual_length: length,
      });
    }
    default:
      return item('value_error', `Value error, ${error.message ?? error.keyword}`);
  }
}

type MakeItem = (type: string, msg: string, ctx?: Record<string, unknown>) => ValidationItem;

function wrongType(wanted: string | undefined, { data, instancePath }: ErrorObject, item: MakeItem): ValidationItem {
  switch (wanted) {
    case 'object':
      return data === null && instancePath === ''
        ? item('missing', 'Field required')
        : item('model_attributes_type', 'Input should be a valid dictionary or object to extract fields from');
    case 'array':
      return item('list_type', 'Input should be a valid list');
    case 'integer':
      return item('int_parsing', 'Input should be a valid integer, unable to parse string as an integer');
    default:
      return item('string_type', 'Input should be a valid string');
  }
}

const characters = (count: number) => `${count} character${count === 1 ? '' : 's'}`;

const lastOf = (given: unknown): unknown => (Array.isArray(given) ? given.at(-1) : given);
