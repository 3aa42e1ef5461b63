import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import { importOnnx } from '../../training/index.ts';
import type { Command } from '../command.ts';

const schema = z.object({
  file: z.string(),
  out: z.string().default('model'),
  name: z.string().min(1).default('imported'),
  json: z.boolean().default(false),
});

/** `smallboat import-model theirs.onnx`: a model folder of a model that was trained elsewhere. */
export const command: Command<typeof schema> = {
  name: 'import-model',
  summary: 'Make a model folder of an ONNX file that was trained elsewhere, for smallboat serve --folder.',
  example: 'smallboat import-model theirs.onnx --out model',
  positionals: ['file'],
  schema,
  flags: {
    out: { type: 'string', short: 'o', help: 'the folder that is made (default model)' },
    name: { type: 'string', short: 'n', help: 'name of the model (default imported)' },
    json: { type: 'boolean', help: 'print the manifest as JSON' },
  },
  async run({ file, out, name, json }, io) {
    const folder = resolve(io.cwd, out);
    const manifest = await importOnnx(new Uint8Array(await readFile(resolve(io.cwd, file))), folder, { name });
    if (json) return io.out(JSON.stringify(manifest));
    io.out(`${folder}: ${manifest.architecture}, version ${manifest.version}`);
    if (manifest.architecture === 'onnx')
      io.err('It is run as its own graph says, some hundred times slower than a model that the kernel knows.');
  },
};
