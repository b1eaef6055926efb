/** What `index.html` has asked for before this code was loaded. */
export interface Boot {
  /** The answer of `/config.json`, whatever it is. */
  config: Promise<unknown>;
  /** The first page of the list, where the list is what is shown first; null once it is taken. */
  users: { url: string; answer: Promise<Response> } | null;
}

declare global {
  interface Window {
    boot?: Boot;
  }
}
