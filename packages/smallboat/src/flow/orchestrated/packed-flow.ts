import { pathToFileURL } from 'node:url';
import { defineErrors } from '../../kernel/index.ts';
import type { Flow } from '../compose/flow.ts';
import { handedOn } from '../compute/handed-on.ts';
import { type ComputeSettings, computeSettings, settingsIn } from '../compute/settings.ts';
import { specInContainer } from '../compute/spec-in-container.ts';
import { folderInCode, storeCode } from '../compute/store-code.ts';
import { bootstrapCommand } from '../compute/task/bootstrap-command.ts';
import { readConfigs } from '../config-value.ts';
import { type StoreSpec, openRunStore } from '../store/open-run-store.ts';
import type { PlannedOrder, PlannedWork } from './planned.ts';

export const packedErrors = defineErrors({
  RUNS_NOT_SHARED: (f: { location: string }) =>
    `The runs are kept in ${f.location}, which the tasks of an engine cannot all reach. Keep artifacts in S3 and metadata in the metadata service (METAFLOW_DEFAULT_DATASTORE=s3, METAFLOW_DATASTORE_SYSROOT_S3=s3://…, METAFLOW_DEFAULT_METADATA=service, METAFLOW_SERVICE_URL=…), or set SMALLBOAT_SHARED_FOLDER=1 where that folder is a network file system that they mount at the same path.`,
});

export interface PackOptions {
  readonly flow: Flow;
  /** URL of the module that exports the flow. */
  readonly module: string;
  readonly storeSpec: StoreSpec;
  /** As `--with` has it. */
  readonly with: readonly string[];
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  /** Whose the runs are: the engine, as in Metaflow, so that they are in nobody's own namespace. */
  readonly user: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A flow's code in the store, and what the process of each piece of its work is started with. */
export interface PackedFlow {
  /** Needs a shell and Node, and nothing else: the code comes from the store. The same for all pieces. */
  readonly command: readonly string[];
  /** What `SMALLBOAT_TASK` is for a piece of work. */
  order(this: void, work: PlannedWork): string;
  /** Other environment variables of every process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly store: StoreSpec;
  readonly settings: ComputeSettings;
  /** Content key of the code package. */
  readonly code: string;
}

/** How long a body may take to stop when it is told to, in seconds. Services wait for half a minute. */
const GRACE = 25;

/** Puts a flow's code into the store. Rejects with `RUNS_NOT_SHARED`, and as `packCode` does. */
export async function packFlow(options: PackOptions): Promise<PackedFlow> {
  const { flow, module, storeSpec, env, cwd } = options;
  const settings = computeSettings(settingsIn({ env, cwd }));
  await using store = await openRunStore(storeSpec);
  const spec = specInContainer(storeSpec, settings);
  // Without a service the metadata is in a folder of this machine, and every task asks for it.
  const isShared = settings.isFolderShared || (spec.datastore !== undefined && spec.metadata !== undefined);
  if (!isShared) throw packedErrors.RUNS_NOT_SHARED({ location: store.location });
  const { isMetadataElsewhere: _, ...reachable } = spec;
  const code = await storeCode(store, { module, flow: flow.name, code: flow.options.code });
  const common: Omit<PlannedOrder, 'planned'> = {
    flow: flow.name,
    store: { ...reachable, user: options.user },
    code: { key: code.key, url: code.url.includes('://') ? code.url : pathToFileURL(code.url).href },
    folder: folderInCode(module, cwd),
    with: options.with,
    tags: options.tags,
    systemTags: options.systemTags,
    variables: Object.fromEntries(readConfigs().map(({ variable }) => variable)),
    graceSeconds: GRACE,
  };
  return {
    command: await bootstrapCommand(),
    order: (planned) => JSON.stringify({ ...common, planned }),
    environment: {
      ...handedOn(env, { isTraced: false }),
      METAFLOW_USER: options.user,
      ...(settings.packages === undefined ? {} : { SMALLBOAT_NODE_MODULES: settings.packages }),
    },
    store: reachable,
    settings,
    code: code.key,
  };
}
