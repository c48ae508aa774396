/** An answer that says why there is none. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

interface ErrorBody {
  error?: { code?: string; message?: string; hint?: string };
}

export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  let body: ErrorBody = {};
  try {
    body = JSON.parse(text) as ErrorBody;
  } catch {
    // Not from limpid, but from something between: the text is all there is.
  }
  return new ApiError(
    response.status,
    body.error?.code ?? 'http',
    body.error?.message ?? `${response.status} ${response.statusText}`,
    body.error?.hint ?? '',
  );
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof TypeError) {
    return new ApiError(0, 'network', 'The server does not answer.', 'Is limpid serve still running?');
  }
  return new ApiError(0, 'internal', error instanceof Error ? error.message : String(error), '');
}

export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError';
