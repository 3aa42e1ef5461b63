import { policyOf, sub, trustOf } from './policy-document.ts';

/** A template of CloudFormation as data; `JSON.stringify` writes it, and YAML is a superset of that. */
export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Parameters: Readonly<Record<string, object>>;
  readonly Conditions?: Readonly<Record<string, object>>;
  readonly Resources: Readonly<Record<string, object>>;
  readonly Outputs: Readonly<Record<string, object>>;
}

export interface TemplateOptions {
  /** Name of the endpoint. */
  readonly name: string;
  /** US dollars a month: beyond four fifths of it, and where it is foreseen to go beyond it, a mail is sent. */
  readonly monthlyBudget: number;
  /** Origins of pages that may read the answers. */
  readonly cors: readonly string[];
}

const ref = (name: string): object => ({ Ref: name });
const arnOf = (name: string): object => ({ 'Fn::GetAtt': [name, 'Arn'] });
const parameter = (Description: string, Default?: string | number): object => ({
  Type: typeof Default === 'number' ? 'Number' : 'String',
  Description,
  ...(Default === undefined ? {} : { Default }),
});

const TAGS = [{ Key: 'made-by', Value: 'smallboat' }];
const VERSION = '2010-09-09';

/**
 * The function behind API Gateway as a template that a team can own: function, version and alias, HTTP API, log group, role, alarms, budget. In front of
 * SageMaker where the parameter names an endpoint; its role may then invoke that one, and nothing else.
 */
export function lambdaTemplate(options: TemplateOptions): Template {
  const { name, cors } = options;
  const logGroup = `/aws/lambda/${name}`;
  const invoke = policyOf({
    Action: ['sagemaker:InvokeEndpoint'],
    Resource: [sub('arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/${SagemakerEndpoint}')],
  });
  const write = policyOf({
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    // The streams of this one group: their names are Lambda's.
    Resource: [
      sub(`arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:${logGroup}:log-stream:*`),
    ],
  });
  return {
    AWSTemplateFormatVersion: VERSION,
    Description: `Endpoint ${name}: a function behind API Gateway. Made by smallboat; change it as you like.`,
    Parameters: {
      CodeBucket: parameter('Bucket with function.zip'),
      CodeKey: parameter('Its key in the bucket', `${name}/function.zip`),
      SagemakerEndpoint: parameter('Endpoint that the function stands in front of; empty where the model is in it', ''),
      BudgetEmail: parameter('Who is told when the month costs too much'),
      MonthlyBudget: parameter('US dollars a month', options.monthlyBudget),
    },
    Conditions: { InFront: { 'Fn::Not': [{ 'Fn::Equals': [ref('SagemakerEndpoint'), ''] }] } },
    Resources: {
      Log: {
        Type: 'AWS::Logs::LogGroup',
        DeletionPolicy: 'Delete',
        UpdateReplacePolicy: 'Delete',
        Properties: { LogGroupName: logGroup, RetentionInDays: 30 },
      },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trustOf('lambda.amazonaws.com'),
          Policies: [
            { PolicyName: 'log', PolicyDocument: write },
            { 'Fn::If': ['InFront', { PolicyName: 'invoke', PolicyDocument: invoke }, ref('AWS::NoValue')] },
          ],
          Tags: TAGS,
        },
      },
      Function: {
        Type: 'AWS::Lambda::Function',
        DependsOn: ['Log'],
        Properties: {
          FunctionName: name,
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Handler: 'run/function.handler',
          Code: { S3Bucket: ref('CodeBucket'), S3Key: ref('CodeKey') },
          Role: arnOf('Role'),
          MemorySize: 512,
          Timeout: 10,
          Environment: {
            Variables: {
              SMALLBOAT_ENDPOINT_NAME: name,
              SMALLBOAT_CORS: cors.join(','),
              SAGEMAKER_ENDPOINT_NAME: ref('SagemakerEndpoint'),
            },
          },
          Tags: TAGS,
        },
      },
      Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: ref('Function') } },
      Live: {
        Type: 'AWS::Lambda::Alias',
        Properties: {
          FunctionName: ref('Function'),
          Name: 'live',
          FunctionVersion: { 'Fn::GetAtt': ['Version', 'Version'] },
        },
      },
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: name, ProtocolType: 'HTTP' } },
      Integration: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: {
          ApiId: ref('Api'),
          IntegrationType: 'AWS_PROXY',
          IntegrationUri: ref('Live'),
          PayloadFormatVersion: '2.0',
        },
      },
      Route: {
        Type: 'AWS::ApiGatewayV2::Route',
        Properties: { ApiId: ref('Api'), RouteKey: '$default', Target: sub('integrations/${Integration}') },
      },
      Stage: {
        Type: 'AWS::ApiGatewayV2::Stage',
        DependsOn: ['Route'],
        Properties: {
          ApiId: ref('Api'),
          StageName: '$default',
          AutoDeploy: true,
          DefaultRouteSettings: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 },
        },
      },
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          FunctionName: ref('Live'),
          Action: 'lambda:InvokeFunction',
          Principal: 'apigateway.amazonaws.com',
          SourceArn: sub('arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/$default/$default'),
        },
      },
      ErrorAlarm: alarm(name, {
        what: 'errors',
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [{ Name: 'FunctionName', Value: ref('Function') }],
        Statistic: 'Sum',
        Threshold: 5,
      }),
      LatencyAlarm: alarm(name, {
        what: 'latency',
        Namespace: 'AWS/Lambda',
        MetricName: 'Duration',
        Dimensions: [{ Name: 'FunctionName', Value: ref('Function') }],
        ExtendedStatistic: 'p99',
        Threshold: 2000,
      }),
      Budget: budget(name),
    },
    Outputs: { Url: { Description: 'Where it answers', Value: { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] } } },
  };
}

