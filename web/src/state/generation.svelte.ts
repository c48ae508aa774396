// A text that a model writes, token by token. It outlives the view that shows it.
import { api } from '../api/client';
import { ApiError, asApiError, isAbort } from '../api/errors';
import type { Generated, GeneratedToken, GenerateRequest } from '../api/types';

export class Generation {
  prompt = $state('');
  tokens = $state.raw<GeneratedToken[]>([]);
  running = $state(false);
  error = $state.raw<ApiError | null>(null);
  /** Once all is there. */
  done = $state.raw<Generated | null>(null);
  private control: AbortController | null = null;

  async start(request: GenerateRequest): Promise<void> {
    this.stop();
    const control = new AbortController();
    this.control = control;
    Object.assign(this, { prompt: request.prompt, tokens: [], running: true, error: null, done: null });
    try {
      for await (const { event, data } of api.generate(request, control.signal)) {
        if (this.control !== control) return;
        this.take(event, data);
      }
    } catch (error) {
      if (this.control === control && !isAbort(error)) this.error = asApiError(error);
    }
    if (this.control === control) this.running = false;
  }

  stop(): void {
    this.control?.abort();
    this.control = null;
    this.running = false;
  }

  private take(event: string, data: unknown): void {
    if (event === 'token') this.tokens = [...this.tokens, data as GeneratedToken];
    if (event === 'done') this.done = data as Generated;
    if (event === 'error') {
      const { error } = data as { error: { code: string; message: string; hint: string } };
      this.error = new ApiError(500, error.code, error.message, error.hint);
    }
  }
}

export const generation = new Generation();
