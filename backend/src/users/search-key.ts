/** The form in which names are searched: `Zoé` is found by `zoe`, on every engine alike. */
export function searchKey(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
