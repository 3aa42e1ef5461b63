import { describe, expect, it } from 'vitest';
import { failureOf, isGone, isRefusedLogin, isUnreachable } from './failure.ts';

const sdkError = (message: string, facts: object): Error => Object.assign(new Error(message), facts);

/** Errors as the service words them; fakesnow, on which the contract runs, has words of its own. */
describe('errors of Snowflake', () => {
  it.each([
    [
      "SQL compilation error: error line 3 at position 2\ninvalid identifier 'NONSENSE'",
      'SELECT 1,\n  x,\n  nonsense\nFROM t',
      { line: 3, column: 3 },
    ],
    [
      "SQL compilation error:\nsyntax error line 1 at position 0 unexpected 'selec'.",
      'selec 1',
      { line: 1, column: 1 },
    ],
  ])('say where: %s', (message, sql, at) => {
    const error = failureOf(
      { location: 'snowflake://a@b/c/d', sql },
      sdkError(message, { code: '000904', sqlState: '42000' }),
    );
    expect(error).toMatchObject({ code: 'STATEMENT_FAILED', facts: { at, state: '42000' } });
  });

  it('may say nowhere', () => {
    const cause = sdkError("SQL compilation error:\nObject 'NOWHERE' does not exist or not authorized.", {
      code: '002003',
      sqlState: '42S02',
    });
    expect(failureOf({ location: 'x', sql: 'SELECT 1 FROM nowhere' }, cause)).not.toHaveProperty('facts.at');
  });

  it.each([
    ['390100', 'Incorrect username or password was specified.', [true, false, false]],
    ['390144', 'JWT token is invalid.', [true, false, false]],
    ['390114', 'Authentication token has expired. The user must authenticate again.', [false, true, false]],
    ['401001', 'Network error. Could not reach Snowflake.', [false, true, true]],
    ['407002', 'Unable to perform operation using terminated connection.', [false, true, false]],
    ['000904', "invalid identifier 'X'", [false, false, false]],
  ])('are told apart by their code: %s %s', (code, message, kinds) => {
    const error = sdkError(message, { code });
    expect([isRefusedLogin(error), isGone(error), isUnreachable(error)]).toEqual(kinds);
  });
});
