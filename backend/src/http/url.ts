/** The path of a request, and what stands behind it: nothing, or the query with its question mark. */
export function splitUrl(url: string): { path: string; query: string } {
  const end = url.indexOf('?');
  return end < 0 ? { path: url, query: '' } : { path: url.slice(0, end), query: url.slice(end) };
}

/**
 * The URL by which a route is found: that of the decoded path, as in Starlette, where `/%75sers%2F` is `/users/`. What
 * cannot be decoded would be answered before any hook, without headers, log or metric: it becomes a path that is not there.
 */
export function routedUrl(url: string): string {
  const { path, query } = splitUrl(url);
  if (!path.includes('%')) return url;
  try {
    return decodeURIComponent(path).split('/').map(encodeURIComponent).join('/') + query;
  } catch {
    return '/not-a-url';
  }
}
