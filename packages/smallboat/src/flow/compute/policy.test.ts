import { describe, expect, it } from 'vitest';
import { type PolicyOptions, WITHOUT_RESOURCE, policies } from './policy.ts';

const options: PolicyOptions = {
  account: '123456789012',
  region: 'eu-west-1',
  bucket: 'shop-ml',
  prefix: 'metaflow',
  queue: 'main',
  jobRole: 'smallboat-job',
  executionRole: 'smallboat-start',
  secrets: ['db'],
  partition: 'aws',
};

describe('the policies', () => {
  it('allow nothing of everything, but for the questions that AWS has no resource for', () => {
    const { submitter, job } = policies(options);
    for (const { Action, Resource } of [...submitter.Statement, ...job.Statement]) {
      expect(Action.filter((action) => action.includes('*'))).toEqual([]);
      if (Resource.includes('*')) expect(Action).toEqual(WITHOUT_RESOURCE);
    }
  });

  it('name the bucket’s folder, and list nothing beside it', () => {
    const [objects, list] = policies(options).job.Statement;
    expect(objects?.Resource).toEqual(['arn:aws:s3:::shop-ml/metaflow/*']);
    expect(list).toMatchObject({
      Resource: ['arn:aws:s3:::shop-ml'],
      Condition: { StringLike: { 's3:prefix': ['metaflow/*', 'metaflow'] } },
    });
  });

  it('let no other service have the roles', () => {
    const pass = policies(options).submitter.Statement.find(({ Action }) => Action.includes('iam:PassRole'));
    expect(pass).toMatchObject({
      Resource: ['arn:aws:iam::123456789012:role/smallboat-job', 'arn:aws:iam::123456789012:role/smallboat-start'],
      Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    });
  });

  it('let jobs start no jobs', () => {
    const actions = policies(options).job.Statement.flatMap(({ Action }) => Action);
    expect(actions.filter((action) => !/^(?:s3|secretsmanager):/.test(action))).toEqual([]);
  });
});
