/** Where the process stands between its start and its end; only `ready` gets requests from a Service. */
export interface Lifecycle {
  state: 'starting' | 'ready' | 'draining';
}
