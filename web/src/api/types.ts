// What the server answers, by the names that the page uses. The shapes are written by `npm run types` from
// src/server/openapi.json and docs/schema/.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Token = Schemas['Token'];
export type Prediction = Schemas['ShortPrediction'];
export type Config = Schemas['Config'];
/** What a server tells that was started with `debug`. */
export type Status = Schemas['Status'];
export type ModelList = Schemas['Models'];
export type ModelEntry = ModelList['models'][number];
export type ModelInfo = Schemas['info'];
export type Tokenization = Schemas['tokenize'];
/** How far the opening of a model is. */
export type Opening = Schemas['Opening'];

export type TraceRequest = Schemas['TraceRequest'];
export type TraceStatus = Pick<Schemas['TracePending'], 'id'> & { state: 'queued' | 'running' | 'done' };
export type Trace = Schemas['TraceDone'];
export type Timing = Trace['timing'];
export type Progress = Schemas['Progress'] & Partial<Schemas['ProgressEvent']>;

type SharesOfState = Schemas['shares']['nodes'][number];
type MidShares = Extract<SharesOfState, { parts: unknown }>;
type PostShares = Extract<SharesOfState, { ffn: unknown }>;
/** A state's parts: of a mid state [key, head, share] of attention, of a post state the FFN's. */
export type ShareNode = Omit<MidShares & PostShares, 'parts' | 'bias' | 'ffn'> &
  Partial<Pick<MidShares, 'parts' | 'bias'> & Pick<PostShares, 'ffn'>>;
export type Shares = Omit<Schemas['shares'], 'nodes' | 'n_head'> & { nodes: ShareNode[] };

export type Lens = Schemas['lens'];
export type LensState = Lens['state'];
export type LensCell = Lens['layers'][number][number];

/** One shape for all that can be looked at; sections that do not apply are missing. */
export type Inspection = Schemas['inspect'];
export type Normalize = NonNullable<Inspection['normalize']>;
export type TokenScore = NonNullable<Inspection['promoted']>[number];
export type RankedPrediction = NonNullable<Inspection['predictions']>[number];
export type StatePart = NonNullable<Inspection['parts']>[number];
export type Neuron = NonNullable<Inspection['neurons']>[number];

/** Row q of a map has q + 1 numbers: of the query at q and the keys 0 to q. */
export type HeadMap = Schemas['attention']['heads'][number];
export type HeadSummary = HeadMap['summary'];
export type Attention = Pick<Schemas['attention'], 'tokens' | 'heads'>;

export type HeadScore = Schemas['heads_score'];
type RolesOfHead = Omit<Schemas['heads']['heads'][number], 'scores'> & { scores: Record<string, HeadScore> };
/** `roles` names the `scores` that heads have. */
export type HeadRoles = Omit<Schemas['heads'], 'heads' | 'roles'> & { roles: string[]; heads: RolesOfHead[] };

export type GenerateRequest = Schemas['GenerateRequest'];
export type GeneratedToken = Schemas['TokenEvent'];
export type Generated = Schemas['GeneratedEvent'];
