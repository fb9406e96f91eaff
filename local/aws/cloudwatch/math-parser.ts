/** Reads metric math, as far as alarms use it: numbers, metrics, + - * /, comparisons, AND, OR, IF and FILL. Anything else is refused by its name. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'metric'; readonly id: string }
  | { readonly kind: 'operation'; readonly operator: string; readonly operands: readonly [Expression, Expression] }
  | { readonly kind: 'if'; readonly condition: Expression; readonly yes: Expression; readonly no: Expression | null }
  | { readonly kind: 'fill'; readonly series: Expression; readonly filler: Expression | 'REPEAT' };

export class UnknownMath extends Error {}

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(==|!=|<=|>=|&&|\|\||[-+*/<>(),]))/y;
/** From the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ['OR', '||'],
  ['AND', '&&'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/'],
];

/** Throws UnknownMath that names what it doesn't know. */
export function parseMath(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;
  const peek = (): string | undefined => tokens[at];
  const take = (wanted?: string): string => {
    const token = tokens[at++];
    if (token === undefined) throw new UnknownMath(`${text}: it ends too early`);
    if (wanted !== undefined && token !== wanted)
      throw new UnknownMath(`${text}: ${token} stands where ${wanted} should`);
    return token;
  };
  const binary = (level: number): Expression => {
    const operators = LEVELS[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    while (operators.includes(peek() ?? '')) {
      left = { kind: 'operation', operator: take(), operands: [left, binary(level + 1)] };
    }
    return left;
  };
  const unary = (): Expression => {
    if (peek() !== '-') return primary();
    take();
    return { kind: 'operation', operator: '-', operands: [{ kind: 'number', value: 0 }, unary()] };
  };
  const primary = (): Expression => {
    const token = take();
    if (token === '(') {
      const inner = binary(0);
      take(')');
      return inner;
    }
    if (/^\d/.test(token)) return { kind: 'number', value: Number(token) };
    if (peek() === '(' && token !== 'IF' && token !== 'FILL')
      throw new UnknownMath(`${text}: function ${token} is not known here`);
    if (peek() === '(') return call(token);
    if (/^[a-z]\w*$/.test(token)) return { kind: 'metric', id: token };
    throw new UnknownMath(`${text}: ${token} is not known here`);
  };
  const call = (name: string): Expression => {
    take('(');
    const first = binary(0);
    const rest: Expression[] = [];
    let repeat = false;
    while (peek() === ',') {
      take();
      if (name === 'FILL' && peek() === 'REPEAT') {
        take();
        repeat = true;
      } else rest.push(binary(0));
    }
    take(')');
    const [second, third] = rest;
    if (name === 'IF' && second !== undefined && rest.length <= 2)
      return { kind: 'if', condition: first, yes: second, no: third ?? null };
    if (name === 'FILL' && repeat && rest.length === 0) return { kind: 'fill', series: first, filler: 'REPEAT' };
    if (name === 'FILL' && !repeat && second !== undefined && rest.length === 1)
      return { kind: 'fill', series: first, filler: second };
    throw new UnknownMath(`${text}: ${name} takes other arguments`);
  };
  const parsed = binary(0);
  if (at < tokens.length) throw new UnknownMath(`${text}: ${tokens[at]} is too much`);
  return parsed;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new UnknownMath(`${text}: ${text.slice(from).trim()[0]} is not known here`);
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
  }
  return tokens;
}

/** The metrics and expressions that it asks for. */
export function idsIn(expression: Expression): string[] {
  switch (expression.kind) {
    case 'number':
      return [];
    case 'metric':
      return [expression.id];
    case 'operation':
      return expression.operands.flatMap(idsIn);
    case 'if':
      return [expression.condition, expression.yes, ...(expression.no ? [expression.no] : [])].flatMap(idsIn);
    case 'fill':
      return [expression.series, ...(expression.filler === 'REPEAT' ? [] : [expression.filler])].flatMap(idsIn);
  }
}
