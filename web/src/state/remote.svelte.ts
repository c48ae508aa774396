// An answer of the server that follows what it is asked for: the newest question wins, earlier ones are
// aborted, and answers are kept for a while, for the same question has the same answer.
import { untrack } from 'svelte';
import { type ApiError, asApiError, isAbort } from '../api/errors';

const KEPT = 200;
// eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing shows the cache itself
const answers = new Map<string, unknown>();

function keep(key: string, value: unknown): void {
  answers.set(key, value);
  const oldest = answers.keys().next();
  if (answers.size > KEPT && !oldest.done) answers.delete(oldest.value);
}

export class Remote<T> {
  /** The newest answer; while the next one is awaited still the one before. */
  value = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);

  /** To be called while a component is set up. `key` names the question; null asks nothing. */
  constructor(key: () => string | null, load: (signal: AbortSignal) => Promise<T>) {
    $effect(() => {
      const asked = key();
      if (asked === null) {
        this.value = null;
        this.error = null;
        this.loading = false;
        return;
      }
      return this.ask(asked, load);
    });
  }

  private ask(key: string, load: (signal: AbortSignal) => Promise<T>): (() => void) | undefined {
    this.error = null;
    if (answers.has(key)) {
      this.value = answers.get(key) as T;
      this.loading = false;
      return undefined;
    }
    const control = new AbortController();
    this.loading = true;
    untrack(() => load(control.signal)).then(
      (value) => {
        keep(key, value);
        if (control.signal.aborted) return;
        this.value = value;
        this.loading = false;
      },
      (error: unknown) => {
        if (isAbort(error) || control.signal.aborted) return;
        this.value = null;
        this.error = asApiError(error);
        this.loading = false;
      },
    );
    return () => control.abort();
  }
}
