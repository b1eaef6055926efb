import type { Generated } from 'kysely';

/** The tables, as the migrations make them. */
export interface Schema {
  users: {
    id: Generated<number>;
    username: string;
    /** The name as the search compares it: without case and accents. */
    search_key: string;
  };
  user_roles: {
    user_id: number;
    role: string;
  };
}
