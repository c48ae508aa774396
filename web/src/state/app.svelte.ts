// What the page shows, and the actions that change it. Everything that a link carries is in `link`.
import { api } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import { answersOf, readSaved, type Saved } from '../api/saved';
import type { Config, ModelEntry, Trace } from '../api/types';
import { FITTED, FOLD_ABOVE, type Zoom } from '../layout/axes';
import { extractRoute } from '../layout/extract';
import { edgesOf, graphOf, type Graph } from '../layout/graph';
import type { Hit } from '../layout/hit';
import { formatSubject, sameSubject, type Node, type Subject } from '../layout/nodes';
import { shareTable, type ShareTable } from '../layout/shares';
import { addressOf } from './address';
import {
  clampTau,
  DEFAULTS,
  formatLink,
  MAX_PINS,
  MIN_TAU,
  parseLink,
  type Bos,
  type Link,
  type View,
} from './link';
import { prompts } from './prompts.svelte';
import { Run } from './run.svelte';

export class App {
  link = $state<Link>({ ...DEFAULTS });
  run = new Run();
  /** Of a page in a file: all that it can show. */
  saved = $state.raw<Saved | null>(null);
  config = $state.raw<Config | null>(null);
  models = $state.raw<ModelEntry[]>([]);
  /** Why the server could not be asked for its models. */
  unreachable = $state.raw<ApiError | null>(null);
  /** What stands in the prompt field; link.prompt is what was run. */
  draft = $state('');
  shares = $state.raw<{ trace: string; table: ShareTable } | null>(null);
  sharesError = $state.raw<ApiError | null>(null);
  hover = $state.raw<Hit>(null);
  zoom = $state.raw<Zoom>(FITTED);
  dialog = $state<'help' | 'model' | 'status' | null>(null);
  toast = $state('');
  dark = $state(false);
  private toastTimer = 0;
  /** The link to the last run that was ready. */
  private shown: Link = DEFAULTS;

  minTau = $derived(Math.max(MIN_TAU, this.saved?.shares.floor ?? 0));
  trace = $derived(this.run.trace);
  out = $derived(this.outOf(this.trace));
  model = $derived(this.models.find(({ name }) => name === this.modelName));
  private extracted = $derived(this.extract());
  graph = $derived(this.extracted?.graph ?? null);
  /** How long extraction took. */
  seconds = $derived(this.extracted?.seconds ?? 0);
  selection = $derived(this.inside(this.link.selection));
  pins = $derived(this.link.pins.filter((pin) => this.inside(pin) !== null));
  fold = $derived(this.link.fold ?? (this.trace?.tokens.length ?? 0) > FOLD_ABOVE);

  get modelName(): string {
    return this.link.model || this.config?.default_model || '';
  }

  /** How the prompt becomes tokens. */
  get template(): { chat?: boolean; system?: string; bos?: Bos } {
    const { chat, system, bos } = this.link;
    const start = bos === 'auto' ? {} : { bos };
    return chat ? { chat, ...(system ? { system } : {}), ...start } : start;
  }

  private outOf(trace: Trace | null): number {
    const last = (trace?.tokens.length ?? 1) - 1;
    return Math.min(this.link.out ?? last, last);
  }

  private extract(): { graph: Graph; seconds: number } | null {
    const { shares, trace } = this;
    if (!shares || !trace || shares.trace !== trace.id) return null;
    const { tau: threshold, renormalize } = this.link;
    const started = performance.now();
    const graph = graphOf(extractRoute(shares.table, { threshold, renormalize }));
    return { graph, seconds: (performance.now() - started) / 1000 };
  }

  /** A link may name what this run does not have. */
  private inside(subject: Subject | null): Subject | null {
    const { trace } = this;
    if (!subject || !trace) return null;
    const has = ({ layer, position }: Node) => layer < trace.n_layer && position < trace.tokens.length;
    return has(subject.node) && (!subject.from || has(subject.from)) ? subject : null;
  }

  /** A page in a file has one run, and begins with the route that was asked for. */
  private linkOf(search: string): Link {
    const { saved } = this;
    const link = parseLink(search);
    if (!saved) return link;
    if (search === '')
      Object.assign(link, { tau: clampTau(saved.threshold), renormalize: saved.renormalize });
    const { tokens } = saved.trace;
    const out = saved.token === tokens.length - 1 ? null : saved.token;
    const tau = Math.max(link.tau, this.minTau);
    return { ...link, tau, model: '', prompt: '', chat: false, ids: tokens.map(({ id }) => id), out };
  }

  async open(search: string): Promise<void> {
    try {
      this.saved = await readSaved();
      if (this.saved) Object.assign(api, answersOf(this.saved));
      this.link = this.linkOf(search);
      this.draft = this.link.prompt;
      const models = api.models().then((list) => (this.models = list.models));
      this.config = await api.config();
      // The run need not wait for the list of models; only the names of others are in it.
      await Promise.all([this.rerun(), models]);
    } catch (error) {
      this.unreachable = asApiError(error);
    }
  }

  /** Back and forward. */
  async revisit(search: string): Promise<void> {
    const before = this.link;
    this.link = this.linkOf(search);
    if (!this.saved) this.draft = this.link.prompt;
    const asked = ({ model, prompt, chat, system, bos, ids }: Link) =>
      JSON.stringify([model, prompt, chat, system, bos, ids]);
    if (asked(before) !== asked(this.link)) await this.rerun();
  }

  /** Without a prompt the first sample: a page that shows how a prediction is made from the start. */
  private async rerun(): Promise<void> {
    if (this.link.prompt === '' && this.link.ids.length === 0) {
      const sample = this.config?.sample_prompts[0] ?? '';
      if (sample === '') return this.run.clear();
      this.link.prompt = this.draft = sample;
    }
    const { ids } = this.link;
    const trace = await this.start();
    if (trace && ids.length > 0) this.draft = textOf(trace);
  }

