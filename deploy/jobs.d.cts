export function jobFiles(root?: string): string[];
export function jobsVersion(root?: string): string;
