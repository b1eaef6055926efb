import Box from '@mui/material/Box';
import { type ReactNode, useEffect, useState } from 'react';
import { useI18n } from '../i18n/i18n.ts';
import { IconButton } from './controls.tsx';
import { CloseIcon } from './icons.tsx';
import { MessageContext } from './message.ts';

/** How long a message stays, unless the pointer or the focus rests on it. */
const stayMs = 8000;

/** Shows what has just been done, at the bottom of the page; screen readers say it without moving the focus. */
export function MessageProvider({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  const [message, setMessage] = useState<{ text: string }>();
  const [isHeld, setHeld] = useState(false);

  useEffect(() => {
    if (!message || isHeld) return;
    const timer = setTimeout(() => {
      setMessage(undefined);
    }, stayMs);
    return () => {
      clearTimeout(timer);
    };
  }, [message, isHeld]);

  const hold = (held: boolean) => () => {
    setHeld(held);
  };

  return (
    <MessageContext
      value={(text) => {
        setMessage({ text });
      }}
    >
      {children}
      <Box
        role="status"
        sx={{
          position: 'fixed',
          bottom: 16,
          left: 16,
          right: 16,
          display: 'flex',
          justifyContent: 'center',
          zIndex: 1,
        }}
        style={{ pointerEvents: message ? 'auto' : 'none' }}
        onPointerEnter={hold(true)}
        onPointerLeave={hold(false)}
        onFocus={hold(true)}
        onBlur={hold(false)}
      >
        {message && (
          <Box
            sx={{
              display: 'flex',
              alignItems: 'center',
              gap: 1,
              pl: 2,
              borderRadius: 1,
              boxShadow: 6,
              bgcolor: 'text.primary',
              color: 'background.paper',
              '@media print': { display: 'none' },
            }}
          >
            <span>{message.text}</span>
            <IconButton
              aria-label={t.app.close}
              style={{ color: 'inherit' }}
              onClick={() => {
                setMessage(undefined);
                setHeld(false);
              }}
            >
              <CloseIcon />
            </IconButton>
          </Box>
        )}
      </Box>
    </MessageContext>
  );
}
