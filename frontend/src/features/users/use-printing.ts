import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';

/** Whether the page is being put on paper. */
export function usePrinting(): boolean {
  const [isPrinting, setPrinting] = useState(false);

  useEffect(() => {
    let place = 0;
    // The browser takes what is there when these return.
    function before() {
      place = scrollY;
      flushSync(() => {
        setPrinting(true);
      });
    }
    function after() {
      flushSync(() => {
        setPrinting(false);
      });
      scrollTo({ top: place });
    }
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
    };
  }, []);

  return isPrinting;
}
