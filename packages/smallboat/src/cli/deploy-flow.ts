import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { type Flow, applyWith, describeFinding, lintFlows, loadFlow } from '../flow/index.ts';
import type { Io } from '../kernel/index.ts';
import {
  type Deployed,
  type Deployment,
  type Isolation,
  isolationOf,
  prepareDeployment,
  productionToken,
} from '../orchestrate/index.ts';
import { processUser } from '../flow/orchestrated/index.ts';
import { type Flag, usage } from './command.ts';
import { type FlowFlags, flowFlags } from './flow-flags.ts';
import { flowFile } from './flow-file.ts';
import { type FlowSettings, flowSettings, setConfigs } from './flow-settings.ts';
import { firstPositional } from './positional.ts';

/** Flags of every command that deploys a flow to an engine. */
export const deployFlags = {
  branch: { type: 'string', help: "a branch of the flow's project: deployments of branches are kept apart" },
  production: { type: 'boolean', help: "the production branch of the flow's project" },
  authorize: { type: 'string', help: 'the production token of a deployment that somebody else made' },
  'new-token': { type: 'string', help: 'a production token in place of the one before' },
  'generate-new-token': { type: 'boolean', help: 'make a new production token' },
  tag: { type: 'string', short: 't', multiple: true, help: 'a tag of its runs; may be repeated' },
  with: { type: 'string', multiple: true, help: 'for all steps: retry, timeout:minutes=5, resources:cpu=4, …' },
  'max-workers': { type: 'string', help: 'elements of a list at once (default: as the engine has it)' },
  home: {
    type: 'string',
    help: 'folder of this machine for runs and tokens (default .smallboat, or what is configured)',
  },
  json: { type: 'boolean', help: 'print the result as JSON' },
} as const satisfies Readonly<Record<string, Flag>>;

/** What those flags hold, as zod reads it. */
export const deploySchema = {
  flow: z.string().optional(),
  branch: z.string().optional(),
  production: z.boolean().default(false),
  authorize: z.string().optional(),
  'new-token': z.string().optional(),
  'generate-new-token': z.boolean().default(false),
  tag: z.array(z.string().min(1)).default([]),
  with: z.array(z.string()).default([]),
  'max-workers': z.coerce.number().int().min(1).optional(),
  home: z.string().optional(),
  json: z.boolean().default(false),
};

/** What is said of a deployment on the command line. */
export interface DeployArgs {
  readonly branch?: string | undefined;
  readonly production: boolean;
  readonly authorize?: string | undefined;
  readonly 'new-token'?: string | undefined;
  readonly 'generate-new-token': boolean;
  readonly tag: readonly string[];
  readonly with: readonly string[];
  readonly home?: string | undefined;
}

/** A flow that the command line names, with what it says of its deployment. */
export interface NamedFlow {
  readonly flow: Flow;
  readonly module: string;
  readonly flags: FlowFlags;
  isolation(this: void, args: DeployArgs): Promise<Isolation>;
  settings(this: void, args: DeployArgs): Promise<FlowSettings>;
  /** Packs the flow. `runsAs`: Metaflow's name of the engine as a user. */
  deployment(
    args: DeployArgs,
    on: { readonly runsAs: string; readonly deployed?: Deployed | undefined },
  ): Promise<Deployment>;
  /** Says what looks wrong in it. */
  lint(this: void): void;
  /** With what `--with` gives its steps. */
  applied(this: void, args: DeployArgs): Promise<Flow>;
  /** Who deploys it. */
  owner(this: void, args: DeployArgs): Promise<string>;
  /** The production token of a deployment that is made or changed. */
  token(this: void, args: DeployArgs, deployed: Deployed | undefined): Promise<string>;
  /** Rejects where this machine has not the token of what is deployed. */
  authorize(this: void, args: DeployArgs, deployed: Deployed | undefined): Promise<void>;
}

const SWITCHES = ['--json', '--production', '--generate-new-token', '--only-json', '--help', '-h'];

/** The flow that is the second argument of `smallboat ENGINE ACTION flow.ts`; undefined where there is none. */
export async function namedFlow(argv: readonly string[], io: Io, command: string): Promise<NamedFlow | undefined> {
  await setConfigs(argv, io);
  const action = firstPositional(argv, SWITCHES);
  const rest = action === undefined ? [] : argv.slice(argv.indexOf(action) + 1);
  const given = firstPositional(rest, SWITCHES);
  if (given === undefined) return undefined;
  const { module, wanted } = flowFile(given, command, io);
  const flow = await loadFlow(module, wanted);
  const userOf = async (args: DeployArgs): Promise<string> =>
    (await flowSettings(args, io)).store.user ?? processUser();
  const isolation: NamedFlow['isolation'] = async (args) => {
    const { branch, production } = args;
    return isolationOf(flow, {
      user: await userOf(args),
      isProduction: production,
      ...(branch === undefined ? {} : { branch }),
    });
  };
  const token = async (args: DeployArgs, deployed: Deployed | undefined, isChanging: boolean): Promise<string> => {
    const [{ home }, { name }] = [await flowSettings(args, io), await isolation(args)];
    const { authorize, 'new-token': newToken, 'generate-new-token': generatesNew } = args;
    return productionToken({
      name,
      home,
      ...(deployed ? { deployed } : {}),
      ...(authorize === undefined ? {} : { authorize }),
      ...(isChanging && newToken !== undefined ? { newToken } : {}),
      ...(isChanging ? { generatesNew } : {}),
    });
  };
  const applied = async (args: DeployArgs): Promise<Flow> => applyWith(flow, (await flowSettings(args, io)).with);
  const lint = (): void => {
    for (const finding of lintFlows([flow])) io.err(describeFinding(finding, io.cwd));
  };
  return {
    flow,
    module,
    flags: await flowFlags(flow, command),
    isolation,
    settings: (args) => flowSettings(args, io),
    async deployment(args, { runsAs, deployed }) {
      lint();
      const { store, with: specs } = await flowSettings(args, io);
      return prepareDeployment({
        flow: await applied(args),
        module,
        storeSpec: store,
        with: specs,
        tags: args.tag,
        isolation: await isolation(args),
        token: await token(args, deployed, true),
        owner: await userOf(args),
        runsAs,
        env: io.env,
        cwd: io.cwd,
      });
    },
    applied,
    lint,
    owner: userOf,
    token: (args, deployed) => token(args, deployed, true),
    async authorize(args, deployed) {
      if (deployed) await token(args, deployed, false);
    },
  };
}

/** Throws `USAGE` where no flow was named. */
export function needed(flow: NamedFlow | undefined, command: string): NamedFlow {
  if (!flow) throw usage({ name: command }, '<flow>: give the file of a flow');
  return flow;
}

/** Writes what an engine takes to a file, and says where; or prints it. */
export function writeOut(
  text: string,
  to: { readonly path: string | undefined; readonly json: boolean; readonly facts: Readonly<Record<string, string>> },
  io: Io,
): void {
  const { path, json, facts } = to;
  if (path !== undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  if (json) io.out(JSON.stringify({ ...facts, ...(path === undefined ? { text } : { path }) }));
  else io.out(path ?? text.trimEnd());
}
