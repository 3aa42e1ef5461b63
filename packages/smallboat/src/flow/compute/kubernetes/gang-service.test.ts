import { expect, it } from 'vitest';
import { GANG, gangName, gangService, mainAddress, podHost } from './gang-service.ts';

const gang = { name: 'gang-f-fit-1f09ab37', count: 2, index: 0 };

it('selects the pods of one gang, tells their names early, and belongs to the main Job', () => {
  const job = { metadata: { name: 'f-fit-0', namespace: 'ml', labels: { team: 'x' }, annotations: {} } };
  const made = gangService(gang, job, 'u1');
  expect(made.spec).toEqual({ clusterIP: 'None', selector: { [GANG]: gang.name }, publishNotReadyAddresses: true });
  expect(made.metadata).toMatchObject({
    name: gang.name,
    namespace: 'ml',
    ownerReferences: [{ kind: 'Job', name: 'f-fit-0', uid: 'u1' }],
  });
});

it('has an address for its first pod', () => {
  expect(mainAddress(gang, 'ml')).toBe('task-0.gang-f-fit-1f09ab37.ml.svc');
  expect(podHost({ index: 3 })).toBe('task-3');
});

it.each([['Flow'], ['ÄÖ'], ['x'.repeat(200)], ['-a-'], ['a.b_c']])('has a name that DNS takes: %s', (flow) => {
  expect(gangName([flow, 'fit', 0, '1'])).toMatch(/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/);
});

it('has another name for every attempt', () => {
  const names = [0, 1].flatMap((attempt) => [0, 1].map((place) => gangName(['f', 's', place, attempt, '7'])));
  expect(new Set(names).size).toBe(4);
});
