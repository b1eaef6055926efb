import type { User, UserFilter, UserRepository } from './users.repository.ts';

/** What the application does with users, whoever asks. Every function may throw a `DatabaseError`. */
export function createUserService(repository: UserRepository) {
  return {
    /** A page of users by id, and whether there are more behind it. */
    async list(filter: UserFilter): Promise<{ users: User[]; hasMore: boolean }> {
      const users = await repository.list({ ...filter, limit: filter.limit + 1 });
      return { users: users.slice(0, filter.limit), hasMore: users.length > filter.limit };
    },

    find: (id: number) => repository.find(id),

    /** @returns the id of the new user. */
    create: (username: string, roles: string[] | null = []) => repository.create(username.trim(), asSet(roles)),

    /** @returns the changed user; undefined when there is none. */
    update(id: number, change: { username?: string; roles?: string[] | null }): Promise<User | undefined> {
      return repository.update(id, {
        ...(change.username !== undefined && { username: change.username.trim() }),
        ...(change.roles !== undefined && { roles: asSet(change.roles) }),
      });
    },

    /** @returns whether there was such a user. */
    remove: (id: number) => repository.remove(id),

    /** @returns whether the user of this name is an administrator; undefined when there is none. */
    async canConnect(username: string): Promise<boolean | undefined> {
      const user = await repository.findByName(username);
      return user?.roles.includes('admin');
    },
  };
}

/** No white space around, no doubles. */
function asSet(roles: string[] | null): string[] {
  return [...new Set((roles ?? []).map((role) => role.trim()))];
}