  private async start(): Promise<Trace | null> {
    const trace = await this.run.start(this.request());
    if (trace) this.shown = $state.snapshot(this.link) as Link;
    return trace;
  }

  private request() {
    const { prompt, ids } = this.link;
    return { model: this.modelName, ...(ids.length > 0 ? { ids } : { prompt, ...this.template }) };
  }

  /** Runs what stands in the prompt field. What was selected in the run before makes no sense any more. */
  async submit(): Promise<void> {
    if (this.draft === '' || this.saved) return;
    if (!this.config?.sample_prompts.includes(this.draft)) prompts.remember(this.draft);
    this.forget({ prompt: this.draft, ids: [] });
    this.pushLink();
    await this.start();
  }

  async choose(model: string): Promise<void> {
    this.forget({ model: model === this.config?.default_model ? '' : model });
    this.pushLink();
    const { prompt, ids } = this.link;
    if (prompt === '' && ids.length === 0) await this.run.prepare(this.modelName);
    else await this.rerun();
  }

  /** Shows a trace that generation left behind, explained at `out`. */
  async adopt(id: string, out: number): Promise<void> {
    const trace = await api.trace(id);
    this.forget({ prompt: '', ids: trace.tokens.map((token) => token.id), out, view: 'routes' });
    this.run.adopt(trace);
    this.shown = $state.snapshot(this.link) as Link;
    this.draft = textOf(trace);
    this.pushLink();
  }

  /** How the prompt becomes tokens; runs anew what was run. */
  async setTemplate(change: Partial<Pick<Link, 'chat' | 'system' | 'bos'>>): Promise<void> {
    const { prompt } = this.link;
    this.forget({ ...change, ids: [] });
    if (prompt === '') return;
    this.pushLink();
    await this.start();
  }

  private forget(change: Partial<Link>): void {
    const none = {
      out: null,
      selection: null,
      head: null,
      neuron: null,
      pins: [],
      target: null,
      versus: null,
    };
    Object.assign(this.link, none, { fold: null }, change);
    this.zoom = FITTED;
  }

  /** The run before is shown again; what stands in the prompt field stays. */
  cancel(): void {
    const trace = this.run.cancel();
    if (trace) Object.assign(this.link, this.shown);
    else Object.assign(this.link, { prompt: '', ids: [] });
  }

  async loadShares(trace: Trace, token: number): Promise<void> {
    this.sharesError = null;
    try {
      const answer = await api.shares(trace.id, token, MIN_TAU);
      if (this.trace === trace && this.out === token) {
        this.shares = { trace: trace.id, table: shareTable(answer) };
      }
    } catch (error) {
      if (this.trace === trace && this.out === token) this.sharesError = asApiError(error);
    }
  }

  select(subject: Subject | null): void {
    if (sameSubject(subject, this.link.selection)) return;
    this.link.selection = subject;
    this.link.head = null;
    this.link.neuron = null;
  }

  /** A click selects, a second one pins. */
  click(subject: Subject): void {
    if (sameSubject(subject, this.link.selection)) this.pin(subject);
    else this.select(subject);
  }

  pinned = (subject: Subject): boolean => this.link.pins.some((pin) => sameSubject(pin, subject));

  pin(subject: Subject | null): void {
    if (!subject) return;
    const others = this.link.pins.filter((pin) => !sameSubject(pin, subject));
    this.link.pins = others.length < this.link.pins.length ? others : [...others, subject].slice(-MAX_PINS);
  }

  setTau(tau: number): void {
    this.link.tau = Math.max(clampTau(tau), this.minTau);
  }

  setOut(position: number): void {
    if (this.saved && position !== this.saved.token)
      return this.say('This file explains one prediction; limpid serve explains the others.');
    const last = (this.trace?.tokens.length ?? 1) - 1;
    this.link.out = position === last ? null : position;
    this.link.target = null;
    this.link.versus = null;
    this.select(null);
  }

  setView(view: View): void {
    this.link.view = view;
    this.hover = null;
    this.zoom = FITTED;
  }

  /** The head shown for an attention edge: the chosen one, or the strongest that passes. */
  headOf(subject: Subject, strongest: number | undefined): number | undefined {
    const { head } = this.link;
    if (head && head.layer === subject.node.layer && head.head < (this.trace?.n_head ?? 0)) return head.head;
    const kept = this.graph ? edgesOf(this.graph, subject) : [];
    const heads = kept.flatMap((edge) => edge.heads);
    const best = heads.reduce((a, b) => (b.share > a.share ? b : a), { head: -1, share: 0 });
    return best.head >= 0 ? best.head : strongest;
  }

  /** A step in the browser's history. */
  pushLink(): void {
    history.pushState(null, '', addressOf(this.link));
  }

  async copyLink(): Promise<void> {
    const url = location.origin + location.pathname + formatLink(this.link);
    try {
      await navigator.clipboard.writeText(url);
      this.say('Link copied');
    } catch {
      this.say(url);
    }
  }

  say(text: string): void {
    this.toast = text;
    clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => (this.toast = ''), 2600);
  }

  nameOf = (subject: Subject): string => formatSubject(subject);

  /** Sizes of a model are known once it is open. */
  async refreshModels(): Promise<void> {
    if (this.model?.n_layer) return;
    try {
      this.models = (await api.models()).models;
    } catch {
      // The list there is does for choosing.
    }
  }
}

export const textOf = (trace: Trace): string => {
  const bytes = trace.tokens.filter((token) => !token.special).flatMap((token) => token.bytes);
  return new TextDecoder().decode(new Uint8Array(bytes));
};

export const app = new App();
