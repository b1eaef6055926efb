/*
 * What is remembered for as long as this tab lives. Where the browser keeps nothing, because of its settings or for lack of
 * room, the page works all the same.
 */

export function remembered(name: string): string | null {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // Then it is forgotten with the page.
  }
}
