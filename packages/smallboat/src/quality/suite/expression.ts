import { defineErrors } from '../../kernel/index.ts';
import { readTime } from '../time/read-time.ts';
import { timeText } from '../time/time-sql.ts';

export const expressionErrors = defineErrors({
  EXPRESSION_UNREADABLE: (f: { expression: string; problem: string }) =>
    `The parameter expression '${f.expression}' cannot be computed: ${f.problem}. It may hold numbers, names of parameters, + - * / ^, brackets, and now(), datetime(), timedelta(), abs(), round(), trunc(), exp(), sin(), cos(), tan().`,
});

export interface ExpressionScope {
  /** Value of a parameter; throws where there is none. */
  named(name: string): unknown;
  readonly now: Date;
  /** A figure of an earlier validation, by its URN. */
  readonly metric?: (urn: string) => unknown;
}

/** While it is computed, a moment is a number of microseconds with a mark, and a span is one with another. */
type Value = number | string | { readonly moment: number } | { readonly span: number };

const TOKEN =
  /\s*(?:(urn:great_expectations:[\w:.="'-]+)|(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_]\w*)|("[^"]*"|'[^']*')|(\*\*|[-+*/^(),=]))/y;

/**
 * What an expression of a suite parameter comes to: a number, a text, or a moment as text in UTC
 * (`2016-08-01 10:00:00.5`). Throws `EXPRESSION_UNREADABLE`.
 */
export function evaluate(expression: string, scope: ExpressionScope): unknown {
  const parser = new Parser(expression, scope);
  const value = parser.whole();
  if (typeof value !== 'object') return value;
  if ('moment' in value) return timeText(BigInt(Math.round(value.moment)));
  throw parser.problem('a span of time is no value by itself');
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #scope: ExpressionScope;
  readonly #expression: string;
  #at = 0;

  constructor(expression: string, scope: ExpressionScope) {
    this.#expression = expression;
    this.#scope = scope;
    this.#tokens = this.#split(expression);
  }

  problem(problem: string): Error {
    return expressionErrors.EXPRESSION_UNREADABLE({ expression: this.#expression, problem });
  }

  whole(): Value {
    const value = this.#sum();
    if (this.#at < this.#tokens.length) throw this.problem(`'${this.#tokens[this.#at] ?? ''}' is not understood`);
    return value;
  }

  #split(expression: string): readonly string[] {
    const tokens: string[] = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < expression.trimEnd().length) {
      const from = TOKEN.lastIndex;
      const match = TOKEN.exec(expression);
      if (match === null) throw this.problem(`'${expression.slice(from).trim()}' is not understood`);
      tokens.push(match[0].trim());
    }
    return tokens;
  }

  #take(...wanted: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.#at++;
    return token;
  }

  #expect(wanted: string): void {
    if (this.#take(wanted) === undefined) throw this.problem(`'${wanted}' is missing`);
  }

  #sum(): Value {
    let value = this.#product();
    for (let sign = this.#take('+', '-'); sign !== undefined; sign = this.#take('+', '-')) {
      value = this.#add(value, this.#product(), sign === '+' ? 1 : -1);
    }
    return value;
  }

  #add(a: Value, b: Value, sign: 1 | -1): Value {
    if (typeof a === 'number' && typeof b === 'number') return a + sign * b;
    if (typeof a === 'object' && typeof b === 'object') {
      if ('moment' in a && 'span' in b) return { moment: a.moment + sign * b.span };
      if ('span' in a && 'span' in b) return { span: a.span + sign * b.span };
      if ('moment' in a && 'moment' in b && sign === -1) return { span: a.moment - b.moment };
    }
    throw this.problem('these cannot be added');
  }

  #product(): Value {
    let value = this.#power();
    for (let sign = this.#take('*', '/'); sign !== undefined; sign = this.#take('*', '/')) {
      const right = this.#power();
      if (typeof value === 'object' && 'span' in value && typeof right === 'number') {
        value = { span: sign === '*' ? value.span * right : value.span / right };
      } else {
        const [a, b] = [this.#number(value), this.#number(right)];
        value = sign === '*' ? a * b : a / b;
      }
    }
    return value;
  }

  #power(): Value {
    const base = this.#unary();
    return this.#take('^', '**') === undefined ? base : this.#number(base) ** this.#number(this.#power());
  }

  #unary(): Value {
    if (this.#take('-') !== undefined) return -this.#number(this.#unary());
    if (this.#take('+') !== undefined) return this.#unary();
    return this.#atom();
  }

  #number(value: Value): number {
    if (typeof value === 'number') return value;
    throw this.problem('a number is needed');
  }

  #atom(): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.problem('it ends too early');
    if (token === '(') {
      const value = this.#sum();
      this.#expect(')');
      return value;
    }
    if (/^[\d.]/.test(token)) return Number(token);
    if (/^["']/.test(token)) return token.slice(1, -1);
    if (token.startsWith('urn:')) return this.#given(this.#scope.metric?.(token), token);
    if (!/^\w/.test(token)) throw this.problem(`'${token}' is not understood`);
    if (this.#take('(') !== undefined) return this.#call(token);
    if (token === 'PI') return Math.PI;
    if (token === 'E') return Math.E;
    return this.#given(this.#scope.named(token), token);
  }

  #given(value: unknown, name: string): Value {
    if (typeof value === 'number') return value;
    if (typeof value === 'string') {
      const time = readTime(value, this.#scope.now);
      return time === undefined ? value : { moment: Number(time.micros) };
    }
    throw this.problem(`${name} is no number`);
  }

  #call(name: string): Value {
    const given: number[] = [];
    const named = new Map<string, number>();
    while (this.#take(')') === undefined) {
      const key = this.#tokens[this.#at + 1] === '=' ? this.#tokens[this.#at] : undefined;
      if (key !== undefined) this.#at += 2;
      const value = this.#number(this.#sum());
      if (key === undefined) given.push(value);
      else named.set(key, value);
      if (this.#take(',') === undefined && this.#tokens[this.#at] !== ')') throw this.problem("',' or ')' is missing");
    }
    return this.#apply(name, given, named);
  }

  #apply(name: string, given: readonly number[], named: ReadonlyMap<string, number>): Value {
    const [x = Number.NaN] = given;
    const plain: Readonly<Record<string, (x: number) => number>> = {
      abs: Math.abs,
      exp: Math.exp,
      sin: Math.sin,
      cos: Math.cos,
      tan: Math.tan,
      trunc: Math.trunc,
      round: (v) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v)),
      sgn: Math.sign,
    };
    const number = plain[name];
    if (number !== undefined) return number(x);
    if (name === 'now') return { moment: this.#scope.now.getTime() * 1000 };
    if (name === 'datetime') {
      const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = [
        'year',
        'month',
        'day',
        'hour',
        'minute',
        'second',
      ].map((key, i) => named.get(key) ?? given[i]);
      return { moment: Date.UTC(year, month - 1, day, hour, minute, second) * 1000 };
    }
    if (name === 'timedelta') {
      const spans = {
        days: 86_400e6,
        seconds: 1e6,
        microseconds: 1,
        milliseconds: 1e3,
        minutes: 60e6,
        hours: 3_600e6,
        weeks: 604_800e6,
      };
      return {
        span: Object.entries(spans).reduce((sum, [key, unit], i) => sum + unit * (named.get(key) ?? given[i] ?? 0), 0),
      };
    }
    throw this.problem(`there is no function ${name}`);
  }
}
