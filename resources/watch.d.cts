interface Serverless {
  resolveVariable(name: string): Promise<unknown>;
}
interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is asserted on, not computed with
  readonly Properties: Record<string, any>;
}

declare function watch(serverless: Serverless): Promise<{ readonly Resources: Record<string, Resource> }>;
export = watch;
