/** An error that an AWS service answers with: `code` is what the SDK maps to an exception class. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
  }
}

/** What is thrown in here and isn't an AwsError is a fault of the embedded service: 500 to the caller, and the cause on stderr. */
export function toAwsError(thrown: unknown, service: string, code: string): AwsError {
  if (thrown instanceof AwsError) return thrown;
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  process.stderr.write(`embedded ${service}: ${cause.message}${remedy(cause)}\n`);
  return new AwsError(code, cause.message, 500);
}

function remedy(cause: Error): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC') return ' (the disk is full: free space, or choose another folder by --dir)';
  if (code === 'EMFILE') return ' (too many open files: raise the limit by ulimit -n)';
  return '';
}
