/** In place of a status: there was no answer. */
export const unreachable = 0;

/** An answer of the API that is none of success, or no answer at all. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** The HTTP status, or {@link unreachable}. */
  readonly status: number;
  /** Which field of the request is wrong, for a 422 about one. */
  readonly field: string | undefined;
  /** The kind of fault of that field, in pydantic's words, such as `string_too_long`. */
  readonly fault: string | undefined;
  /** How many seconds the API asks to wait, for a 429. */
  readonly retryAfter: number;

  constructor(status: number, body: unknown, retryAfter = 0) {
    const detail = (body as { detail?: unknown } | undefined)?.detail;
    super(typeof detail === 'string' ? detail : `HTTP ${status}`, { cause: body });
    this.status = status;
    this.retryAfter = retryAfter || 0;
    const [first] = Array.isArray(detail) ? (detail as { loc?: unknown[]; type?: unknown }[]) : [];
    this.field = typeof first?.loc?.[1] === 'string' ? first.loc[1] : undefined;
    this.fault = typeof first?.type === 'string' ? first.type : undefined;
  }
}
