import Type from 'typebox';
import { component } from '../http/openapi.ts';

/** What `trim()` takes away, written such that every language reads the same. */
const space = '\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';
/** No NUL, which PostgreSQL cannot keep in a text. */
const withoutNul = '^[^\\u0000]*$';

/**
 * A text of one character to so many, kept without the white space around it, which does not count. JSON Schema's
 * `maxLength` would count it: for who reads the document, the pattern says how long it may be.
 */
function trimmed(most: number) {
  const end = `[^${space}\\u0000]`;
  return {
    minLength: 1,
    pattern: `^[${space}]*${end}(?:[^\\u0000]{0,${most - 2}}${end})?[${space}]*$`,
    'x-trimmed-length': most,
    'x-well-formed': true,
  };
}

const username = Type.String({
  ...trimmed(64),
  description: 'Unique; 1 to 64 characters, without the white space around them.',
  examples: ['camille'],
});
const role = Type.String({ ...trimmed(32), description: '1 to 32 characters, without the white space around them.' });
const roles = Type.Unsafe<string[] | null>({
  type: ['array', 'null'],
  items: role,
  maxItems: 20,
  description: 'A set: order and doubles say nothing. `null` is none.',
  examples: [['dev', 'ops']],
});

export const User = component('User', {
  id: Type.Integer({ minimum: 1 }),
  username: Type.String(),
  roles: Type.Array(Type.String(), { description: 'In alphabetical order.' }),
});

/** Names of the bodies are those of the API that this one follows: generated clients go on working. */
export const UserCreate = component('UserCreateDTO', { username, roles: Type.Optional({ ...roles, default: [] }) });
export const UserUpdate = component('UserUpdateDTO', {
  username: Type.Optional(username),
  roles: Type.Optional(roles),
});
export const UserConnect = component('UserConnectDTO', {
  username: Type.String({ pattern: withoutNul, 'x-well-formed': true, examples: ['adm', 'pasadmin'] }),
});
export const Connected = component('Connected', { message: Type.String() });

export const UserPath = Type.Object({
  id: Type.Integer({
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "The user's id",
    examples: [1],
  }),
});

export const UserListQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many users a page holds at most' }),
  ),
  after: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 0,
      description: 'Only users with a greater id: the last one of the page before',
    }),
  ),
  q: Type.Optional(
    Type.String({ pattern: withoutNul, description: 'Only names that begin so; case and accents say nothing' }),
  ),
  role: Type.Optional(Type.String({ pattern: withoutNul, description: 'Only users who have exactly this role' })),
});

export const userSchemas = [User, UserCreate, UserUpdate, UserConnect, Connected];
