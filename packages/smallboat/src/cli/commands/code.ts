import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import { type PackedCode, codeOfRun, packCode, readPackage } from '../../flow/compute/index.ts';
import { loadFlow } from '../../flow/index.ts';
import { type Io, defineErrors, sha256 } from '../../kernel/index.ts';
import { textTable } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { flowFile } from '../flow-file.ts';
import { openRuns, runsFlags } from '../open-runs.ts';

export const codeCommandErrors = defineErrors({
  RUN_HAS_NO_CODE: (f: { flow: string; run: string }) =>
    `Run ${f.flow}/${f.run} has no code package: all of its steps ran where it was started. Runs with steps on AWS Batch or Kubernetes have one.`,
});

const schema = z.object({
  what: z.string().optional(),
  list: z.boolean().default(false),
  save: z.string().optional(),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat code flow.ts --list`, `smallboat code Intent/1795433364090388 --save code.tgz` */
export const command: Command<typeof schema> = {
  name: 'code',
  summary:
    'Show the code package of a flow, as it would be sent, or that a run was made with. Default: the latest run.',
  example: 'smallboat code flow.ts --list',
  positionals: ['what'],
  schema,
  flags: {
    list: { type: 'boolean', help: 'list its files' },
    save: { type: 'string', help: 'write it to this file, a .tar.gz' },
    ...runsFlags,
    json: { type: 'boolean', help: 'print it as JSON' },
  },
  async run({ what, list, save, json, ...args }, io) {
    const isFile = what !== undefined && (what.includes('#') || existsSync(resolve(io.cwd, what)));
    const { bytes, files, info } = isFile ? await ofFlow(what, io) : await ofRun(what, args, io);
    if (save !== undefined) await writeFile(resolve(io.cwd, save), bytes);
    const sizes = [...files]
      .map(([path, content]) => ({ path, bytes: content.length }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const whole = sizes.reduce((sum, file) => sum + file.bytes, 0);
    if (json) {
      return io.out(
        JSON.stringify({ info, sha256: sha256(bytes), bytes: bytes.length, unpackedBytes: whole, files: sizes }),
      );
    }
    if (list) {
      for (const line of textTable(
        ['file', 'bytes'],
        sizes.map((file) => [file.path, file.bytes]),
      ))
        io.out(line);
      return;
    }
    io.out(
      `${info.flow_name ?? 'code'}: ${kilobytes(bytes.length)} packed, ${kilobytes(whole)} in ${files.size} files`,
    );
    if (info.script !== '') io.out(`  script         ${info.script}`);
    if (info.smallboat_version !== undefined)
      io.out(`  made with      smallboat ${info.smallboat_version}, Node ${info.node_version ?? ''}`);
    for (const [name, version] of Object.entries(info.externals)) io.out(`  from the image ${name} ${version}`);
    io.out(`  sha256         ${sha256(bytes)}`);
    if (save !== undefined) io.out(resolve(io.cwd, save));
  },
};

async function ofFlow(given: string, io: Io): Promise<PackedCode> {
  const { module, wanted } = flowFile(given, 'code', io);
  const flow = await loadFlow(module, wanted);
  return packCode({ module, flow: flow.name, code: flow.options.code });
}

async function ofRun(path: string | undefined, args: Parameters<typeof openRuns>[0], io: Io): Promise<PackedCode> {
  await using runs = await openRuns(args, io);
  const { flow, run } = (await runs.find(path)).view.info;
  const code = await codeOfRun(runs.store, { flow, run });
  if (!code) throw codeCommandErrors.RUN_HAS_NO_CODE({ flow, run });
  return readPackage(await runs.store.loadBytes(flow, code.key));
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 1e5 ? 1 : 0)} kB`;
}
