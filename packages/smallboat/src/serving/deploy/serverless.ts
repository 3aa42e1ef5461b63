import type { TemplateOptions } from './template.ts';
import { lambdaTemplate } from './template.ts';

/**
 * `serverless.yml` for the Serverless Framework of version 3 and its continuation osls, in JSON, which is YAML: the original project's way to deploy its function.
 * One function with a role of its own, an HTTP API, alarms and the budget from our template; no plugin is needed.
 */
export function serverlessFile(options: TemplateOptions): object {
  const { name, cors } = options;
  const { Resources } = lambdaTemplate(options);
  const role = structuredClone(Resources['Role']) as { Properties: { Policies: unknown[] } }; // As `lambdaTemplate` makes it.
  const text = JSON.stringify({
    Role: role,
    ErrorAlarm: Resources['ErrorAlarm'],
    LatencyAlarm: Resources['LatencyAlarm'],
    Budget: Resources['Budget'],
  })
    // Names that the framework gives: the function's resource, and parameters that it has not.
    .replaceAll('{"Ref":"Function"}', JSON.stringify(name))
    .replaceAll('{"Ref":"BudgetEmail"}', '"${env:BUDGET_EMAIL}"')
    .replaceAll('{"Ref":"MonthlyBudget"}', String(options.monthlyBudget))
    .replaceAll('${SagemakerEndpoint}', "${env:SAGEMAKER_ENDPOINT_NAME, 'none'}");
  const { Role, ...others } = JSON.parse(text) as { Role: typeof role };
  const policies = Role.Properties.Policies.map((policy) => {
    const [, then] = (policy as { 'Fn::If'?: readonly unknown[] })['Fn::If'] ?? [];
    return then ?? policy;
  });
  return {
    service: name,
    frameworkVersion: '>=3',
    provider: {
      name: 'aws',
      runtime: 'nodejs24.x',
      architecture: 'arm64',
      stage: '${opt:stage, env:STAGE, "dev"}',
      region: '${opt:region, env:AWS_REGION, "us-east-1"}',
      logRetentionInDays: 30,
      httpApi: { payload: '2.0' },
      tags: { 'made-by': 'smallboat' },
    },
    package: { artifact: 'function.zip' },
    functions: {
      endpoint: {
        name,
        handler: 'run/function.handler',
        role: 'Role',
        memorySize: 512,
        timeout: 10,
        environment: {
          SMALLBOAT_ENDPOINT_NAME: name,
          SMALLBOAT_CORS: cors.join(','),
          SAGEMAKER_ENDPOINT_NAME: "${env:SAGEMAKER_ENDPOINT_NAME, ''}",
        },
        events: [{ httpApi: '*' }],
      },
    },
    resources: {
      Resources: { Role: { ...Role, Properties: { ...Role.Properties, Policies: policies } }, ...others },
    },
  };
}
