// Prompts to choose from: the server's samples, those of a file, and those that were run in this browser.
const KEY = 'limpid.prompts';
const MAX_OWN = 20;
const MAX_BYTES = 1e6;
const MAX_OF_FILE = 200;

export interface PromptFile {
  name: string;
  prompts: string[];
}

/** What a browser that keeps nothing, or something else under this name, has to offer: nothing. */
function stored(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter((each) => typeof each === 'string').slice(0, MAX_OWN) : [];
  } catch {
    return [];
  }
}

function store(prompts: string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(prompts));
  } catch {
    // They last as long as the page.
  }
}

export class Prompts {
  own = $state.raw<string[]>(stored());
  file = $state.raw<PromptFile | null>(null);

  /** The newest first. */
  remember(prompt: string): void {
    this.own = [prompt, ...this.own.filter((each) => each !== prompt)].slice(0, MAX_OWN);
    store(this.own);
  }

  forget(prompt: string): void {
    this.own = this.own.filter((each) => each !== prompt);
    store(this.own);
  }

  /** One prompt a line. The file stays here: only the prompt that is run is sent. Returns what is wrong. */
  async read(file: File): Promise<string | null> {
    if (file.size > MAX_BYTES) return `A file of prompts may have ${MAX_BYTES / 1e6} MB.`;
    const lines = (await file.text()).split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length === 0) return `${file.name} has no prompts.`;
    const once = lines.filter((line, at) => lines.indexOf(line) === at);
    this.file = { name: file.name, prompts: once.slice(0, MAX_OF_FILE) };
    return null;
  }
}

export const prompts = new Prompts();
