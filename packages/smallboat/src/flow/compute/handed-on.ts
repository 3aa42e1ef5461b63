/**
 * Settings that a step reads where it runs, and that hold no secret: who may look at jobs sees them. Tracking systems, the endpoint and the collector
 * of OpenTelemetry are named by their own variables.
 */
const NAMES: readonly RegExp[] = [
  /^SMALLBOAT_(?:PROFILE|SHARED_FOLDER|MEMORY_LIMIT_MIB|TRACKERS|TRACK_FLUSH_SECONDS|MODELS)$/,
  /^SMALLBOAT_DEPLOY(?:_(?:REGION|ROLE|IMAGE|BUCKET|INSTANCE))?$/,
  /^MLFLOW_(?:TRACKING|REGISTRY)_URI$/,
  /^WANDB_(?:PROJECT|ENTITY|BASE_URL|MODE)$/,
  /^COMET_(?:WORKSPACE|PROJECT_NAME|URL_OVERRIDE)$/,
  /^OTEL_EXPORTER_OTLP_(?:(?:TRACES|METRICS)_)?(?:ENDPOINT|PROTOCOL|COMPRESSION|TIMEOUT)$/,
  /^OTEL_(?:RESOURCE_ATTRIBUTES|(?:TRACES|METRICS)_EXPORTER|TRACES_SAMPLER(?:_ARG)?)$/,
  /^AWS_ENDPOINT_URL(?:_\w+)?$/,
];

/** Where a task is in a trace: of a run, not of a deployed flow. */
const TRACE = /^TRACE(?:PARENT|STATE)$/;

/** An address with a user's password in it. */
const WITH_PASSWORD = /^\w+:\/\/[^/@]*:[^/@]+@/;

/** The settings of this machine that every container gets. Addresses that hold a password are left out: hand them on by `secrets`. */
export function handedOn(
  env: Readonly<Record<string, string | undefined>>,
  { isTraced }: { readonly isTraced: boolean },
): Readonly<Record<string, string>> {
  const isOne = (name: string): boolean =>
    NAMES.some((pattern) => pattern.test(name)) || (isTraced && TRACE.test(name));
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value = '']) =>
      value !== '' && isOne(name) && !WITH_PASSWORD.test(value) ? [[name, value]] : [],
    ),
  );
}
