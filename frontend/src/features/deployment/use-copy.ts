import { useMessage } from '../../app/message.ts';
import { useWords } from './use-words.ts';

/** Returns a function that puts a text on the clipboard, and says whether the browser let it. */
export function useCopy(): (text: string) => void {
  const t = useWords();
  const show = useMessage();
  return (text) => {
    // Over plain http there is no clipboard.
    const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
    const writing = clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    writing.then(
      () => {
        show(t.copied);
      },
      () => {
        show(t.notCopied);
      },
    );
  };
}
