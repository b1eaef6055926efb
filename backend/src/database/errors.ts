/**
 * What a database error means to a caller, whichever engine said it:
 * - `conflict`: a value that must be unique exists already;
 * - `full`: there is no room left to write;
 * - `busy`: another process holds it for now;
 * - `unavailable`: the database does not answer, or cannot be written.
 */
type DatabaseErrorKind = 'conflict' | 'full' | 'busy' | 'unavailable';

/** The engines' errors that a caller can do something about. Any other error is a fault of this program. */
export class DatabaseError extends Error {
  override name = 'DatabaseError';
  readonly kind: DatabaseErrorKind;

  constructor(kind: DatabaseErrorKind, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.kind = kind;
  }
}
