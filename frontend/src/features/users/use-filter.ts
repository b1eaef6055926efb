import { useSearchParams } from 'react-router';
import type { UserFilter } from '../../api/client.ts';

/** What is searched, kept in the address: it can be shared, and survives a reload. */
export function useFilter(): { filter: UserFilter; setFilter: (change: Partial<UserFilter>) => void } {
  const [parameters, setParameters] = useSearchParams();
  return {
    filter: { q: parameters.get('q') ?? '', role: parameters.get('role') ?? '' },
    setFilter(change) {
      // What stands in the address, and not what was last shown of it: two changes may come before the page shows one.
      const wanted = new URLSearchParams(location.search);
      for (const [name, value] of Object.entries(change)) {
        if (value) wanted.set(name, value);
        else wanted.delete(name);
      }
      setParameters(wanted, { replace: true });
    },
  };
}
