// A run of a model on a prompt: started, followed, cancelled.
import { api } from '../api/client';
import { type ApiError, ApiError as Failure, asApiError, isAbort } from '../api/errors';
import type { ServerEvent } from '../api/events';
import type { Progress, Trace, TraceRequest } from '../api/types';

/** A model that is not open is opened before it runs. */
export type Doing = 'opening' | 'running';

export type RunState =
  | { state: 'empty' }
  | { state: 'loading'; doing: Doing; progress: Progress; visible: boolean }
  | { state: 'ready'; trace: Trace }
  | { state: 'error'; error: ApiError };

/** Shorter runs come and go without a word. */
const QUIET_MS = 150;

const QUEUED: Progress = { stage: 'queued', fraction: 0 };

const problem = (data: unknown): ApiError => {
  const error = (data as { error?: { code?: string; message?: string; hint?: string } }).error;
  return new Failure(500, error?.code ?? 'internal', error?.message ?? 'The run failed.', error?.hint ?? '');
};

export class Run {
  now = $state.raw<RunState>({ state: 'empty' });
  /** The last trace that was ready: what a cancelled run goes back to. */
  private last = $state.raw<Trace | null>(null);
  private control: AbortController | null = null;
  /** Tells the server to stop what is under way. */
  private stop: (() => Promise<void>) | null = null;

  get trace(): Trace | null {
    return this.now.state === 'ready' ? this.now.trace : null;
  }

  /** What is under way. */
  get doing(): Doing | null {
    return this.now.state === 'loading' ? this.now.doing : null;
  }

  get loading(): boolean {
    return this.now.state === 'loading';
  }

  /** Whether there is a run to go back to. */
  get hasPrevious(): boolean {
    return this.last !== null;
  }

  /** The trace, or null when it failed or another run took over. */
  async start(request: TraceRequest): Promise<Trace | null> {
    const trace = await this.attempt((signal) => this.follow(request, signal));
    if (!trace) return null;
    this.last = trace;
    this.now = { state: 'ready', trace };
    return trace;
  }

  /** Opens a model of which nothing is run yet. */
  async prepare(model: string): Promise<void> {
    if (await this.attempt((signal) => this.opened(model, signal).then(() => true))) this.clear();
  }

  private async attempt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    this.abandon();
    const control = new AbortController();
    this.control = control;
    this.now = { state: 'loading', doing: 'running', progress: QUEUED, visible: false };
    setTimeout(() => {
      if (this.now.state === 'loading' && this.control === control) this.now = { ...this.now, visible: true };
    }, QUIET_MS);
    try {
      const result = await work(control.signal);
      if (this.control !== control) return null;
      this.control = null;
      return result;
    } catch (error) {
      if (this.control !== control || isAbort(error)) return null;
      this.control = null;
      this.now = { state: 'error', error: asApiError(error) };
      return null;
    }
  }

  /** What is known already. */
  adopt(trace: Trace): void {
    this.abandon();
    this.last = trace;
    this.now = { state: 'ready', trace };
  }

  /** Stops a run; the previous one is shown again. */
  cancel(): Trace | null {
    if (!this.loading) return null;
    this.abandon();
    this.now = this.last ? { state: 'ready', trace: this.last } : { state: 'empty' };
    return this.last;
  }

  clear(): void {
    this.abandon();
    this.now = { state: 'empty' };
  }

  private turnTo(doing: Doing): void {
    if (this.now.state === 'loading') this.now = { ...this.now, doing, progress: QUEUED };
  }

  private abandon(): void {
    this.control?.abort();
    this.control = null;
    // The server forgets it in its own time when this fails.
    this.stop?.().catch(() => undefined);
    this.stop = null;
  }

  private async follow(request: TraceRequest, signal: AbortSignal): Promise<Trace> {
    if (request.model) await this.opened(request.model, signal);
    const { id, state } = await api.start(request, signal);
    if (state !== 'done') {
      this.stop = () => api.cancel(id);
      await this.watch(api.progress(id, signal));
    }
    return api.trace(id, signal);
  }

  private async opened(model: string, signal: AbortSignal): Promise<void> {
    const { state } = await api.open(model, signal);
    if (state === 'done') return;
    this.stop = () => api.cancelOpening(model);
    this.turnTo('opening');
    await this.watch(api.opening(model, signal));
    this.turnTo('running');
  }

  private async watch(events: AsyncGenerator<ServerEvent>): Promise<void> {
    for await (const { event, data } of events) {
      if (event === 'progress' && this.now.state === 'loading')
        this.now = { ...this.now, progress: data as Progress };
      if (event === 'error') {
        this.stop = null;
        throw problem(data);
      }
      if (event === 'done') break;
    }
    this.stop = null;
  }
}
