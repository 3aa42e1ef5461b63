import { expect, it } from 'vitest';
import { mlflowDataset, mlflowMetric, mlflowName } from './translate.ts';

it.each([
  ['val/loss 2.0-a_b:c', 'val/loss 2.0-a_b:c'],
  ['größe', 'größe'],
  ['a(b)%\n', 'a_b___'],
  ['x'.repeat(300), 'x'.repeat(250)],
])('names %j as MLflow takes it', (name, expected) => {
  expect(mlflowName(name)).toBe(expected);
});

it.each([
  [1.5, 1.5],
  [Number.NaN, 'NaN'],
  [-Infinity, '-Infinity'],
])('writes the value %d into JSON as %j', (value, expected) => {
  const point = mlflowMetric('loss', { step: 1, at: 1.4, value });
  expect(JSON.parse(JSON.stringify(point))).toEqual({ key: 'loss', value: expected, timestamp: 1, step: 1 });
});

it('says where data lies in the words of its kind of source', () => {
  const source = (of: string): object => mlflowDataset({ name: 'a', digest: 'b', source: of });
  expect(source('https://h/a.csv')).toMatchObject({
    dataset: { source_type: 'http', source: '{"url":"https://h/a.csv"}' },
  });
  expect(source('s3://b/a')).toMatchObject({ dataset: { source_type: 's3', source: '{"uri":"s3://b/a"}' } });
  expect(source('duckdb:w#a')).toMatchObject({ dataset: { source_type: 'local', source: '{"uri":"duckdb:w#a"}' } });
});
