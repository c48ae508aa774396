// The tour: what each step says, what it points at, and what it does to the page.
import { strongestCrossings, subjectOfEdge } from '../layout/graph';
import type { App } from './app.svelte';

const KEY = 'limpid.tour';

export interface Step {
  title: string;
  text: string;
  /** What is outlined; of `graph` only the rows at the top. */
  target: string | null;
  top?: boolean;
  prepare: (app: App) => void;
}

function strongestEdge(app: App): void {
  app.setView('routes');
  const best = app.graph ? strongestCrossings(app.graph, 1)[0] : undefined;
  app.select(best && app.graph ? subjectOfEdge(app.graph, best) : null);
}

function plainRoutes(app: App): void {
  app.setView('routes');
  app.select(null);
}

export const STEPS: Step[] = [
  {
    title: 'The routes behind a prediction',
    text: 'Columns are the tokens of the prompt, rows are the layers of the model, the lowest first. Lines show where the information behind one prediction came from.',
    target: 'main',
    prepare: plainRoutes,
  },
  {
    title: 'What the model expects next',
    text: 'Above each column stands the token that the model expects there. The filled triangle marks the prediction that is explained; click another one to explain that.',
    target: 'main',
    top: true,
    prepare: plainRoutes,
  },
  {
    title: 'An edge',
    text: 'A blue line is attention: one token reads another. Its width is its share in the state it enters, its strength the share of the prediction that passes. This is the strongest one.',
    target: 'main',
    prepare: strongestEdge,
  },
  {
    title: 'The heads of an edge',
    text: 'The panel has the heads that make up the edge, the strongest chosen: where it looks, what it takes from there, and which tokens it promotes or suppresses.',
    target: 'aside',
    prepare: strongestEdge,
  },
  {
    title: 'The threshold',
    text: 'Parts of a state that are smaller than the threshold are left out. Move it to see more or less of the route; the bars show how many parts there are of each size.',
    target: '.threshold',
    prepare: plainRoutes,
  },
  {
    title: 'The lens',
    text: 'What every state would predict if the model ended there. Follow the last column upwards to see where the prediction is made.',
    target: 'main',
    prepare(app) {
      app.select(null);
      app.setView('lens');
    },
  },
];

export class Tour {
  /** Of the step that is shown; null: no tour. */
  at = $state<number | null>(null);
  /** On the first visit. */
  offered = $state(!seen());
  step = $derived(this.at === null ? null : STEPS[this.at]!);

  start(app: App): void {
    this.go(app, 0);
    this.dismiss();
  }

  go(app: App, at: number): void {
    if (at >= STEPS.length) return this.end(app);
    this.at = Math.max(0, at);
    STEPS[this.at]!.prepare(app);
  }

  end(app: App): void {
    this.at = null;
    plainRoutes(app);
  }

  /** It is not offered again. */
  dismiss(): void {
    this.offered = false;
    try {
      localStorage.setItem(KEY, 'seen');
    } catch {
      // Then it is, the next time.
    }
  }
}

function seen(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true;
  }
}

export const tour = new Tour();
