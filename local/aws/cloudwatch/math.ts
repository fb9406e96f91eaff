/** What metric math computes, with what CloudWatch documents for missing values ("Using math expressions with CloudWatch metrics"). */
import type { Expression } from './math-parser.ts';

/** The values of the periods of a range, the oldest first; undefined where there is none. */
export type Points = readonly (number | undefined)[];
export type Value = number | Points;

/** `valuesOf`: of the metric or expression with an id. */
export function compute(expression: Expression, valuesOf: (id: string) => Value): Value {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'metric':
      return valuesOf(expression.id);
    case 'operation': {
      const [left, right] = expression.operands.map((operand) => compute(operand, valuesOf)) as [Value, Value];
      return operate(expression.operator, left, right);
    }
    case 'if':
      return choose(
        compute(expression.condition, valuesOf),
        compute(expression.yes, valuesOf),
        expression.no && compute(expression.no, valuesOf),
      );
    case 'fill':
      return fill(
        compute(expression.series, valuesOf),
        expression.filler === 'REPEAT' ? 'REPEAT' : compute(expression.filler, valuesOf),
      );
  }
}

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '<=': (a, b) => Number(a <= b),
  '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
  '||': (a, b) => Number(a !== 0 || b !== 0),
};

/** Where only one of two series has a value, the other's counts as 0; what is divided by 0 is dropped. */
function operate(operator: string, left: Value, right: Value): Value {
  const operation = OPERATIONS[operator] as (a: number, b: number) => number;
  const at = (a: number | undefined, b: number | undefined): number | undefined => {
    if (a === undefined && b === undefined) return undefined;
    const result = operation(a ?? 0, b ?? 0);
    return Number.isFinite(result) ? result : undefined;
  };
  if (typeof left === 'number' && typeof right === 'number') return at(left, right) ?? Number.NaN;
  if (typeof left === 'number') return (right as Points).map((b) => (b === undefined ? undefined : at(left, b)));
  if (typeof right === 'number') return left.map((a) => (a === undefined ? undefined : at(a, right)));
  return left.map((a, i) => at(a, right[i]));
}

/** Dropped where the condition has no value; 0 where it is true and the value for it is missing. */
function choose(condition: Value, yes: Value, no: Value | null): Value {
  const at = (value: Value | null, i: number): number | undefined =>
    typeof value === 'number' ? value : (value?.[i] ?? undefined);
  if (typeof condition === 'number') {
    const chosen = condition !== 0 ? yes : no;
    return chosen ?? (typeof yes === 'number' ? [] : yes.map(() => undefined));
  }
  return condition.map((c, i) => {
    if (c === undefined) return undefined;
    return c !== 0 ? (at(yes, i) ?? 0) : at(no, i);
  });
}

function fill(series: Value, filler: Value | 'REPEAT'): Value {
  if (typeof series === 'number') return series;
  let last: number | undefined;
  return series.map((value, i) => {
    last = value ?? last;
    if (value !== undefined) return value;
    if (filler === 'REPEAT') return last;
    return typeof filler === 'number' ? filler : filler[i];
  });
}
