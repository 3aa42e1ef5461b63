import { describe, expect, it } from 'vitest';
import { serverlessFile } from './serverless.ts';
import { lambdaTemplate, sagemakerTemplate } from './template.ts';

const options = { name: 'shop', monthlyBudget: 50, cors: ['https://shop.example'] };

/** Every statement of a policy anywhere in a value. */
function statements(
  value: unknown,
): { Action: readonly string[]; Resource?: readonly unknown[]; Principal?: unknown }[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('Effect' in value) return [value as unknown as ReturnType<typeof statements>[number]];
  return Object.values(value).flatMap(statements);
}

describe.each([
  ['lambda', lambdaTemplate(options)],
  ['sagemaker', sagemakerTemplate(options)],
  ['serverless', serverlessFile(options)],
])('%s', (_, template) => {
  it('allows named actions on named resources, and nothing else', () => {
    const found = statements(template);
    expect(found.length).toBeGreaterThan(1);
    expect(found.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
    const resources = found.flatMap(({ Resource }) => Resource ?? []).map((r) => JSON.stringify(r));
    // Only the streams of one named log group, whose names are AWS's.
    expect(resources.filter((r) => r.includes('*')).every((r) => /log-group:[^*]+shop:log-stream:\*"/.test(r))).toBe(
      true,
    );
    expect(resources).not.toContain('"*"');
  });

  it('has one role, two alarms and a budget', () => {
    const text = JSON.stringify(template);
    expect(text.match(/AWS::IAM::Role/g)).toHaveLength(1);
    expect(text.match(/AWS::CloudWatch::Alarm/g)).toHaveLength(2);
    expect(text.match(/AWS::Budgets::Budget/g)).toHaveLength(1);
  });
});
