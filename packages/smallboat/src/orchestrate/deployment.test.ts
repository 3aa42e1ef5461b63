import { expect, it } from 'vitest';
import { flow, gang, step } from '../flow/index.ts';
import { deploymentErrors, isolationOf, refuseGangs } from './deployment.ts';

const made = step('made', { run: () => ({ a: 1 }) });
const alone = flow('Alone', {}, () => made({}));
const shop = flow('Daily', {}, () => made({}), { project: 'shop' });

// Metaflow's names: project_flow_name of its @project.
it.each([
  [{ user: 'ada', isProduction: false }, 'shop.user.ada.Daily', 'user.ada'],
  [{ user: 'ada', isProduction: false, branch: 'try' }, 'shop.test.try.Daily', 'test.try'],
  [{ user: 'ada', isProduction: true }, 'shop.prod.Daily', 'prod'],
  [{ user: 'ada', isProduction: true, branch: 'b' }, 'shop.prod.b.Daily', 'prod.b'],
])('keeps branches of a project apart: %j', (by, name, branch) => {
  expect(isolationOf(shop, by)).toEqual({ name, project: 'shop', branch });
});

it('is the flow alone where it names no project, which then has no branches', () => {
  expect(isolationOf(alone, { user: 'ada', isProduction: false })).toEqual({ name: 'Alone' });
  expect(() => isolationOf(alone, { user: 'ada', isProduction: true })).toThrow(/names no project/);
});

it('refuses names that engines would not take', () => {
  const wrong = flow('Daily', {}, () => made({}), { project: 'my shop' });
  expect(() => isolationOf(wrong, { user: 'a', isProduction: false })).toThrow("'my shop'");
  expect(() => isolationOf(shop, { user: 'a', isProduction: false, branch: 'a/b' })).toThrow(/'a\/b'/);
  expect(deploymentErrors.BRANCH_INVALID.code).toBe('BRANCH_INVALID');
});

it('refuses a flow whose tasks have to run at the same time', () => {
  const wide = flow('Wide', {}, () => gang(2, () => made({})));
  expect(() => refuseGangs(wide, 'Temporal')).toThrow("Temporal cannot run flow 'Wide': run the tasks of gang()");
  expect(() => refuseGangs(alone, 'Temporal')).not.toThrow();
});
