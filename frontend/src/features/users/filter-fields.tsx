import Box from '@mui/material/Box';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useId, useState } from 'react';
import type { User, UserFilter } from '../../api/client.ts';
import { Input } from '../../app/controls.tsx';
import { useI18n } from '../../i18n/i18n.ts';

/** How long nobody types before the API is asked. */
const pauseMs = 250;

interface Props {
  filter: UserFilter;
  onChange: (change: Partial<UserFilter>) => void;
}

export function FilterFields({ filter, onChange }: Props) {
  const { t } = useI18n();
  return (
    <>
      <FilterField
        label={t.users.search}
        value={filter.q}
        onChange={(q) => {
          onChange({ q });
        }}
      />
      <FilterField
        label={t.users.role}
        value={filter.role}
        suggestions={useKnownRoles()}
        onChange={(role) => {
          onChange({ role });
        }}
      />
    </>
  );
}

interface FieldProps {
  label: string;
  value: string;
  suggestions?: string[];
  onChange: (value: string) => void;
}

function FilterField({ label, value, suggestions, onChange }: FieldProps) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  const [shown, setShown] = useState(value);
  const [asked, setAsked] = useState(value);
  if (value !== shown) {
    setShown(value);
    // The address has changed otherwise: by the browser's "back", or by "clear".
    if (value !== asked) {
      setAsked(value);
      setTyped(value);
    }
  }

  useEffect(() => {
    const wanted = typed.trim();
    if (wanted === asked) return;
    const timer = setTimeout(() => {
      setAsked(wanted);
      onChange(wanted);
    }, pauseMs);
    return () => {
      clearTimeout(timer);
    };
  });

  return (
    <div>
      <Box component="label" htmlFor={id} sx={{ display: 'block', mb: 0.5, fontWeight: 600 }}>
        {label}
      </Box>
      <Input
        id={id}
        type="search"
        autoComplete="off"
        maxLength={64}
        value={typed}
        list={suggestions && `${id}-suggestions`}
        onChange={({ target }) => {
          setTyped(target.value);
        }}
      />
      {suggestions && (
        <datalist id={`${id}-suggestions`}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
    </div>
  );
}

/** The roles of the users that have been shown so far. */
function useKnownRoles(): string[] {
  const pages = useQueryClient().getQueriesData<{ users: User[] }>({ queryKey: ['users'] });
  const users = pages.flatMap(([, page]) => page?.users ?? []);
  return [...new Set(users.flatMap(({ roles }) => roles))].sort();
}
