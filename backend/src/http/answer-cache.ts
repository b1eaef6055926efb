/** What an entry takes beside its key and its body, about. */
const entryBytes = 500;

/**
 * Keeps finished answers for as long as the database says that nothing in it has changed, whichever process wrote.
 *
 * @param version of the data; undefined where the database cannot tell, and then nothing is kept.
 * @param mostBytes how much memory is taken at most, keys and bookkeeping included.
 */
export function createAnswerCache<T extends { body: Buffer }>(
  version: () => string | undefined,
  mostBytes = 4_000_000,
) {
  const answers = new Map<string, T>();
  let keptVersion: string | undefined;
  let bytes = 0;

  return async function answer(key: string, make: () => Promise<T>): Promise<T> {
    const current = version();
    if (current === undefined) return make();
    if (current !== keptVersion) {
      answers.clear();
      bytes = 0;
      keptVersion = current;
    }
    const kept = answers.get(key);
    if (kept) return kept;

    const made = await make();
    // Asked before, so an answer made of newer data is at worst dropped too early.
    const cost = made.body.length + 2 * key.length + entryBytes;
    if (keptVersion === current && !answers.has(key) && bytes + cost <= mostBytes) {
      answers.set(key, made);
      bytes += cost;
    }
    return made;
  };
}
