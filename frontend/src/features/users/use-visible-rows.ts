import { type RefObject, useLayoutEffect, useState } from 'react';

export interface Rows {
  first: number;
  /** Behind the last one. */
  end: number;
}

/** Rows above and below the screen that are there already when one scrolls to them. */
const ahead = 8;

/**
 * Which rows of a list are on the screen. All have the same height, so the place of the list tells it.
 *
 * @param list the element whose first row begins at its top.
 */
export function useVisibleRows(list: RefObject<HTMLElement | null>, count: number, rowHeight: number): Rows {
  const [rows, setRows] = useState<Rows>({ first: 0, end: Math.min(count, ahead) });

  useLayoutEffect(() => {
    function look() {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / rowHeight) - ahead);
      const end = Math.min(count, Math.ceil((innerHeight - top) / rowHeight) + ahead);
      setRows((rows) => (rows.first === first && rows.end === end ? rows : { first, end }));
    }
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [list, count, rowHeight]);

  return rows;
}
