import { projectErrors } from './errors.ts';
import type { Model } from './project.ts';

/**
 * Models so that each stands after those it reads; otherwise in the order of their names.
 *
 * @throws `MODEL_CYCLE` with the circle.
 */
export function inOrder(models: readonly Model[]): Model[] {
  const byId = new Map(models.map((model) => [model.uniqueId, model]));
  const done = new Set<Model>();
  const path: Model[] = [];
  const visit = (model: Model): void => {
    if (done.has(model)) return;
    const start = path.indexOf(model);
    if (start !== -1) {
      throw projectErrors.MODEL_CYCLE({ path: [...path.slice(start), model].map(({ name }) => name) });
    }
    path.push(model);
    for (const id of model.dependsOn) {
      const upstream = byId.get(id);
      if (upstream) visit(upstream);
    }
    path.pop();
    done.add(model);
  };
  for (const model of models.toSorted((a, b) => (a.name < b.name ? -1 : 1))) visit(model);
  return [...done];
}
