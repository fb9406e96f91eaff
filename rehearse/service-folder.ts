import { copyFileSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The project as a folder of its own, of links: packages and deploys write into `.serverless` and `.esbuild` of the folder they run in, and
 * neither those of the project nor another run may be met. Settings of a person (`.env`) stay behind. The definition is copied: osls takes no link for it.
 */
export function serviceFolder(root: string, dir: string): string {
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(root).filter((n) => !n.startsWith('.') && n !== 'serverless.yml')) {
    symlinkSync(join(root, name), join(dir, name));
  }
  copyFileSync(join(root, 'serverless.yml'), join(dir, 'serverless.yml'));
  return dir;
}
