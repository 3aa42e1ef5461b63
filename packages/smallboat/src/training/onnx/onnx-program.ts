import type { OnnxGraph } from './onnx-reader.ts';
import { onnxErrors } from './onnx-reader.ts';
import { OPERATIONS } from './operators.ts';
import type { Tensor } from './tensor.ts';

/** A graph that can be run. */
export interface OnnxProgram {
  /** The values of the outputs, for those of the inputs. Throws an `Error` where sizes do not fit. */
  run(inputs: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>>;
}

/**
 * Makes a graph runnable: operation by operation, in double precision, in this process. For small models that were made elsewhere; what it
 * does is arithmetic on the model's own tensors, and nothing else.
 *
 * @throws ONNX_UNSUPPORTED, naming the operations that are not known.
 */
export function onnxProgram({ nodes, constants, outputs }: OnnxGraph): OnnxProgram {
  const strange = [...new Set(nodes.map(({ operator }) => operator))].filter((operator) => !OPERATIONS.has(operator));
  if (strange.length > 0) {
    const known = [...OPERATIONS.keys()].toSorted().join(', ');
    throw onnxErrors.ONNX_UNSUPPORTED({ problem: `it has the operations ${strange.join(', ')}`, known });
  }
  return {
    run(inputs) {
      const values = new Map<string, Tensor>([...constants, ...Object.entries(inputs)]);
      // Nodes come in an order in which each finds its inputs: ONNX requires it.
      for (const node of nodes) {
        const given = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
        const missing = node.inputs.find((name, i) => name !== '' && given[i] === undefined);
        if (missing !== undefined) throw new Error(`${node.operator} reads ${missing}, which nothing made`);
        const made = OPERATIONS.get(node.operator)?.(node, given) ?? [];
        for (const [i, name] of node.outputs.entries()) {
          const value = made[i];
          if (name !== '' && value !== undefined) values.set(name, value);
        }
      }
      return Object.fromEntries(
        outputs.flatMap(({ name }) => {
          const value = values.get(name);
          return value === undefined ? [] : [[name, value]];
        }),
      );
    },
  };
}
