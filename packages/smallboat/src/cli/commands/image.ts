import { resolve } from 'node:path';
import * as z from 'zod';
import { dockerfile } from '../../flow/compute/index.ts';
import { writeWhole } from '../../kernel/index.ts';
import type { Command } from '../command.ts';

const schema = z.object({
  folder: z.string().default('.'),
  base: z.string().default(`node:${process.versions.node.split('.')[0] ?? ''}-slim`),
  write: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat image --write Dockerfile` */
export const command: Command<typeof schema> = {
  name: 'image',
  summary: 'Print a Dockerfile for an image that tasks run in: Node and the packages of the lock file in a folder.',
  example: 'smallboat image --write Dockerfile',
  positionals: ['folder'],
  schema,
  flags: {
    base: { type: 'string', help: 'image to begin with (default: that of Node, of this version)' },
    write: { type: 'string', help: 'write it to this file' },
    json: { type: 'boolean', help: 'print it as JSON' },
  },
  async run({ folder, base, write, json }, io) {
    const text = await dockerfile({ folder: resolve(io.cwd, folder), base });
    if (write !== undefined) {
      await writeWhole(resolve(io.cwd, write), text);
      io.err('Build it:  docker build --platform linux/amd64 -t REGISTRY/tasks:1 . && docker push REGISTRY/tasks:1');
      io.err('Use it:    SMALLBOAT_IMAGE=REGISTRY/tasks:1 smallboat run flow.ts --with batch');
    }
    if (json) io.out(JSON.stringify({ dockerfile: text }));
    else io.out(write === undefined ? text.trimEnd() : resolve(io.cwd, write));
  },
};
