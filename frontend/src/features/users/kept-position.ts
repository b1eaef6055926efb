import type { UserFilter } from '../../api/client.ts';
import { remember, remembered } from '../../app/session.ts';
import type { Page } from './use-loaded-users.ts';

/** Where somebody was in the list, for when they come back: from another page, or after a reload. */
export interface Position {
  pages: Page[];
  /** In pixels from the top of the page. */
  offset: number;
}

/** One for each filter, the last one first. */
type Kept = [filter: string, position: Position][];

const name = 'positions';
/** How many filters one comes back to. */
const mostKept = 5;

export function readPosition(filter: UserFilter): Position | undefined {
  return kept().find(([of]) => of === JSON.stringify(filter))?.[1];
}

export function keepPosition(filter: UserFilter, position: Position): void {
  const of = JSON.stringify(filter);
  const others = kept().filter(([other]) => other !== of);
  remember(name, JSON.stringify([[of, position], ...others].slice(0, mostKept)));
}

function kept(): Kept {
  return JSON.parse(remembered(name) ?? '[]') as Kept;
}
