import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import { defineErrors, writeWhole } from '../../kernel/index.ts';
import { textTable } from '../../report/index.ts';
import { SCOPES, newKey, readKeys } from '../../serving/index.ts';
import type { Command } from '../command.ts';

export const keyCommandErrors = defineErrors({
  KEY_NAME_TAKEN: (f: { name: string; path: string }) =>
    `${f.path} has a key '${f.name}' already. Take it away with --remove ${f.name}, or give this one another name.`,
  KEY_NAME_UNKNOWN: (f: { name: string; path: string; known: string }) =>
    `${f.path} has no key '${f.name}'; it has ${f.known}.`,
});

const schema = z.object({
  keys: z.string().default('keys.json'),
  add: z.string().min(1).max(64).optional(),
  scope: z.array(z.enum(SCOPES)).default(['predict']),
  expires: z.iso.datetime().optional(),
  remove: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat keys --add shop --scope predict --scope feedback` */
export const command: Command<typeof schema> = {
  name: 'keys',
  summary: 'Make, list and take away API keys of endpoints. The file keeps their hashes; a key is shown once.',
  example: 'smallboat keys --add shop --scope predict --scope feedback',
  schema,
  flags: {
    keys: { type: 'string', short: 'k', help: 'the file (default keys.json)' },
    add: { type: 'string', help: 'make a key of this name' },
    scope: {
      type: 'string',
      multiple: true,
      help: `what it may: ${SCOPES.join(', ')} (default predict); may be repeated`,
    },
    expires: { type: 'string', help: 'until when it is good: 2027-01-01T00:00:00Z' },
    remove: { type: 'string', help: 'take the key of this name away' },
    json: { type: 'boolean', help: 'print as JSON' },
  },
  async run({ keys: file, add, scope, expires, remove, json }, io) {
    const path = resolve(io.cwd, file);
    let entries = add !== undefined && !existsSync(path) ? [] : [...(await readKeys(path))];
    const write = async (): Promise<void> => {
      await writeWhole(path, `${JSON.stringify({ keys: entries }, undefined, 2)}\n`);
      await chmod(path, 0o600);
    };
    if (remove !== undefined) {
      const known = entries.map(({ name }) => name).join(', ');
      entries = entries.filter(({ name }) => name !== remove);
      if (!known.split(', ').includes(remove)) throw keyCommandErrors.KEY_NAME_UNKNOWN({ name: remove, path, known });
      await write();
    }
    if (add !== undefined) {
      if (entries.some(({ name }) => name === add)) throw keyCommandErrors.KEY_NAME_TAKEN({ name: add, path });
      const scopes = [...new Set(scope)];
      const made = newKey({ name: add, scopes, ...(expires === undefined ? {} : { expiresAt: expires }) }, randomBytes);
      entries.push(made.entry);
      await write();
      io.out(json ? JSON.stringify({ key: made.key, name: add, scopes }) : made.key);
      return io.err(`The key is shown this once. ${path} keeps its hash.`);
    }
    const shown = entries.map(({ name, scopes, expiresAt }) => ({ name, scopes, expiresAt: expiresAt ?? null }));
    if (json) return io.out(JSON.stringify({ keys: shown }));
    const rows = shown.map(({ name, scopes, expiresAt }) => [name, scopes.join(', '), expiresAt ?? '']);
    for (const line of textTable(['name', 'may', 'until'], rows)) io.out(line);
  },
};
