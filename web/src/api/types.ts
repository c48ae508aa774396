// What the server answers; src/server/openapi.json and docs/schema/ are the authority.

export interface Token {
  id: number;
  text: string;
  bytes: number[];
  continuation: boolean;
  special: boolean;
}

export interface Prediction {
  id: number;
  text: string;
  logit: number;
  probability: number;
}

export interface Config {
  version: string;
  /** The server is for visitors. */
  demo: boolean;
  /** GET /status answers. */
  debug: boolean;
  default_model: string | null;
  sample_prompts: string[];
  max_prompt_tokens: number;
  /** Whether the page offers to read prompts from a file. */
  upload_allowed: boolean;
  /** What computes, and in what; the first is used. */
  backend: string[];
  precision: string[];
  limits: { max_generated_tokens: number };
}

/** What a server tells that was started with `debug`; all sizes in bytes. */
export interface Status {
  version: string;
  uptime_seconds: number;
  threads: number;
  backend: string;
  precision: string;
  memory: { resident_bytes: number; peak_bytes: number };
  /** Open ones. `decoded_bytes`: weights held in memory now, as float32. */
  models: { name: string; stored_bytes: number; decoded_bytes: number; all_decoded_bytes: number }[];
  traces: { kept: number; n_bytes: number; max_bytes: number };
  computations: { running: number; waiting: number };
  streams: number;
}

export interface ModelEntry {
  name: string;
  loaded: boolean;
  /** Sizes are given of a model that is open. */
  family?: string;
  n_layer?: number;
  n_head?: number;
  d_model?: number;
  n_vocab?: number;
  n_bytes?: number;
  source: string;
}

export interface ModelList {
  models: ModelEntry[];
  default: string | null;
}

export interface ModelInfo {
  path: string;
  adapter: string | null;
  format: string;
  architecture: string;
  supported: boolean;
  unsupported: string | null;
  spec: {
    family: string;
    n_layer: number;
    n_head: number;
    n_kv_head: number;
    d_model: number;
    d_head: number;
    d_mlp: number;
    n_ctx: number;
    n_vocab: number;
  } | null;
  tokenizer: string | null;
  n_tensor: number;
  n_parameter: number;
  types: Record<string, number>;
  memory: {
    n_tok: number;
    stored_bytes: number;
    packed_bytes: number;
    trace_bytes: number;
    scratch_bytes: number;
    budget_bytes: number;
    kept_bytes: number;
    policy: 'resident' | 'streamed' | 'too_large';
  };
}

export interface Tokenization {
  ids: number[];
  tokens: Token[];
}

export interface TraceRequest {
  model?: string;
  prompt?: string;
  ids?: number[];
  bos?: 'auto' | 'yes' | 'no';
  /** The prompt is what a user says, in the model's own template; `system` is what comes before it there. */
  chat?: boolean;
  system?: string;
}

export interface TraceStatus {
  id: string;
  state: 'queued' | 'running' | 'done';
  position?: number;
}

/** Seconds; what readings of a run have added is there once there was one. */
export interface Timing {
  forward: number;
  predictions: number;
  contributions?: number;
  route?: number;
}

export interface Trace extends TraceStatus {
  model: string;
  tokens: Token[];
  n_layer: number;
  n_head: number;
  d_model: number;
  seconds: number;
  timing: Timing;
  warnings: string[];
  /** For every position its top predictions, best first. */
  predictions: Prediction[][];
}

export interface Progress {
  stage: string;
  fraction: number;
  position?: number;
}

/** A state's parts: [key, head, share] of attention into a mid state; the FFN's of a post state. */
export interface ShareNode {
  id: string;
  parts?: [number, number, number][];
  residual: number;
  bias?: number;
  ffn?: number;
  degenerate: boolean;
  strongest: number;
}

export interface Shares {
  token: number;
  floor: number;
  n_layer: number;
  n_tok: number;
  parallel_blocks: boolean;
  nodes: ShareNode[];
}

export interface LensCell {
  top: Prediction[];
  entropy: number;
  chosen: { logit: number; probability: number; rank: number }[];
}

export type LensState = 'pre' | 'mid' | 'post';

export interface Lens {
  state: LensState;
  tokens: Token[];
  positions: number[];
  chosen: Token[];
  /** The lowest layer first; a cell for each position. */
  layers: LensCell[][];
}

export type Normalize = 'frozen' | 'part' | 'none';

export interface TokenScore {
  id: number;
  text: string;
  logit: number;
}

export interface RankedPrediction extends Prediction {
  rank: number;
  rank_below: number | null;
}

export interface StatePart {
  node: string;
  kind: 'attention' | 'residual' | 'ffn_out';
  share: number;
  heads: { head: number; share: number }[];
}

export interface Neuron {
  neuron: number;
  activation: number;
  share: number;
  promotes: Token | null;
}

/** One shape for all that can be looked at; sections that do not apply are missing. */
export interface Inspection {
  node: string;
  kind: 'state' | 'attention' | 'residual' | 'ffn' | 'head' | 'neuron' | 'bias' | 'logit';
  entropy?: number;
  predictions?: RankedPrediction[];
  parts?: StatePart[];
  bias_share?: number;
  part_of?: string;
  share?: number | null;
  residual_share?: number;
  activation?: number;
  normalize?: Normalize;
  promoted?: TokenScore[];
  suppressed?: TokenScore[];
  adds_to_target?: number | null;
  target?: Prediction;
  heads?: { head: number; attention: number; share: number }[];
  keys?: { position: number; attention: number; share: number }[];
  neurons?: Neuron[];
  logit_parts?: { node: string; logit: number }[];
  warnings: string[];
}

export interface HeadSummary {
  entropy: number;
  first: number;
  first_contribution: number;
  self: number;
  contribution: number;
}

/** Row q has q + 1 numbers: of the query at q and the keys 0 to q. */
export interface HeadMap {
  layer: number;
  head: number;
  summary: HeadSummary;
  attention: number[][];
  contribution: number[][];
}

export interface Attention {
  tokens: Token[];
  heads: HeadMap[];
}

export interface HeadScore {
  score: number;
  error: number;
  contribution: number;
}

export interface HeadRoles {
  n_layer: number;
  n_head: number;
  seed: number;
  length: number;
  roles: string[];
  heads: { layer: number; head: number; scores: Record<string, HeadScore> }[];
}

export interface GenerateRequest {
  model?: string;
  prompt: string;
  chat?: boolean;
  system?: string;
  max_tokens: number;
  temperature: number;
  top_k: number;
  top_p: number;
  seed: number;
}

export interface GeneratedToken {
  index: number; // 0 is the first generated one
  id: number;
  /** What it adds to the text; empty while a character is not whole. */
  text: string;
  probability: number;
}

export interface Generated {
  /** Of the prompt and all generated tokens but the last. */
  trace: string;
  reason: string;
  n_prompt: number;
}
