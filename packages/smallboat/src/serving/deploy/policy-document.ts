/** A statement of IAM that allows something. */
export interface Statement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** A policy document of IAM. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export function policyOf(...statements: readonly Omit<Statement, 'Effect'>[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })) };
}

/** Who may take a role. */
export function trustOf(service: 'lambda.amazonaws.com' | 'sagemaker.amazonaws.com'): object {
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: ['sts:AssumeRole'] }],
  };
}

/** What stands for a text in a template: `Fn::Sub`. */
export const sub = (text: string): object => ({ 'Fn::Sub': text });
