import { defineErrors } from '../../kernel/index.ts';
import type { Metadata } from './metadata.ts';

export const metadataElsewhereErrors = defineErrors({
  METADATA_ELSEWHERE: (f: { question: string }) =>
    `${f.question} cannot be asked from the container of a task: that is known in a folder of the machine that started the run. Use the metadata service (METAFLOW_DEFAULT_METADATA=service).`,
});

/**
 * For a process that reaches the datastore and not the metadata, as a container does whose run keeps them in a folder of another machine. It
 * takes the tasks that it is told of for real, and registers nothing: who started the run does, with `RunStore.adopt`.
 */
export function metadataElsewhere(user: string): Metadata {
  const refuse = (question: string) => (): never => {
    throw metadataElsewhereErrors.METADATA_ELSEWHERE({ question });
  };
  return {
    kind: 'elsewhere',
    location: 'the machine that started the run',
    user,
    createRun: async () => refuse('A new run')(),
    createTask: async () => refuse('A new task')(),
    checkRun: async () => undefined,
    checkTask: async () => undefined,
    beat: async () => undefined,
    register: async () => undefined,
    changeTags: async () => refuse('Tags')(),
    flows: async () => refuse('The flows that there are')(),
    run: async () => refuse('A run')(),
    runs: () => refuse('The runs that there are')(),
    tasks: async () => refuse('The tasks that there are')(),
    task: async (path) => ({ path, createdAt: 0 }),
    facts: async () => refuse('What is known of a task')(),
    forget: async () => false,
    cutOrigin: async () => undefined,
    async [Symbol.asyncDispose]() {
      // Nothing is held open.
    },
  };
}
