/** Resources and outputs of a compiled template. */
export interface TemplateParts {
  Resources: Record<string, unknown>;
  Outputs: Record<string, unknown>;
}
export function adoptLake(template: TemplateParts, name: string): void;
