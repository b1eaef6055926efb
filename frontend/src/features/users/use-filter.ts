import { useSearchParams } from 'react-router';
import type { UserFilter } from '../../api/client.ts';

/** What is searched, kept in the address: it can be shared, and survives a reload. */
export function useFilter(): { filter: UserFilter; setFilter: (filter: UserFilter) => void } {
  const [parameters, setParameters] = useSearchParams();
  return {
    filter: { q: parameters.get('q') ?? '', role: parameters.get('role') ?? '' },
    setFilter({ q, role }) {
      setParameters({ ...(q && { q }), ...(role && { role }) }, { replace: true });
    },
  };
}
