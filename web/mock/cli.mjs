// Answers of the limpid program, kept: a mock of the server needs no model to repeat what was asked before.
//
// With LIMPID_BIN set, what is not there yet is asked of the program and kept; without it, it is an error.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const folder = process.env.MOCK_FOLDER ?? join(dirname(fileURLToPath(import.meta.url)), 'recorded');
const program = process.env.LIMPID_BIN;
let queue = Promise.resolve();

export class NotRecorded extends Error {}
export class ProgramFailed extends Error {}

function pathOf(args, suffix) {
  const hash = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 16);
  return join(folder, `${args[0]}-${hash}.${suffix}.gz`);
}

function run(args) {
  const done = queue.then(
    () =>
      new Promise((resolve, reject) => {
        execFile(program, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
          if (error) reject(new ProgramFailed(stderr.trim()));
          else resolve(stdout);
        });
      }),
  );
  queue = done.catch(() => undefined);
  return done;
}

async function kept(args, suffix, produce) {
  const path = pathOf(args, suffix);
  if (existsSync(path)) return gunzipSync(readFileSync(path));
  if (!program) throw new NotRecorded(`limpid ${args.join(' ')}`);
  const data = Buffer.from(await produce());
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, gzipSync(data, { level: 9 }));
  return data;
}

/** What `limpid ARGS` prints, as JSON. */
export async function json(args) {
  const data = await kept(args, 'json', async () => JSON.stringify(JSON.parse(await run(args))));
  return JSON.parse(data.toString('utf8'));
}

/** The tensors that `limpid trace` writes: name -> { shape, data }. */
export async function tensors(ids, ...patterns) {
  const args = ['trace', '--ids', ids.join(','), ...patterns.flatMap((each) => ['--only', each])];
  const file = await kept(args, 'safetensors', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'limpid-mock-'));
    const out = join(scratch, 'trace.safetensors');
    try {
      await run([...args, '--out', out]);
      return readFileSync(out);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length));
  const found = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [begin, end] = entry.data_offsets;
    // Copied: the file's numbers need not lie at a multiple of 4.
    const bytes = file.subarray(8 + length + begin, 8 + length + end);
    const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    found.set(name, { shape: entry.shape, data: new Float32Array(copy) });
  }
  return found;
}
