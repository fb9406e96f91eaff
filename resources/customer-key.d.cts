export function checkKey(key: string): string;
export function useCustomerKey(template: { Resources: Record<string, unknown> }, key: string): void;
