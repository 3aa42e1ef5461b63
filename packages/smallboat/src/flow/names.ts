import { defineErrors } from '../kernel/index.ts';

/** Raised while a flow is being defined, when its module is imported. */
export const nameErrors = defineErrors({
  NAME_INVALID: (f: { what: string; name: string }) =>
    `'${f.name}' cannot be the name of ${f.what}. Use letters, digits and underscores, not starting with a digit, at most 128 characters.`,
  NAME_RESERVED: (f: { what: string; name: string; why: string }) =>
    `'${f.name}' cannot be the name of ${f.what}: ${f.why}. Choose another name.`,
});

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const reservedSteps = new Set(['start', 'end', '_parameters']);
/** Flags of `smallboat run` itself. `home` is not among them: a flow that has it gets the folder of `--home`. */
const reservedParams = new Set(
  'help json maxWorkers params tag from run with config configValue runIdFile debug quiet cache'.split(' '),
);

/** A flow's name as Metaflow accepts it: that of a Python class. */
export function checkFlowName(name: string): void {
  if (!identifier.test(name)) throw nameErrors.NAME_INVALID({ what: 'a flow', name });
}

/** A step's name as Metaflow accepts it: that of a Python method, and none of the steps that every run has. */
export function checkStepName(name: string): void {
  if (reservedSteps.has(name)) {
    throw nameErrors.NAME_RESERVED({ what: 'a step', name, why: 'every run has a task of that name already' });
  }
  if (!identifier.test(name)) throw nameErrors.NAME_INVALID({ what: 'a step', name });
}

/** A parameter's name: an identifier that `smallboat run` does not use as a flag of its own. */
export function checkParamName(name: string): void {
  if (reservedParams.has(name)) {
    throw nameErrors.NAME_RESERVED({ what: 'a parameter', name, why: `'smallboat run' has a flag of that name` });
  }
  if (!identifier.test(name) || name.startsWith('_')) throw nameErrors.NAME_INVALID({ what: 'a parameter', name });
}

/** An artifact's name: an identifier, where a leading underscore is kept for what the engine stores itself. */
export function isArtifactName(name: string): boolean {
  return identifier.test(name) && !name.startsWith('_');
}
