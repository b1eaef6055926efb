import { createContext, use } from 'react';

export const MessageContext = createContext<((text: string) => void) | null>(null);

/** Returns a function that shows a message for a while. */
export function useMessage(): (text: string) => void {
  const show = use(MessageContext);
  if (!show) throw new Error('useMessage() outside of <MessageProvider>');
  return show;
}
