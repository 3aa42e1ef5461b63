import { defineErrors } from '../../kernel/index.ts';

/** Raised while a flow is being defined, when its module is imported. */
export const wiringErrors = defineErrors({
  WIRED_OUTSIDE_FLOW: (f: { what: string; hint: string }) => `${f.what} was called outside a flow; ${f.hint}.`,
  FLOW_IN_FLOW: (f: { flow: string; outer: string }) =>
    `Flow '${f.flow}' is defined inside flow '${f.outer}'. Define it beside it, and share steps instead.`,
  STEP_WIRED_TWICE: (f: { step: string; flow: string; first?: string }) =>
    `Step '${f.step}' is wired twice in flow '${f.flow}'${f.first === undefined ? '' : ` (it is declared at ${f.first})`}; give one of them a name: step.as('${f.step}_2').`,
  STEP_OPTION_INVALID: (f: { step: string; option: string; value: unknown; wanted: string }) =>
    `Step '${f.step}' has ${f.option} ${String(f.value)}; it must be ${f.wanted}.`,
  REF_USED_AS_VALUE: () =>
    'A reference has no value while a flow is being wired; hand it to a step and read it inside the step.',
  INPUTS_INVALID: (f: { step: string }) =>
    `Step '${f.step}' was given one value as its inputs. Name what it is for, as ${f.step}({ name: value }), or hand over all that a step made.`,
  REF_NESTED: (f: { step: string; input: string }) =>
    `Input '${f.input}' of step '${f.step}' has a reference inside an object or a list. Hand each reference over as an input of its own.`,
  REF_OUT_OF_EACH: (f: { user: string; from: string }) =>
    `${f.user} reads ${f.from}, which is made once for each element inside an each(). Return it from that each() and read the list it gives.`,
  REF_OUT_OF_CASE: (f: { user: string; from: string; choice: string }) =>
    `${f.user} reads ${f.from}, which is made only where that case is taken. Return it from the case and read what ${f.choice} gives.`,
  REF_OUT_OF_REPEAT: (f: { user: string; from: string }) =>
    `${f.user} reads ${f.from}, which is made anew in every iteration of a repeat(). Return it from the repeat() and read what that gives.`,
  REF_OF_ANOTHER_FLOW: (f: { user: string; from: string }) =>
    `${f.user} reads ${f.from}, which is not wired in this flow. Call that step inside this flow's wiring first.`,
  EACH_RESULT_INVALID: (f: { each: string }) =>
    `each() over '${f.each}' must return the outputs of a step that is wired inside it.`,
  EACH_NOT_A_LIST: (f: { found: string }) => `each() was given ${f.found}. Give it a list, or a reference to one.`,
  GANG_INVALID: (f: { problem: string }) =>
    `gang() ${f.problem}. Give it a whole number from 1, or a reference to one, and return what one step makes: gang(4, () => fit({ examples })).`,
  CHOICE_INVALID: (f: { what: string; problem: string }) =>
    `${f.what} ${f.problem}. Give it a reference to what it decides on, and in each case return the outputs of a step.`,
  REPEAT_INVALID: (f: { problem: string }) =>
    `repeat() ${f.problem}. Its body returns the outputs of a step that is wired inside it, with all that it was started with; 'while' gives a reference to a yes or no that is made inside it.`,
  MERGE_INVALID: (f: { problem: string }) =>
    `merge() ${f.problem}. Give it a list of what steps made: merge([first, second]).`,
  WIRING_RESULT_INVALID: (f: { flow: string; found: string }) =>
    `The wiring of flow '${f.flow}' returned ${f.found}. It must return a reference (the outputs of its last step, say), and must not be async.`,
});
