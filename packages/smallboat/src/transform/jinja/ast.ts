/** The tree of a template. `at` is the offset in its text, for messages. */
interface At {
  readonly at: number;
}

export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
  /** `*list`. */
  readonly spread?: Expression;
  /** `**dict`. */
  readonly spreadNamed?: Expression;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '~';
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export type Expression =
  | (At & { readonly kind: 'none' })
  | (At & { readonly kind: 'constant'; readonly value: boolean | number | bigint | string })
  | (At & { readonly kind: 'float'; readonly value: number })
  | (At & { readonly kind: 'name'; readonly name: string })
  | (At & { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] })
  | (At & { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] })
  | (At & {
      readonly kind: 'either';
      readonly test: Expression;
      readonly chosen: Expression;
      readonly other?: Expression;
    })
  | (At & { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression })
  | (At & { readonly kind: 'not' | 'negative' | 'positive'; readonly of: Expression })
  | (At & {
      readonly kind: 'compare';
      readonly first: Expression;
      readonly rest: readonly (readonly [CompareOperator, Expression])[];
    })
  | (At & {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  | (At & { readonly kind: 'attribute'; readonly of: Expression; readonly name: string })
  | (At & { readonly kind: 'item'; readonly of: Expression; readonly key: Expression })
  | (At & {
      readonly kind: 'slice';
      readonly of: Expression;
      readonly start?: Expression;
      readonly stop?: Expression;
      readonly step?: Expression;
    })
  | (At & { readonly kind: 'call'; readonly of: Expression; readonly given: CallArguments })
  | (At & { readonly kind: 'filter'; readonly of: Expression; readonly name: string; readonly given: CallArguments })
  | (At & {
      readonly kind: 'test';
      readonly of: Expression;
      readonly name: string;
      readonly given: CallArguments;
      readonly isNegated: boolean;
    });

/** What `set` and `for` write to. */
export type Target =
  | (At & { readonly kind: 'name'; readonly name: string })
  | (At & { readonly kind: 'attribute'; readonly object: string; readonly name: string })
  | (At & { readonly kind: 'tuple'; readonly items: readonly Target[] });

export interface Parameter {
  readonly name: string;
  readonly fallback?: Expression;
}

/** A macro; also a `test` block of dbt, which is a macro under another name. */
export interface MacroNode extends At {
  readonly kind: 'macro';
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
  /** Which of `varargs`, `kwargs` and `caller` its body reads: only then may a call pass more than the parameters. */
  readonly reads: ReadonlySet<string>;
}

export type Statement =
  | (At & { readonly kind: 'text'; readonly text: string })
  | (At & { readonly kind: 'print'; readonly value: Expression })
  | (At & { readonly kind: 'do'; readonly value: Expression })
  | (At & { readonly kind: 'set'; readonly target: Target; readonly value: Expression })
  | (At & {
      readonly kind: 'set block';
      readonly target: Target;
      readonly filters: readonly { readonly name: string; readonly given: CallArguments; readonly at: number }[];
      readonly body: readonly Statement[];
    })
  | (At & {
      readonly kind: 'if';
      readonly branches: readonly { readonly test: Expression; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[];
    })
  | (At & {
      readonly kind: 'for';
      readonly target: Target;
      readonly of: Expression;
      readonly only?: Expression;
      readonly isRecursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    })
  | (At & { readonly kind: 'break' | 'continue' })
  | (At & {
      readonly kind: 'with';
      readonly values: readonly (readonly [Target, Expression])[];
      readonly body: readonly Statement[];
    })
  | (At & {
      readonly kind: 'filter block';
      readonly filters: readonly { readonly name: string; readonly given: CallArguments; readonly at: number }[];
      readonly body: readonly Statement[];
    })
  | (At & { readonly kind: 'call block'; readonly call: Expression; readonly caller: MacroNode })
  | MacroNode;
