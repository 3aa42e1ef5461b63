import { literal } from '../dialect/sql.ts';
import type { Sql } from '../dialect/sql.ts';

/** What a condition needs to know of the table that it is about. */
export interface ConditionScope {
  readonly sql: Sql;
  /** A column as SQL. Throws where there is none of that name. */
  name(column: string): string;
  /** Does the column hold texts? */
  isText(column: string): boolean;
}

const TOKEN =
  /\s*(?:(`[^`]*`)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([\p{L}_][\p{L}\p{N}_]*)|(==|!=|<=|>=|\*\*|[-+*/%<>()[\],.&|~!]))/uy;

const SIGNS: Readonly<Record<string, string>> = { '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' };

/**
 * A condition as `DataFrame.query` of pandas takes it, as SQL: `x != 1 & (kind == "a" | y.isnull())`. A missing value is
 * unequal to everything there, so comparisons are never null here. Throws an `Error` that says what is not understood.
 */
export function pandasConditionSql(text: string, scope: ConditionScope): string {
  return new Parser(text, scope).whole();
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #scope: ConditionScope;
  /** Columns of texts, as SQL. */
  readonly #texts = new Set<string>();
  #at = 0;

  constructor(text: string, scope: ConditionScope) {
    this.#scope = scope;
    const tokens: string[] = [];
    TOKEN.lastIndex = 0;
    const end = text.trimEnd().length;
    while (TOKEN.lastIndex < end) {
      const from = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (match === null) throw new Error(`'${text.slice(from).trim()}' is not understood`);
      tokens.push(match[0].trim());
    }
    this.#tokens = tokens;
  }

  whole(): string {
    const sql = this.#or();
    if (this.#at < this.#tokens.length) throw new Error(`'${this.#tokens[this.#at] ?? ''}' is not understood`);
    return sql;
  }

  #take(...wanted: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !wanted.includes(token)) return undefined;
    this.#at++;
    return token;
  }

  #expect(wanted: string): void {
    if (this.#take(wanted) === undefined) throw new Error(`'${wanted}' is missing`);
  }

  #or(): string {
    let sql = this.#and();
    while (this.#take('|', 'or') !== undefined) sql = `(${sql}) or (${this.#and()})`;
    return sql;
  }

  #and(): string {
    let sql = this.#not();
    while (this.#take('&', 'and') !== undefined) sql = `(${sql}) and (${this.#not()})`;
    return sql;
  }

  #not(): string {
    if (this.#take('~', 'not', '!') !== undefined) return `not (${this.#not()})`;
    return this.#comparison();
  }

  #comparison(): string {
    const left = this.#sum();
    const conditions: string[] = [];
    let before = left;
    for (;;) {
      const isNegated = this.#tokens[this.#at] === 'not' && this.#tokens[this.#at + 1] === 'in';
      if (isNegated) this.#at++;
      if (this.#take('in') !== undefined) return this.#member(before, isNegated);
      const sign = this.#take(...Object.keys(SIGNS));
      if (sign === undefined) break;
      if (this.#tokens[this.#at] === '[') return this.#member(before, sign === '!=');
      const right = this.#like(before, this.#sum());
      conditions.push(`coalesce(${before} ${SIGNS[sign] ?? sign} ${right}, ${sign === '!=' ? 'true' : 'false'})`);
      before = right;
    }
    return conditions.length === 0 ? left : conditions.join(' and ');
  }

  /** A number beside a column of texts, as the text that it is there. */
  #like(column: string, value: string): string {
    return this.#texts.has(column) && /^-?[\d.]+$/.test(value) ? `'${value}'` : value;
  }

  #member(value: string, isNegated: boolean): string {
    const close = this.#take('[') === undefined ? ')' : ']';
    if (close === ')') this.#expect('(');
    const members: string[] = [];
    while (this.#take(close) === undefined) {
      members.push(this.#sum());
      if (this.#take(',') === undefined && this.#tokens[this.#at] !== close) throw new Error(`'${close}' is missing`);
    }
    if (members.length === 0) return isNegated ? 'true' : 'false';
    return isNegated
      ? `coalesce(${value} not in (${members.join(', ')}), true)`
      : `coalesce(${value} in (${members.join(', ')}), false)`;
  }

  #sum(): string {
    let sql = this.#product();
    for (let sign = this.#take('+', '-'); sign !== undefined; sign = this.#take('+', '-'))
      sql = `(${sql} ${sign} ${this.#product()})`;
    return sql;
  }

  #product(): string {
    let sql = this.#atom();
    for (let sign = this.#take('*', '/', '%'); sign !== undefined; sign = this.#take('*', '/', '%')) {
      // Division of whole numbers is no whole number in pandas.
      sql = sign === '/' ? `(1.0 * ${sql} / ${this.#atom()})` : `(${sql} ${sign} ${this.#atom()})`;
    }
    return sql;
  }

  #atom(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error('it ends too early');
    if (token === '(') {
      const sql = this.#or();
      this.#expect(')');
      return this.#called(`(${sql})`);
    }
    if (token === '-') return `-${this.#atom()}`;
    if (/^["']/.test(token)) return literal(this.#scope.sql, token.slice(1, -1).replace(/\\(.)/g, '$1'));
    if (/^[\d.]/.test(token)) return literal(this.#scope.sql, Number(token));
    if (token === 'True' || token === 'False') return token.toLowerCase();
    if (token === 'None') return 'null';
    if (!/^[`\p{L}_]/u.test(token)) throw new Error(`'${token}' is not understood`);
    const name = token.replaceAll('`', '');
    const sql = this.#scope.name(name);
    if (this.#scope.isText(name)) this.#texts.add(sql);
    return this.#called(sql);
  }

  /** `x.isnull()` and its like. */
  #called(sql: string): string {
    if (this.#take('.') === undefined) return sql;
    const name = this.#tokens[this.#at++] ?? '';
    this.#expect('(');
    if (name === 'isin') {
      const inside = this.#member(sql, false);
      this.#expect(')');
      return inside;
    }
    this.#expect(')');
    if (name === 'isnull' || name === 'isna') return `${sql} is null`;
    if (name === 'notnull' || name === 'notna') return `${sql} is not null`;
    throw new Error(`there is no .${name}() here`);
  }
}
