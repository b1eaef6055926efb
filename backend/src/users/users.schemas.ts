import Type from 'typebox';
import { component } from '../http/openapi.ts';

/** Something that is not white space, and no NUL, which PostgreSQL cannot keep in a text. */
const notBlank = '^\\s*[^\\s\\u0000][^\\u0000]*$';
const withoutNul = '^[^\\u0000]*$';

const username = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: notBlank,
  'x-well-formed': true,
  description: 'Unique; kept without the white space around it.',
  examples: ['camille'],
});
const role = Type.String({ minLength: 1, maxLength: 32, pattern: notBlank, 'x-well-formed': true });
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
export const UserCreate = component('UserCreateDTO', { username, roles: Type.Optional(roles) });
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