/** The endpoint of SageMaker as a template: model, configuration, endpoint, role, alarms that undo a change, budget. */
export function sagemakerTemplate({ name, monthlyBudget }: TemplateOptions): Template {
  const read = policyOf(
    {
      Action: ['s3:GetObject'],
      Resource: [sub('arn:${AWS::Partition}:s3:::${ModelBucket}/${ModelKey}')],
    },
    {
      Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'],
      Resource: [sub('arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/${Repository}')],
    },
    {
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [
        sub(
          `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/sagemaker/Endpoints/${name}:log-stream:*`,
        ),
        sub(
          `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/sagemaker/Endpoints/${name}`,
        ),
      ],
    },
  );
  const dimensions = [
    { Name: 'EndpointName', Value: name },
    { Name: 'VariantName', Value: 'all' },
  ];
  return {
    AWSTemplateFormatVersion: VERSION,
    Description: `Endpoint ${name} on SageMaker. Made by smallboat; change it as you like.`,
    Parameters: {
      Repository: parameter('Name of the repository in ECR with the container'),
      ImageTag: parameter('Tag of the image'),
      ModelBucket: parameter('Bucket with model.tar.gz'),
      ModelKey: parameter('Its key in the bucket: another for each model'),
      InstanceType: parameter('Machine', 'ml.m5.large'),
      InstanceCount: parameter('How many', 1),
      BudgetEmail: parameter('Who is told when the month costs too much'),
      MonthlyBudget: parameter('US dollars a month', monthlyBudget),
    },
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trustOf('sagemaker.amazonaws.com'),
          Policies: [{ PolicyName: 'serve', PolicyDocument: read }],
          Tags: TAGS,
        },
      },
      Model: {
        Type: 'AWS::SageMaker::Model',
        Properties: {
          ExecutionRoleArn: arnOf('Role'),
          PrimaryContainer: {
            Image: sub('${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/${Repository}:${ImageTag}'),
            ModelDataUrl: sub('s3://${ModelBucket}/${ModelKey}'),
            Environment: { SMALLBOAT_ENDPOINT_NAME: name, SMALLBOAT_LOG: 'stdout' },
          },
          Tags: TAGS,
        },
      },
      Configuration: {
        Type: 'AWS::SageMaker::EndpointConfig',
        Properties: {
          ProductionVariants: [
            {
              VariantName: 'all',
              ModelName: { 'Fn::GetAtt': ['Model', 'ModelName'] },
              InstanceType: ref('InstanceType'),
              InitialInstanceCount: ref('InstanceCount'),
              InitialVariantWeight: 1,
            },
          ],
          Tags: TAGS,
        },
      },
      Endpoint: {
        Type: 'AWS::SageMaker::Endpoint',
        DependsOn: ['ErrorAlarm', 'LatencyAlarm'],
        Properties: {
          EndpointName: name,
          EndpointConfigName: { 'Fn::GetAtt': ['Configuration', 'EndpointConfigName'] },
          DeploymentConfig: {
            BlueGreenUpdatePolicy: {
              TrafficRoutingConfiguration: {
                Type: 'CANARY',
                CanarySize: { Type: 'CAPACITY_PERCENT', Value: 10 },
                WaitIntervalInSeconds: 300,
              },
              TerminationWaitInSeconds: 60,
              MaximumExecutionTimeoutInSeconds: 1800,
            },
            AutoRollbackConfiguration: { Alarms: [{ AlarmName: `${name}-errors` }, { AlarmName: `${name}-latency` }] },
          },
          Tags: TAGS,
        },
      },
      ErrorAlarm: alarm(name, {
        what: 'errors',
        Namespace: 'AWS/SageMaker',
        MetricName: 'Invocation5XXErrors',
        Dimensions: dimensions,
        Statistic: 'Sum',
        Threshold: 5,
      }),
      LatencyAlarm: alarm(name, {
        what: 'latency',
        Namespace: 'AWS/SageMaker',
        MetricName: 'ModelLatency',
        Dimensions: dimensions,
        ExtendedStatistic: 'p99',
        // In microseconds.
        Threshold: 500_000,
      }),
      Budget: budget(name),
    },
    Outputs: {
      EndpointName: { Description: 'What clients invoke', Value: { 'Fn::GetAtt': ['Endpoint', 'EndpointName'] } },
    },
  };
}

interface AlarmOptions {
  readonly what: string;
  readonly [property: string]: unknown;
}

function alarm(name: string, { what, ...properties }: AlarmOptions): object {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `${name}-${what}`,
      AlarmDescription: `Endpoint ${name}: ${what}`,
      ...properties,
      Period: 60,
      EvaluationPeriods: 2,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    },
  };
}

function budget(name: string): object {
  const notify = (NotificationType: string, Threshold: number): object => ({
    Notification: { NotificationType, ComparisonOperator: 'GREATER_THAN', Threshold, ThresholdType: 'PERCENTAGE' },
    Subscribers: [{ SubscriptionType: 'EMAIL', Address: ref('BudgetEmail') }],
  });
  return {
    Type: 'AWS::Budgets::Budget',
    Properties: {
      Budget: {
        BudgetName: `smallboat-${name}`,
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        BudgetLimit: { Amount: ref('MonthlyBudget'), Unit: 'USD' },
        // Counts what carries the tag, once it is made a cost allocation tag in the account.
        CostFilters: { TagKeyValue: ['user:made-by$smallboat'] },
      },
      NotificationsWithSubscribers: [notify('ACTUAL', 80), notify('FORECASTED', 100)],
    },
  };
}
