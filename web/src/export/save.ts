import { errorOf } from '../api/errors';

export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What the server answers, as a file. An error is thrown, not saved. */
export async function saveFrom(url: string, name: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw await errorOf(response);
  save(await response.blob(), name);
}
