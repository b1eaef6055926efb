import type { UserFilter } from '../../api/client.ts';
import type { Page } from './use-loaded-users.ts';

/** Where somebody was in the list, for when they come back: from another page, or after a reload. */
export interface Position {
  pages: Page[];
  /** In pixels from the top of the page. */
  offset: number;
}

const nameOf = (filter: UserFilter) => `position ${JSON.stringify(filter)}`;

export function readPosition(filter: UserFilter): Position | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(nameOf(filter)) ?? '') as Position;
  } catch {
    return undefined;
  }
}

export function keepPosition(filter: UserFilter, position: Position): void {
  sessionStorage.setItem(nameOf(filter), JSON.stringify(position));
}
